"""The state of everything, on one screen."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from tandem.commands import dashboards
from tandem.console import out, table
from tandem.options import Source, settings_from

if TYPE_CHECKING:
    from home.settings import Settings
    from pipelines.registry.aliases import Aliases, Succession
    from serving.release.deployment import DeploymentStatus

NONE = "-"


def status(source: Source = None) -> None:
    """Show champion, service, log, last verdict and addresses."""
    show(settings_from(source=source))


def show(settings: "Settings") -> None:
    """Print champion, service, log, last verdict and addresses."""
    from pipelines.registry.registry import Registry
    from serving.release import deployment

    with out.status("reading ..."):
        aliases, found = Registry(settings).aliases, deployment.statuses(settings)
        succession = aliases.succession()
        rows = [
            *_champion(settings, aliases, succession),
            *_services(settings, found),
            *_difference(settings, succession, found),
        ]
        rows += [*_log(settings), *_verdict(settings), *_pages(settings)]
    table(None, ["", ""], [[name, value] for name, value in rows], numbers_from=2)


def _champion(settings: "Settings", aliases: "Aliases", succession: "Succession") -> list[tuple[str, str]]:
    found, before = succession.champion, succession.previous
    if found is None:
        return [("champion", f"none of {settings.model_name}{aliases.first_step()}")]
    return [
        ("champion", f"{found.name} version {found.version}, trained {_minute(found.trained_at)}"),
        ("rollback to", f"version {before}" if before else NONE),
    ]


def _services(settings: "Settings", found: "list[DeploymentStatus]") -> Iterator[tuple[str, str]]:
    from pipelines.registry import next_steps

    if all(one.deployment and one.deployment.model_name != settings.model_name for one in found):
        whose = f"{settings.model_name} is " if found else ""
        yield "service", f"{whose}not deployed: run `{next_steps.make('deploy', settings.source)}`"
    for one in found:
        yield from _deployed(one)


def _deployed(found: "DeploymentStatus") -> Iterator[tuple[str, str]]:
    from pipelines.registry import next_steps

    deployed = found.deployment
    if deployed is None:
        return
    what = f"{deployed.model_name} version {deployed.model_version}"
    if not found.running:
        step = next_steps.make("deploy", deployed.source)
        yield "service", f"{what} has ended: run `{step}`"
        return
    state = "ready" if found.ready else "not ready"
    yield "service", f"{what}, {state}, since {_minute(deployed.started_at)}"
    yield "engine", deployed.engine
    yield "address", deployed.address


def _difference(
    settings: "Settings", succession: "Succession", found: "list[DeploymentStatus]"
) -> Iterator[tuple[str, str]]:
    """Say what to do where another version than the champion is served, as after an interrupted rollback."""
    from pipelines.registry import next_steps

    deploy, rollback = (next_steps.make(target, settings.source) for target in ("deploy", "rollback"))
    champion = succession.champion
    for deployed in (one.deployment for one in found if one.running):
        if champion is None or deployed is None or deployed.model_name != champion.name:
            continue
        if deployed.model_version != champion.version:
            todo = f"`{deploy}` serves the champion, version {champion.version}"
            if deployed.model_version == succession.previous:
                todo += f"; `{rollback}` makes version {deployed.model_version} champion again"
            yield "not the champion", todo


def _log(settings: "Settings") -> list[tuple[str, str]]:
    if settings.database_url is None and not (settings.log_folder / "log.db").exists():
        return [("log", "empty")]
    from store import database, predictions

    engine = database.connect(settings.log_url)
    try:
        return [("log", f"{predictions.count(engine):,} predictions")]
    finally:
        engine.dispose()


def _verdict(settings: "Settings") -> list[tuple[str, str]]:
    from monitoring import history

    last = history.latest(settings, settings.model_name)
    if last is None:
        return [("last verdict", NONE)]
    reason = f": {last.reason}" if last.reason else ""
    verdict = f"{last.state}{reason} (version {last.model_version}, {_minute(last.end)})"
    return [("last verdict", verdict), ("last report", _report(settings, last.report)), *_late(settings, last.report)]


def _report(settings: "Settings", report: str | None) -> str:
    """Whether a report is on Evidently's pages, or why not."""
    from monitoring import drawing, report_queue, workspace

    if report is None:
        return NONE
    if (waiting := report_queue.find(settings, report)) is not None:
        problem = drawing.problem(settings, waiting)
        return _undrawn(problem) if problem else "being drawn"
    return "ready: see Evidently's pages" if workspace.report_file(settings, report) else "deleted"


def _late(settings: "Settings", last: str | None) -> Iterator[tuple[str, str]]:
    """Say which earlier reports could not be drawn."""
    from monitoring import drawing, report_queue

    for report in report_queue.waiting(settings):
        if report.id != last and (problem := drawing.problem(settings, report)):
            yield "earlier report", f"window to {_minute(report.window_end)}: {_undrawn(problem)}"


def _undrawn(problem: str) -> str:
    return f"not drawn ({problem}): `make monitor` tries again"


def _pages(settings: "Settings") -> list[tuple[str, str]]:
    running = [(program.name, program.address) for program in dashboards.programs(settings)]
    return [(name, address or "not running: run `make dashboards`") for name, address in running]


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
