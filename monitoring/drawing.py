"""The process that draws the reports in the queue, after the command that put them there has ended.

Importing Evidently and drawing take longer than the verdict, so nobody waits for them unless they want to. The
process outlives the command: what it prints goes to a log in the home, and what it could not draw stays in the queue.
"""

import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from home import lock
from home.process import Process
from home.settings import Settings
from matching.errors import EngineError, TandemError
from monitoring import report_queue
from monitoring.report_queue import WaitingReport
from monitoring.workspace import report_file

LOCK_SECONDS = 600.0
POLL_SECONDS = 0.1
STOP_SECONDS = 5.0


def log_file(settings: Settings) -> Path:
    """File with everything the process prints."""
    return settings.root / "run" / "reports.log"


def start(settings: Settings) -> None:
    """Start a process that draws every report in the queue, one process at a time, and do not wait for it.

    Raises:
        EngineError: the process cannot be started; the reports stay in the queue.
    """
    reports = report_queue.waiting(settings)
    if not reports:
        return
    log = log_file(settings)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            started = subprocess.Popen(
                [sys.executable, "-P", "-m", "monitoring.drawing"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"TANDEM_HOME": str(settings.root)},
                start_new_session=True,
            )
        process = Process.of(started.pid)
    except OSError as error:
        raise EngineError(f"the report cannot be drawn now ({error.strerror}): run `make monitor` again") from error
    # It outlives this command on purpose; without this Python warns that it still runs.
    started.returncode = 0
    for report in reports:
        report.assign(process)


def wait(settings: Settings, report: str) -> Path:
    """Wait until a report is drawn; return its file.

    Raises:
        EngineError: it could not be drawn.
    """
    while (waiting := report_queue.find(settings, report)) is not None:
        problem = waiting.problem
        if problem is not None and report_queue.find(settings, report) is not None:
            raise EngineError(f"the report was not drawn: {problem}; see {log_file(settings)}")
        time.sleep(POLL_SECONDS)
    file = report_file(settings, report)
    if file is None:
        raise EngineError("the report was replaced: another `tandem monitor` drew the same window")
    return file


def stop(settings: Settings) -> int:
    """Stop the processes that draw; return how many reports stay in the queue because of it."""
    reports = [report for report in report_queue.waiting(settings) if report.is_being_drawn]
    for process in {process for report in reports if (process := report.process) is not None}:
        process.stop(drain_seconds=STOP_SECONDS, kill_seconds=STOP_SECONDS)
    return len(reports)


def draw_waiting(settings: Settings) -> None:
    """Draw every report in the queue; note beside each one that fails why it did.

    Raises:
        BusyError: another process still draws after `LOCK_SECONDS`.
    """
    if not report_queue.waiting(settings):
        return
    with lock.held(settings, "reports", "drawing reports", wait_seconds=LOCK_SECONDS):
        for report in _untried(settings):
            try:
                _draw(settings, report)
            except TandemError as error:
                report.fail(str(error))
            except Exception as error:
                sys.stderr.write(f"report {report.id}\n")
                traceback.print_exc()
                report.fail(f"unexpected {type(error).__name__}")


def _untried(settings: Settings) -> Iterator[WaitingReport]:
    """Yield each report of the queue once, also those that come meanwhile."""
    tried: set[str] = set()
    while reports := [report for report in report_queue.waiting(settings) if report.id not in tried]:
        tried.add(reports[0].id)
        yield reports[0]


def _draw(settings: Settings, report: WaitingReport) -> None:
    if any(report.id in other.replaces for other in report_queue.waiting(settings)):
        report.remove()
        return
    from monitoring.reports import write_report

    write_report(settings, report)
    report.remove()


def main() -> None:
    """Draw the reports that wait in the home which `TANDEM_HOME` names."""
    try:
        draw_waiting(Settings())
    except TandemError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
