"""The Bento as a process of this machine, for where no container engine works."""

import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from home.process import Process
from matching.errors import EngineError

DRAIN_SECONDS = 30.0  # how long requests in flight may take once the service is told to stop
KILL_SECONDS = 5.0


@dataclass(frozen=True)
class ServiceProcess:
    """A process that leads a session of its own.

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
            return cls(process.pid, Process.of(process.pid).created)
        except ProcessLookupError as error:
            raise EngineError(f"the service process ended at once: see {log}") from error

    @property
    def runs(self) -> bool:
        """Whether this very process runs."""
        return self._process.runs

    def environment(self) -> dict[str, str]:
        """Its variables; empty where it is gone or the system does not tell."""
        return self._process.environment()

    def stop(self) -> None:
        """Let it finish its requests and stop it, with everything it started; nothing happens if it is gone."""
        if not self._process.stop(drain_seconds=DRAIN_SECONDS, kill_seconds=KILL_SECONDS):
            raise EngineError(f"process {self.pid} of the service does not end: stop it by hand")

    @property
    def _process(self) -> Process:
        return Process(socket.gethostname(), self.pid, self.created)
