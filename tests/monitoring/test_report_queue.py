"""The queue of reports: what waits is read back whole, and why something is not drawn stays visible."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from home import lock
from home.settings import Settings
from matching.errors import EngineError, StorageError
from monitoring import drawing, report_queue
from monitoring.report_queue import ReportContent, WaitingReport

ENDED = "the process that draws it has ended"


def test_what_waits_is_read_back_oldest_first(
    settings: Settings, content: ReportContent, queued: Callable[..., WaitingReport]
) -> None:
    assert report_queue.waiting(settings) == ()
    older, newer = queued(), queued("of-the-same-window")
    os.utime(older.folder / "report.json", (time.time() - 5,) * 2)
    assert report_queue.waiting(settings) == (older, newer)
    assert newer.replaces == ("of-the-same-window",)
    assert newer.window_end == content.verdict.window.end
    read = newer.content()
    assert read.verdict == content.verdict
    assert read.reference.equals(content.reference)
    assert read.window.equals(content.window)
    newer.remove()
    assert report_queue.find(settings, newer.id) is None
    assert report_queue.waiting(settings) == (older,)
    assert list(older.folder.parent.iterdir()) == [older.folder]


def test_what_waits_holds_no_ids(content: ReportContent) -> None:
    for frame in (content.reference, content.window):
        assert "match_probability" in frame.columns
        assert not [name for name in frame.columns if name.endswith("_id")]


def test_a_home_that_cannot_be_written_takes_no_report(settings: Settings, content: ReportContent) -> None:
    (settings.make_root() / "waiting-reports").write_text("in the way")
    with pytest.raises(StorageError, match="the report cannot be queued"):
        report_queue.add(settings, "one", content)


def test_a_report_says_why_it_is_not_drawn(settings: Settings, queued: Callable[..., WaitingReport]) -> None:
    report = queued()
    assert drawing.problem(settings, report) == ENDED, "nobody has started to draw it"
    with lock.held(settings, "reports", "the test"):
        assert drawing.problem(settings, report) is None
        assert report.fail("the disk is full")
        assert drawing.problem(settings, report) == "the disk is full"
        report.retry()
        assert drawing.problem(settings, report) is None, "another attempt"
    assert drawing.problem(settings, report) == ENDED


def test_notes_about_a_report_that_is_drawn_by_now_are_dropped(
    settings: Settings, queued: Callable[..., WaitingReport]
) -> None:
    report = queued()
    report.remove()
    report.retry()
    assert not report.fail("too late")
    report.remove()
    assert report_queue.waiting(settings) == ()
    assert not report.folder.exists()


def test_waiting_for_a_report_that_nobody_draws_fails_at_once(
    settings: Settings, queued: Callable[..., WaitingReport]
) -> None:
    report = queued()
    with pytest.raises(EngineError, match=rf"the report was not drawn: {ENDED}; see .*reports\.log"):
        drawing.wait(settings, report.id)
    report.remove()
    with pytest.raises(EngineError, match="another `tandem monitor` drew the same window"):
        drawing.wait(settings, report.id)


def test_an_empty_queue_starts_nothing(settings: Settings) -> None:
    drawing.start(settings)
    drawing.draw_waiting(settings)
    assert drawing.stop(settings) == 0
    assert not settings.root.exists()


def test_the_queue_is_read_without_anything_heavy() -> None:
    heavy = ("polars", "numpy", "scipy", "evidently", "pandas")
    code = (
        "import sys\nfrom home.settings import Settings\nfrom monitoring import drawing, report_queue, workspace\n"
        "report_queue.waiting(Settings()), drawing.stop(Settings()), workspace.report_file(Settings(), 'one')\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"
