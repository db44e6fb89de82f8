"""`tandem monitor`: which window is next, the exit code, and where the report is; on a real registry and log."""

import pytest

from monitoring import history, report_queue
from monitoring.workspace import workspace_folder
from tandem.commands.monitor import watch
from tests.monitoring.market import Market
from tests.monitoring.undrawn import nothing_is_drawn
from tests.tandem.command import refused, tandem
from tests.tandem.commands.conftest import SOURCE, Watched

pytestmark = pytest.mark.slow

QUIET, DRIFTED = Market(), Market(monthly_share=0.6)
COMMAND = ("monitor", "--source", SOURCE, "--maturity-days", "0")


def rows(watched: Watched) -> int:
    """Rows of the next window."""
    return watch(watched.settings, maturity_days=0).window.rows


def test_a_drift_is_printed_with_its_cause_and_where_its_report_is(watched: Watched) -> None:
    watched.answer("a", DRIFTED)
    with nothing_is_drawn(watched.settings):
        ended = tandem(*COMMAND)
        assert ended.code == 0
        assert "\ndrift: tandem-tables version 1\n" in ended.stdout
        assert "looks like another unit (per month)" in ended.stdout
        assert "\n  report: being drawn (about 10 s); `make status` says when it is ready" in ended.stdout
        assert "last report being drawn mlflow" in tandem("status", "--source", SOURCE).words
        (report,) = report_queue.waiting(watched.settings)
        last = history.latest(watched.settings, "tandem-tables")
        assert last is not None
        assert (last.state, last.report) == ("drift", report.id)
        assert tandem(*COMMAND, "--fail-on-drift").code == 4
    assert tandem("stop").stdout == "nothing was running\n"


def test_the_next_window_starts_after_the_last_one_with_a_verdict(watched: Watched) -> None:
    with nothing_is_drawn(watched.settings):
        watched.answer("a", QUIET)
        assert rows(watched) == 400
        assert rows(watched) == 400, "nothing came since: outcomes may have"
        watched.answer("b", QUIET, lists=3, day=2)
        assert rows(watched) == 30, "too few for a verdict"
        watched.answer("c", QUIET, lists=30, day=3)
        assert rows(watched) == 330, "so they are evaluated with what came later"
        assert watch(watched.settings, last=100, maturity_days=0).window.rows == 100
        ended = tandem(*COMMAND, "--since", "2025-03-03")
        assert "300 predictions in 30 requests" in ended.stdout


def test_too_little_data_has_no_report(watched: Watched) -> None:
    watched.answer("a", QUIET, lists=3)
    ended = tandem(*COMMAND, "--wait")
    assert ended.code == 0
    assert "\nnot enough data: tandem-tables version 1\n" in ended.stdout
    assert ended.stdout.endswith("\n  report: none, as there is too little to draw\n")
    assert "last report - mlflow" in tandem("status", "--source", SOURCE).words


def test_a_report_that_cannot_be_drawn_fails_whoever_waits_and_stays_visible(watched: Watched) -> None:
    watched.answer("a", QUIET)
    workspace_folder(watched.settings).write_text("in the way")
    reason = f"{workspace_folder(watched.settings)}: the report cannot be stored (File exists): free the disk"
    line = refused(*COMMAND, "--wait")
    assert line.startswith(f"the report was not drawn: {reason}; see ")
    assert history.latest(watched.settings, "tandem-tables") is not None, "the verdict is there"
    status = tandem("status", "--source", SOURCE).words
    # Without blanks: a long path is broken anywhere.
    assert "".join(f"last report not drawn ({reason}): `make monitor` tries again".split()) in "".join(status.split())
    watched.answer("b", QUIET, day=2)
    with nothing_is_drawn(watched.settings):
        ended = tandem(*COMMAND)
        assert (
            f"\n  report of the window to 2025-03-01 00:06 UTC: was not drawn ({reason}); trying again\n"
            in ended.stdout
        )
        assert "earlier report" not in tandem("status", "--source", SOURCE).stdout
        assert tandem("stop").stdout == "stopped: drawing of 2 reports (`make monitor` continues it)\n"
    ended = "not drawn (the process that draws it has ended): `make monitor` tries again"
    status = tandem("status", "--source", SOURCE).words
    assert f"last report {ended}" in status
    assert f"earlier report window to 2025-03-01 00:06 UTC: {ended}" in status
