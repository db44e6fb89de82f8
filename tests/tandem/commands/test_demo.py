"""What the demo makes of the monitor's verdicts: right only for the right reason."""

import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from home.settings import Settings
from matching.errors import BusyError, TandemError
from matching.features.columns import FEATURE_INPUTS
from monitoring.reasons import DriftReason, ReasonKind
from monitoring.verdict import State, WindowFacts, WindowVerdict
from pipelines import training_flow
from tandem.commands import demo
from tandem.commands.demo import Chapter
from tandem.commands.traffic import Sent
from tandem.processes import Program

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
FACTS = WindowFacts(start=MOMENT, end=MOMENT, rows=1, requests=1, labelled={})


def chapter(scenario: str, state: State, column: str | None = None, kind: ReasonKind = "data") -> Chapter:
    reasons = [column] if column else []
    verdict = WindowVerdict(
        state=state,
        model_name="m",
        model_version="1",
        window=FACTS,
        reasons=tuple(DriftReason(kind=kind, column=name, statistic=2, threshold=1, words=name) for name in reasons),
    )
    return Chapter(Sent(scenario, 0), verdict, FEATURE_INPUTS)


SALARY = "candidate_expected_salary_usd_per_year"


@pytest.mark.parametrize(
    ("chapter", "result"),
    [
        (chapter("none", "quiet"), demo.RIGHT),
        (chapter("none", "drift", SALARY), demo.FALSE_ALARM),
        (chapter("unit-bug", "quiet"), demo.MISSED),
        (chapter("unit-bug", "not enough data"), demo.TOO_LITTLE),
        (chapter("unit-bug", "drift", SALARY), demo.RIGHT),
        (chapter("unit-bug", "drift", "candidate_skill_count"), demo.WRONG_REASON),
        (chapter("unit-bug", "drift", "match_probability", "prediction"), demo.WRONG_REASON),
        (chapter("new-stack", "drift", "job_new_skill_share", "unknown"), demo.RIGHT),
        (chapter("taste-shift", "drift", "company", "quality"), demo.RIGHT),
        (chapter("taste-shift", "drift", SALARY), demo.WRONG_REASON),
    ],
)
def test_a_verdict_is_right_only_for_the_right_reason(chapter: Chapter, result: str) -> None:
    assert chapter.result == result


def test_a_false_alarm_is_shown_and_does_not_fail(capsys: pytest.CaptureFixture[str]) -> None:
    demo._conclude([chapter("none", "drift", SALARY), chapter("unit-bug", "drift", SALARY)])
    assert "about once in 200 windows" in " ".join(capsys.readouterr().out.split())
    demo._conclude([chapter("none", "quiet"), chapter("unit-bug", "drift", SALARY)])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("last", [chapter("unit-bug", "quiet"), chapter("unit-bug", "drift", "candidate_skill_count")])
def test_a_missed_drift_and_a_wrong_reason_fail(last: Chapter) -> None:
    with pytest.raises(TandemError, match=f"on the drifted window: {last.result}"):
        demo._conclude([chapter("none", "quiet"), last])


def test_ctrl_c_says_what_still_runs(tmp_path: Path, free_port: Callable[[], int]) -> None:
    settings = Settings(home=tmp_path / "home")
    assert demo.still_running(settings) is None
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    program = Program("mlflow", settings.root / "run")
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    try:
        starting = program.launch(command, address=address, environment={})
        assert starting is not None
        starting.wait(60)
        assert demo.still_running(settings) == "mlflow is still running: `make status` shows it, `make stop` ends it"
    finally:
        program.stop()


def test_the_pages_start_beside_a_step_of_the_training() -> None:
    assert demo.IDLE_STEP in training_flow._ANNOUNCEMENTS


@pytest.mark.parametrize("setting", ["port", "evidently_port"])
def test_a_port_in_use_is_reported_before_the_training(
    setting: str, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    free = {name: free_port() for name in ("port", "mlflow_port", "evidently_port")}
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = Settings(home=tmp_path / "home").model_copy(update=free | {setting: other.getsockname()[1]})
        with pytest.raises(BusyError, match=f"TANDEM_{setting.upper()}"):
            demo._require_ports(settings)
    assert not settings.root.exists()
