"""The process that draws the reports in the queue, after the command that put them there has ended.

Importing Evidently and drawing take longer than the verdict, so nobody waits for them unless they want to. The
process outlives the command: what it prints goes to a log in the home, and what it could not draw stays in the queue.
"""

import json
import os
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from home import garbage, lock
from home.process import Process
from home.settings import Settings
from matching.errors import BusyError, EngineError, TandemError
from monitoring import report_queue
from monitoring.report_queue import WaitingReport
from monitoring.workspace import report_file

POLL_SECONDS = 0.1
STOP_SECONDS = 5.0
LINGER_SECONDS = 20.0
"""Windows can follow each other quickly, and importing Evidently takes longer than drawing a report."""
_LOCK = "reports"
_ENDED = "the process that draws it has ended"


def log_file(settings: Settings) -> Path:
    """Return the file with everything the process prints."""
    return settings.root / "run" / "reports.log"


def start(settings: Settings) -> None:
    """Start a process that draws every report in the queue, and do not wait for it.

    Raises:
        EngineError: the process cannot be started; the reports stay in the queue.
    """
    reports = report_queue.waiting(settings)
    if not reports:
        return
    try:
        for report in reports:
            report.retry()
        processes = [*_started(settings), _spawn(settings)]
        _process_file(settings).write_text(json.dumps([process.facts() for process in processes]))
    except OSError as error:
        raise EngineError(f"the report cannot be drawn now ({error.strerror}): run `make monitor` again") from error


def problem(settings: Settings, report: WaitingReport) -> str | None:
    """Return why a report is not drawn; None while a process draws it, or will."""
    return report.failure or (None if _processes(settings) else _ENDED)


def wait(settings: Settings, report: str) -> Path:
    """Wait until a report is drawn; return its file.

    Raises:
        EngineError: it could not be drawn.
    """
    while (waiting := report_queue.find(settings, report)) is not None:
        reason = problem(settings, waiting)
        if reason is not None and report_queue.find(settings, report) is not None:
            raise EngineError(f"the report was not drawn: {reason}; see {log_file(settings)}")
        time.sleep(POLL_SECONDS)
    file = report_file(settings, report)
    if file is None:
        raise EngineError("the report was replaced: another `tandem monitor` drew the same window")
    return file


def stop(settings: Settings) -> int:
    """Stop drawing; return how many reports stay in the queue because of it."""
    reports = [report for report in report_queue.waiting(settings) if problem(settings, report) is None]
    for process in _processes(settings):
        process.stop(drain_seconds=STOP_SECONDS, kill_seconds=STOP_SECONDS)
    return len(reports)


def draw_waiting(settings: Settings, *, linger_seconds: float = 0) -> None:
    """Draw every report in the queue, unless another process does; note beside each one that fails why it did.

    Args:
        settings: whose queue.
        linger_seconds: how long to wait for another report after the last one.
    """
    given_up: set[str] = set()
    home = _identity(settings)
    # The queue is read once more without the lock: a process that found it held has left its reports to this one.
    while _identity(settings) == home and _drawable(settings, given_up):
        try:
            with lock.held(settings, _LOCK, "drawing reports"):
                while (reports := _awaited(settings, given_up, linger_seconds)) and _identity(settings) == home:
                    if not _draw(settings, reports[0]):
                        given_up.add(reports[0].id)
        except BusyError:
            return


def _awaited(settings: Settings, given_up: set[str], seconds: float) -> list[WaitingReport]:
    """Return the reports to draw; where there are none, wait for some."""
    # What could not be drawn is left to the next process, so this one does not stay.
    until = time.monotonic() + (0 if given_up else seconds)
    while not (reports := _drawable(settings, given_up)) and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
    return reports


def _identity(settings: Settings) -> int | None:
    """Return what tells this home from a new one in its place; None if it is gone."""
    try:
        return settings.root.stat().st_ino
    except FileNotFoundError:
        return None


def _spawn(settings: Settings) -> Process:
    log = log_file(settings)
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
    # It outlives this command on purpose; without this Python warns that it still runs.
    started.returncode = 0
    return process


def _processes(settings: Settings) -> set[Process]:
    """Return the processes that draw, or are about to."""
    found = {lock.holder(settings, _LOCK), *_started(settings)}
    return {process for process in found if process is not None and not process.is_gone}


def _started(settings: Settings) -> list[Process]:
    """Return the processes started by commands of this home, without those that have ended."""
    with suppress(OSError, ValueError, KeyError, TypeError):  # none was started
        noted = json.loads(_process_file(settings).read_text())
        return [process for process in map(Process.from_facts, noted) if not process.is_gone]
    return []


def _process_file(settings: Settings) -> Path:
    return settings.root / "run" / "reports.json"


def _drawable(settings: Settings, given_up: set[str]) -> list[WaitingReport]:
    """Return the reports that no attempt has failed to draw, oldest first."""
    waiting = report_queue.waiting(settings)
    return [report for report in waiting if report.failure is None and report.id not in given_up]


def _draw(settings: Settings, report: WaitingReport) -> bool:
    """Draw one report, or note why it fails; False if not even that can be written."""
    try:
        if not any(report.id in other.replaces for other in report_queue.waiting(settings)):
            from monitoring.reports import write_report

            write_report(settings, report)
    except TandemError as error:
        return report.fail(str(error))
    except Exception as error:
        sys.stderr.write(f"report {report.id}\n")
        traceback.print_exc()
        return report.fail(f"unexpected {type(error).__name__}")
    report.remove()
    return True


if __name__ == "__main__":
    garbage.tune()
    draw_waiting(Settings(), linger_seconds=LINGER_SECONDS)
