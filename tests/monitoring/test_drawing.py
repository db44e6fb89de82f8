"""The process that draws reports, with the real Evidently: it outlives its starter, and no failure is lost."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from home.process import Process
from home.settings import Settings
from matching.errors import EngineError
from monitoring import drawing, report_queue
from monitoring.report_queue import WaitingReport
from monitoring.workspace import report_file, workspace_folder
from tests.monitoring.undrawn import nothing_is_drawn

pytestmark = pytest.mark.slow


def started(settings: Settings) -> list[Process]:
    """The processes that commands of this home started."""
    return [Process.from_facts(facts) for facts in json.loads((settings.root / "run" / "reports.json").read_text())]


def test_two_in_quick_succession_draw_every_report_into_one_project(
    settings: Settings, queued: Callable[..., WaitingReport]
) -> None:
    first = queued()
    drawing.start(settings)
    second, third = queued(first.id), queued()
    drawing.start(settings)
    files = [drawing.wait(settings, report.id) for report in (second, third)]
    assert sorted(files[0].parent.iterdir()) == sorted(files), "the first is replaced"
    assert [file.name for file in workspace_folder(settings).iterdir()] == [files[0].parts[-3]]


def test_a_failure_stays_visible_until_a_process_that_outlives_its_starter_draws_the_report(
    settings: Settings, queued: Callable[..., WaitingReport]
) -> None:
    report = queued()
    workspace_folder(settings).write_text("in the way")
    drawing.start(settings)
    with pytest.raises(EngineError, match=r"the report was not drawn: .*: the report cannot be stored"):
        drawing.wait(settings, report.id)
    assert report.failure is not None
    assert report.failure.startswith(f"{workspace_folder(settings)}: the report cannot be stored")
    workspace_folder(settings).unlink()
    code = "from home.settings import Settings\nfrom monitoring import drawing\ndrawing.start(Settings())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout + done.stderr == ""
    assert drawing.wait(settings, report.id) == report_file(settings, report.id)
    assert drawing.log_file(settings).read_text() == ""
    assert report_queue.waiting(settings) == ()


@pytest.mark.parametrize("end", [signal.SIGKILL, None], ids=["killed", "stopped"])
def test_a_process_that_ends_early_leaves_the_report_in_the_queue(
    end: signal.Signals | None, settings: Settings, queued: Callable[..., WaitingReport]
) -> None:
    report = queued()
    drawing.start(settings)
    assert drawing.problem(settings, report) is None
    if end:
        (process,) = started(settings)
        os.kill(process.pid, end)
    else:
        assert drawing.stop(settings) == 1
    with pytest.raises(EngineError, match="the process that draws it has ended"):
        drawing.wait(settings, report.id)
    assert report_queue.waiting(settings) == (report,)
    assert drawing.stop(settings) == 0


def test_stop_ends_every_process_that_was_started(settings: Settings, queued: Callable[..., WaitingReport]) -> None:
    for _ in range(2):
        queued()
        drawing.start(settings)
    first, second = started(settings)
    assert drawing.stop(settings) == 2
    assert first.is_gone
    assert second.is_gone


def test_a_process_that_finds_another_one_drawing_leaves_its_report_to_it(
    settings: Settings, queued: Callable[..., WaitingReport]
) -> None:
    report = queued()
    with nothing_is_drawn(settings):
        drawing.draw_waiting(settings)
        assert drawing.problem(settings, report) is None, "the other one draws it"
        assert drawing.stop(settings) == 1
    assert drawing.problem(settings, report) == "the process that draws it has ended"


def test_the_process_stays_a_while_for_the_next_report(
    settings: Settings, queued: Callable[..., WaitingReport]
) -> None:
    first = queued()
    drawing.start(settings)
    drawing.wait(settings, first.id)
    second = queued()
    assert drawing.problem(settings, second) is None
    assert drawing.wait(settings, second.id) == report_file(settings, second.id)
    assert drawing.stop(settings) == 0, "nothing is undrawn"
    assert all(process.is_gone for process in started(settings))
