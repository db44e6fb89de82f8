"""Programs that keep running after the command: started detached, found again, stopped.

Each program inherits an open file with an exclusive lock. The lock is held as long as the program runs. Unlike a bare
process number it can never belong to another program, and it is released however the program ends.
"""

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from matching.errors import BusyError, EngineError

POLL_SECONDS = 0.2
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Program:
    """A detached program of one home.

    Attributes:
        name: what it is called in messages and files.
        folder: where its lock, process number, address and log are kept.
    """

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """File with everything it prints."""
        return self.folder / f"{self.name}.log"

    @property
    def _note(self) -> Path:
        return self.folder / f"{self.name}.run"

    @property
    def address(self) -> str | None:
        """Where it answers; None when it does not run."""
        noted = self._running()
        return noted[1] if noted else None

    def launch(self, command: list[str], *, address: str, environment: Mapping[str, str]) -> "Starting | None":
        """Start the program without waiting for it; None when it already runs at `address`.

        Raises:
            BusyError: something else listens on the port, or another command is launching the program.
        """
        if self.address == address:
            return None
        self.require_port(address)  # before anything ends: what answers elsewhere goes on otherwise
        self.stop()
        try:
            return Starting(self, self._spawn(command, address, environment), address)
        except KeyboardInterrupt:
            self.stop()
            raise

    def require_port(self, address: str) -> None:
        """Check that the program runs at `address` or can be launched there.

        Raises:
            BusyError: something else listens on the port.
        """
        import httpx

        from serving.release import ports

        if self.address != address:
            url = httpx.URL(address)
            ports.require_free(url.host, url.port or 80, variable=f"TANDEM_{self.name.upper()}_PORT")

    def stop(self) -> bool:
        """Stop the program and everything it started; False when it does not run."""
        noted = self._running()
        if noted is None:
            return False
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(noted[0], sign)
            except ProcessLookupError:
                break
            if self._ended(STOP_SECONDS):
                break
        self._note.unlink(missing_ok=True)
        return True

    def _spawn(self, command: list[str], address: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        from serving.release import interrupts

        self.folder.mkdir(parents=True, exist_ok=True)
        # Appending keeps the note of another command that is launching the program.
        with self._note.open("a") as note:
            try:
                fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as busy:
                raise BusyError(f"another command is starting {self.name}: wait for it, then try again") from busy
            note.truncate(0)
            with self.log.open("wb") as log, interrupts.held():
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **environment},
                    start_new_session=True,
                    pass_fds=(note.fileno(),),
                )
                note.write(f"{process.pid} {address}")
                note.flush()
        return process

    def runs_as(self, pid: int) -> bool:
        """Whether the program runs, and this process is it."""
        noted = self._running()
        return noted is not None and noted[0] == pid

    def _running(self) -> tuple[int, str] | None:
        """Process number and address, as long as the lock is held."""
        try:
            with self._note.open() as note:
                try:
                    fcntl.flock(note, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    number, _, address = note.read().partition(" ")
                    return int(number), address
        except (FileNotFoundError, ValueError):
            pass
        return None

    def _ended(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._running() is None:
                return True
            time.sleep(POLL_SECONDS / 4)
        return False


@dataclass(frozen=True)
class Starting:
    """A program that was launched and may not answer yet.

    Attributes:
        program: the program.
        process: its process.
        address: where it will answer.
    """

    program: Program
    process: "subprocess.Popen[bytes]"
    address: str

    def wait(self, seconds: float) -> None:
        """Return once the program answers; stop it if it does not.

        Raises:
            EngineError: it ended, or did not answer in time.
        """
        try:
            self._wait(seconds)
        except BaseException:
            self.stop()
            raise
        self._detach()

    def stop(self) -> None:
        """Stop the program, unless another command has replaced it meanwhile."""
        if self.program.runs_as(self.process.pid):
            self.program.stop()
        self._detach()

    def _detach(self) -> None:
        """Let the process outlive this command; otherwise Python warns that it still runs."""
        self.process.returncode = self.process.returncode or 0

    def _wait(self, seconds: float) -> None:
        import httpx

        name, log, until = self.program.name, self.program.log, time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise EngineError(f"{name} ended with code {self.process.returncode} while starting: see {log}")
            try:
                httpx.get(self.address, timeout=5, trust_env=False, follow_redirects=True).raise_for_status()
            except httpx.HTTPError:
                time.sleep(POLL_SECONDS)
            else:
                return
        raise EngineError(f"{name} did not answer at {self.address} within {seconds:.0f} s: see {log}")


def listens(host: str, port: int) -> bool:
    """Whether a program accepts connections at this address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
