"""`tandem monitor`: choose the window, print the verdict, have the report drawn."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.console import out, steps
from tandem.options import Source, settings_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from home.settings import Settings
    from monitoring.verdict import WindowVerdict

MAX_ROWS = 50_000
TICK = timedelta(microseconds=1)


def monitor(
    *,
    source: Source = None,
    last: Annotated[int | None, typer.Option(min=1, help="Evaluate only the N most recent predictions.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Evaluate only predictions from this time on, UTC.")] = None,
    maturity_days: Annotated[
        float | None,
        typer.Option(min=0, help="Age at which no response counts as a no; 0 where every outcome is reported."),
    ] = None,
    fail_on_drift: Annotated[bool, typer.Option(help="Exit with 4 if there is drift.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return only when the report is drawn.")] = False,
) -> None:
    """Compare the latest window with the reference and print a verdict with its reasons."""
    moment = since.replace(tzinfo=UTC) if since else None
    settings = settings_from(source=source)
    verdict = watch(settings, last=last, since=moment, maturity_days=maturity_days)
    if wait and verdict.report:
        (file,) = wait_for_reports(settings, [verdict.report])
        out.print(f"  report: ready, {file}", markup=False)
    raise SystemExit(verdict.exit_code(fail_on_drift=fail_on_drift))


def watch(
    settings: "Settings",
    *,
    last: int | None = None,
    since: datetime | None = None,
    maturity_days: float | None = None,
) -> "WindowVerdict":
    """Evaluate the latest window of the version in service, print the verdict, and have its report drawn.

    The report is drawn by a process that outlives this one.

    Args:
        settings: whose log.
        last: evaluate only this many of the most recent predictions.
        since: evaluate only predictions from this time on.
        maturity_days: age at which no response counts as a no, instead of the setting; 0 if all outcomes are reported.
    """
    if maturity_days is not None:
        settings = settings.model_copy(update={"label_maturity_days": maturity_days})
    with steps("monitoring") as say:
        from monitoring.monitor import monitor
        from pipelines.registry.registry import Registry
        from serving.release import deployment
        from tandem.releases import champion, fetched

        deployed = deployment.status(settings).deployment
        if deployed is not None and deployed.model_name == settings.model_name:
            model = Registry(settings).versions.get(deployed.model_version)
        else:
            model = champion(settings)
        if last is None and since is None:
            since = _begin_of_next_window(settings, model.version)
        with fetched(settings, model) as release:
            verdict = monitor(
                settings,
                model_name=model.name,
                model_version=model.version,
                bundle=release.bundle,
                last=last or MAX_ROWS,
                since=since,
                progress=say,
            )
    from monitoring.rendering import render

    out.print(render(verdict), markup=False)
    _have_drawn(settings, verdict)
    return verdict


def _have_drawn(settings: "Settings", verdict: "WindowVerdict") -> None:
    """Start drawing what waits, and say where the report will be and which earlier one is drawn only now."""
    from monitoring import drawing, report_queue

    for report in report_queue.waiting(settings):
        reason = drawing.problem(settings, report)
        if reason is not None and report.id != verdict.report:
            late = f"{report.window_end:%Y-%m-%d %H:%M} UTC"
            out.print(f"  report of the window to {late}: was not drawn ({reason}); trying again", markup=False)
    drawing.start(settings)
    if verdict.report is None:
        out.print("  report: none, as there is too little to draw")
    else:
        out.print("  report: being drawn (about 10 s); `make status` says when it is ready, `make dashboards` shows it")


def wait_for_reports(settings: "Settings", reports: "Sequence[str]") -> "list[Path]":
    """Wait until reports are drawn; return their files.

    Raises:
        EngineError: one of them could not be drawn.
    """
    from monitoring import drawing

    with out.status("drawing the report ..."):
        return [drawing.wait(settings, report) for report in reports]


def _begin_of_next_window(settings: "Settings", version: str) -> datetime | None:
    """Return where the next window begins: after the last one with a verdict, if anything was answered since.

    A window with too little data is extended by what came later. If nothing came later, the last window is evaluated
    again, since outcomes may have arrived.
    """
    from monitoring import history
    from store import database, windows

    evaluated = [v for v in history.read(settings, settings.model_name) if v.model_version == version]
    evaluated = [v for v in evaluated if v.state != "not enough data"]
    if not evaluated:
        return None
    last = evaluated[-1].window
    engine = database.connect(settings.log_url)
    try:
        newer = windows.window(
            engine,
            model_name=settings.model_name,
            model_version=version,
            last=1,
            since=last.end + TICK,
            maturity=timedelta(days=settings.label_maturity_days),
            now=datetime.now(UTC),
        )
    finally:
        engine.dispose()
    return last.start if newer.is_empty() else last.end + TICK
