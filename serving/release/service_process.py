"""The Bento as a process, for machines on which no container engine works."""

import json
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from home.process import Process
from matching.errors import EngineError

IMPORT_SECONDS = 120.0  # how long the host may take to import the libraries
DRAIN_SECONDS = 30.0  # how long requests in flight may take once the service has been stopped
KILL_SECONDS = 5.0


@dataclass(frozen=True)
class ServiceProcess:
    """A process with its start time, which distinguishes it from a later one with the same number.

    Attributes:
        pid: process number.
        created: when it was started, seconds since 1970.
    """

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int, log: Path) -> "ServiceProcess":
        """Identify a running process.

        Raises:
            EngineError: it has already ended.
        """
        try:
            return cls(pid, Process.of(pid).created)
        except ProcessLookupError as error:
            raise EngineError(f"the service ended at once: see {log}") from error

    @property
    def runs(self) -> bool:
        """Whether this very process runs."""
        return self._process.runs

    def environment(self) -> dict[str, str]:
        """Return its variables; none if it is gone or the system keeps them to itself."""
        return self._process.environment()

    def stop(self) -> None:
        """Let it finish its requests and stop it, with everything it started; does nothing if it is gone."""
        if not self._process.stop(drain_seconds=DRAIN_SECONDS, kill_seconds=KILL_SECONDS):
            raise EngineError(f"process {self.pid} of the service does not end: kill it")

    @property
    def _process(self) -> Process:
        return Process(socket.gethostname(), self.pid, self.created)


class HostProcess:
    """The running program `worker_host.py`, which forks workers that have the libraries loaded.

    Args:
        environment: all variables of the host; a service started from it is recognised by them.
        log: file for what the host prints until it runs a service.
    """

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self._control, theirs = socket.socketpair()
        self._control.settimeout(IMPORT_SECONDS)
        program = Path(__file__).with_name("worker_host.py")
        with theirs, log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(program), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._replies = self._control.makefile("rb")
        self._has_service = False

    def launch(
        self,
        bento: Path,
        *,
        address: str,
        port: int,
        environment: Mapping[str, str],
        log: Path,
        metrics: Path,
        stays: bool,
    ) -> ServiceProcess:
        """Start a worker, detached from this terminal; its output goes to `log`, an older one is moved to `log`.1.

        Args:
            bento: folder of the Bento.
            address: address it listens on.
            port: port it listens on.
            environment: all of its variables.
            log: file for its output.
            metrics: folder of its metrics, emptied first.
            stays: whether this is the service, which outlives this process; the returned process is then the host.

        Raises:
            EngineError: the host ended, or the worker cannot listen there.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))
        reply = self._request(
            {
                "bento": str(bento),
                "address": address,
                "port": port,
                "environment": dict(environment),
                "log": str(log),
                "metrics": str(metrics),
                "stays": stays,
            }
        )
        if "error" in reply:
            raise EngineError(f"the service cannot listen on {address}:{port}: {reply['error']}")
        self._has_service = self._has_service or stays
        return ServiceProcess.of(self._process.pid if stays else int(reply["pid"]), log)

    def close(self) -> None:
        """Let a service run on; end a host that has none."""
        self._replies.close()
        self._control.close()
        if not self._has_service:
            ServiceProcess.of(self._process.pid, self.log).stop()
            self._process.wait()
        # A service outlives this process on purpose: a warning that nobody waited for it would be wrong.
        self._process.returncode = self._process.returncode or 0

    def _request(self, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            self._control.sendall(json.dumps(request).encode() + b"\n")
            line = self._replies.readline()
        except OSError as error:
            raise EngineError(f"the service's host does not answer ({error}): see {self.log}") from error
        if not line:
            raise EngineError(f"the service's host ended while starting: see {self.log}")
        reply: dict[str, Any] = json.loads(line)
        return reply
