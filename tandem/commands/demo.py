"""The demo: train, deploy, send two quiet windows and one with drift, and show what the monitor reported."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matching.errors import InputError, TandemError
from tandem.commands import dashboards, traffic
from tandem.commands.deploy import deploy_champion
from tandem.commands.monitor import wait_for_reports, watch
from tandem.commands.train import train_model
from tandem.console import out, table
from tandem.options import Engine, OpenPages, Port, Seed, settings_from

if TYPE_CHECKING:
    from home.settings import Settings
    from matching.evaluation.evaluation import Evaluation
    from monitoring.verdict import WindowVerdict

QUIET = "none"
PAIRS = 2_000
IDLE_STEP = "companions"
"""The longest training step that leaves a core idle: the pages start beside it, so that nobody waits for them."""
RIGHT, MISSED, FALSE_ALARM = "right", "missed the drift", "alarmed wrongly"
WRONG_REASON, TOO_LITTLE = "alarmed for another reason", "had too little data"
EXPECTED_ALARMS = (
    "A false alarm on a quiet window is expected about once in 200 windows, so it does not fail the demo; "
    "act when two windows in a row say drift."
)
BEST_POSSIBLE = ("model", "best achievable", "truth")


def demo(
    port: Port = None,
    engine: Engine = None,
    seed: Seed = None,
    scenario: Annotated[str, typer.Option(help="Named drift of the third window.")] = "unit-bug",
    open_pages: OpenPages = False,
) -> None:
    """Train, deploy, send two quiet windows and one with drift, monitor each, and report what happened."""
    settings = settings_from(source="marketplace", port=port, engine=engine, seed=seed)
    _require_drift(scenario)
    _require_ports(settings)
    try:
        run(settings, scenario, open_pages=open_pages)
    except (Exception, KeyboardInterrupt) as error:
        with suppress(TandemError):
            left = still_running(settings)
            if left or isinstance(error, KeyboardInterrupt):
                out.print(f"\n{left or 'nothing was left running'}")
        raise


def _require_ports(settings: "Settings") -> None:
    """Check before the training what would otherwise be found after it.

    Raises:
        BusyError: another program holds the port of the service or of a page.
        InputError: two of them have the same port.
    """
    from serving.release import deployment

    dashboards.require_ports(settings)
    if not deployment.status(settings).running:
        deployment.require_port(settings, settings.model_name)


def still_running(settings: "Settings") -> str | None:
    """Say what a demo that ended early leaves running, and how to stop it; None if nothing runs."""
    from serving.release import deployment

    names = [program.name for program in dashboards.programs(settings) if program.address]
    if deployment.status(settings).running:
        names.insert(0, "the service")
    if not names:
        return None
    verb, them = ("are", "them") if len(names) > 1 else ("is", "it")
    return f"{', '.join(names)} {verb} still running: `make status` shows {them}, `make stop` ends {them}"


@dataclass(frozen=True)
class Chapter:
    """One window, what the monitor said about it, and the profile columns of each feature."""

    sent: traffic.Sent
    verdict: "WindowVerdict"
    inputs: Mapping[str, tuple[str, ...]]

    @property
    def result(self) -> str:
        """How the verdict compares with what was sent."""
        if self.verdict.state == "not enough data":
            return TOO_LITTLE
        alarm = self.verdict.state == "drift"
        if self.sent.scenario == QUIET:
            return FALSE_ALARM if alarm else RIGHT
        if not alarm:
            return MISSED
        return RIGHT if _names_the_cause(self) else WRONG_REASON


def _names_the_cause(chapter: Chapter) -> bool:
    """Whether the first reason is about a column the scenario changes; if that is preferences, about the outcomes."""
    from matching.sources.marketplace.scenarios import SCENARIOS

    drift, first = SCENARIOS[chapter.sent.scenario], chapter.verdict.reasons[0]
    shows = {f"candidate.{name}" for name in drift.candidate_columns} | {f"job.{name}" for name in drift.job_columns}
    return bool(shows & set(chapter.inputs.get(first.column, ()))) if shows else first.kind == "quality"


def run(settings: "Settings", scenario: str, *, open_pages: bool = False) -> None:
    """Run the demo and report what happened; running it again continues with the next windows.

    Args:
        settings: of the source `marketplace`.
        scenario: the drift of the third window.
        open_pages: open the pages in a browser.

    Raises:
        TandemError: the monitor missed the drift, or gave another reason for it.
    """
    began = time.monotonic()
    _heading("1. Train")
    pages: list[dashboards.Launched] = []

    def launch_pages(step: str) -> None:
        if step == IDLE_STEP:
            with suppress(TandemError, OSError):  # chapter 7 tries again: no page is worth a training
                pages.extend(dashboards.launch(settings))

    trained = train_model(settings, None, on_step=launch_pages)
    _heading("2. Deploy")
    deployed = deploy_champion(settings)
    _heading("3. First prediction")
    _show_prediction(deployed.address)
    out.print(f"[bold]first prediction {time.monotonic() - began:.0f} s after the start[/bold]")
    chapters, inputs = [], _inputs(settings)
    for number, name in enumerate((QUIET, QUIET, scenario), start=4):
        _heading(f"{number}. Traffic and monitor: {name}")
        sent = traffic.send_window(settings, scenario=name, pairs=PAIRS)
        traffic.show(sent)
        chapters.append(Chapter(sent, watch(settings, since=sent.started_at, maturity_days=0), inputs))
    wait_for_reports(settings, [chapter.verdict.report for chapter in chapters if chapter.verdict.report])
    _heading("7. Pages")
    dashboards.show(pages or dashboards.launch(settings), open_pages=open_pages)
    out.print(f"[bold]{deployed.address}[/bold]  the service: every example on its page runs as shown")
    _heading("What happened")
    _report(trained.report.evaluation, chapters, scenario)
    _conclude(chapters)
    out.print("\nEverything keeps running: `make status` shows it, `make stop` ends it.")


def _inputs(settings: "Settings") -> Mapping[str, tuple[str, ...]]:
    """The profile columns that each feature of the champion is computed from."""
    from matching.model import declared_features
    from tandem.releases import champion, fetched

    with fetched(settings, champion(settings)) as release:
        return declared_features.read(release.bundle).inputs


def _conclude(chapters: list[Chapter]) -> None:
    """Report how the monitor did; only the last window can fail the demo.

    Raises:
        TandemError: the drift was missed or has another reason.
    """
    if any(chapter.result == FALSE_ALARM for chapter in chapters):
        out.print(EXPECTED_ALARMS)
    if chapters[-1].result != RIGHT:
        raise TandemError(f"the monitor on the drifted window: {chapters[-1].result}; see the table above")


def _require_drift(scenario: str) -> None:
    from matching.sources.marketplace.scenarios import SCENARIOS

    if scenario not in SCENARIOS or scenario == QUIET:
        drifts = ", ".join(name for name in SCENARIOS if name != QUIET)
        raise InputError(f"the demo needs a drift, not {scenario!r}: choose one of {drifts}")


def _heading(words: str) -> None:
    out.print()
    out.rule(f"[bold]{words}[/bold]", align="left")


def _show_prediction(address: str) -> None:
    import httpx

    from serving.contract import examples

    request = examples.MATCH["one_pair"]["value"]
    answer = httpx.post(f"{address}/v1/match", json=request, timeout=30, trust_env=False).raise_for_status().json()
    prediction: dict[str, Any] = answer["predictions"][0]
    out.print(f"POST {address}/v1/match")
    for name in ("match_probability", "company_probability", "candidate_probability"):
        out.print(f"  {name:22} {prediction[name]:.3f}")


def _report(evaluation: "Evaluation", chapters: list[Chapter], scenario: str) -> None:
    from matching.sources.marketplace.scenarios import SCENARIOS

    rows = [row for row in evaluation.rows if row.target == "match"]
    baseline = max((row for row in rows if row.ranker not in BEST_POSSIBLE), key=lambda row: row.ndcg_candidates)
    shown = [baseline, *(row for row in rows if row.ranker in BEST_POSSIBLE)]
    table(
        "Would both say yes? The model between the best baseline and the best achievable",
        ["", "AUC", "calibration error", "nDCG@10 of candidates for a job"],
        [[r.ranker, f"{r.auc:.3f}", f"{r.calibration_error:.3f}", f"{r.ndcg_candidates:.3f}"] for r in shown],
    )
    out.print()
    headers = ["window", "scenario", "verdict", "the monitor", "first reason"]
    lines = [
        [
            str(c.sent.window),
            c.sent.scenario,
            c.verdict.state,
            c.result,
            c.verdict.reasons[0].words if c.verdict.reasons else "-",
        ]
        for c in chapters
    ]
    table("Three windows of traffic", headers, lines, numbers_from=5)
    out.print(f"[dim]{scenario}: {SCENARIOS[scenario].description}[/dim]")
