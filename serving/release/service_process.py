"""The Bento as a process of this machine, for where no container engine works."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from matching.errors import EngineError

POLL_SECONDS = 0.1
DRAIN_SECONDS = 30.0  # how long requests in flight may take once the service is told to stop
KILL_SECONDS = 5.0
CLOCK_SECONDS = 2.0  # the start time of a process is derived from the clock, which may be set


@dataclass(frozen=True)
class ServiceProcess:
    """A process that leads a session of its own; its start time tells it from a later one with the same number.

    Attributes:
        pid: process number.
        created: when it was started, seconds since 1970.
    """

    pid: int
    created: float

    @classmethod
    def start(
        cls, bento: Path, *, address: str, port: int, environment: Mapping[str, str], log: Path
    ) -> "ServiceProcess":
        """Start `bentoml serve`, detached from this terminal; what it prints goes to `log`, an older one to `log`.1."""
        command = [sys.executable, "-m", "bentoml", "serve", str(bento), "--host", address, "--port", str(port)]
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=bento,
                start_new_session=True,
            )
        process.returncode = 0  # it outlives us on purpose: nobody waits for it, and no warning is due
        try:
            return cls(process.pid, psutil.Process(process.pid).create_time())
        except psutil.NoSuchProcess as error:
            raise EngineError(f"the service process ended at once: see {log}") from error

    @property
    def runs(self) -> bool:
        """Whether this very process runs."""
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.created) < CLOCK_SECONDS
        except psutil.NoSuchProcess:
            return False
        return is_same and _is_alive(process)

    def environment(self) -> dict[str, str]:
        """Its variables; empty where it is gone or the system does not tell."""
        try:
            variables: dict[str, str] = psutil.Process(self.pid).environ() if self.runs else {}
        except psutil.Error:
            return {}
        return variables

    def stop(self) -> None:
        """Let it finish its requests and stop it, with everything it started; nothing happens if it is gone."""
        if not self.runs:
            return
        members = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
        os.kill(self.pid, signal.SIGTERM)
        if _ended(members, DRAIN_SECONDS):
            return
        for process in members:
            try:
                process.kill()  # psutil makes sure that it is still the same process
            except psutil.NoSuchProcess:
                continue
        if not _ended(members, KILL_SECONDS):
            raise EngineError(f"process {self.pid} of the service does not end: stop it by hand")


def _ended(processes: list[psutil.Process], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(_is_alive(process) for process in processes):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
