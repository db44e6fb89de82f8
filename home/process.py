"""Identity of a process: the system reuses process numbers, so a number counts only with its creation time."""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import psutil

POLL_SECONDS = 0.1
CLOCK_SECONDS = 2.0  # Linux derives the creation time from the clock, which may be adjusted
_NEVER = 0.0  # creation time of a process that cannot be one of today's


@dataclass(frozen=True)
class Process:
    """One process of one host.

    Attributes:
        host: name of the host.
        pid: process number.
        created: when it was created, seconds since 1970.

    Examples:
        >>> me = Process.current()
        >>> me.runs, me.is_gone
        (True, False)
        >>> Process.from_facts(me.facts()) == me
        True
    """

    host: str
    pid: int
    created: float

    @classmethod
    def current(cls) -> Self:
        """Return the process that runs this line."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Self:
        """Return the process of this host that has the number now.

        Raises:
            ProcessLookupError: there is none.
        """
        try:
            return cls(socket.gethostname(), pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            raise ProcessLookupError(f"no process has the number {pid}") from None

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Read what `facts` returned, or what versions before `created` saved as `started`.

        Raises:
            KeyError, TypeError, ValueError: these are no facts of a process.
        """
        created = facts["created"] if "created" in facts else _created(str(facts["started"]))
        return cls(str(facts["host"]), int(facts["pid"]), float(created))

    def facts(self) -> dict[str, Any]:
        """Return its attributes, to be saved as JSON."""
        return asdict(self)

    @property
    def runs(self) -> bool:
        """Whether this very process runs on this host; one that ended and waits for its parent does not."""
        handle = self._handle()
        return handle is not None and _is_alive(handle)

    @property
    def is_gone(self) -> bool:
        """Whether the process has certainly ended; False for a process of another host, which cannot be examined."""
        return self.host == socket.gethostname() and not self.runs

    def environment(self) -> dict[str, str]:
        """Return its environment variables; empty where it is gone or the system keeps them private."""
        handle = self._handle()
        try:
            variables: dict[str, str] = handle.environ() if handle else {}
        except psutil.Error:
            return {}
        return variables

    def stop(self, *, drain_seconds: float, kill_seconds: float) -> bool:
        """Terminate the process; after `drain_seconds` kill it and everything it started.

        Returns:
            Whether all of them have ended, `kill_seconds` later at most.
        """
        handle = self._handle()
        if handle is None:
            return True
        try:
            members = [handle, *handle.children(recursive=True)]
            handle.terminate()
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False
        if _ended(members, drain_seconds):
            return True
        for member in members:
            try:
                member.kill()  # psutil makes sure that it is still the same process
            except psutil.NoSuchProcess:
                continue
        return _ended(members, kill_seconds)

    def _handle(self) -> psutil.Process | None:
        """Return the running process with this number, if it is the same one."""
        if self.host != socket.gethostname():
            return None
        try:
            handle = psutil.Process(self.pid)
            is_same = abs(handle.create_time() - self.created) < CLOCK_SECONDS
        except psutil.NoSuchProcess:
            return None
        return handle if is_same else None


def _ended(processes: list[psutil.Process], seconds: float) -> bool:
    """Wait until all have ended; unlike `psutil.wait_procs` do not wait for their parents to collect them."""
    until = time.monotonic() + seconds
    while any(_is_alive(process) for process in processes):
        if time.monotonic() >= until:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _created(started: str) -> float:
    """Convert the start time that earlier versions saved: boot and clock ticks since then, or the words of `ps`."""
    boot, _, ticks = started.rpartition("/")
    if ticks.isdecimal() and boot == _boot_id():
        return float(psutil.boot_time()) + int(ticks) / os.sysconf("SC_CLK_TCK")
    try:
        return datetime.strptime(started, "%a %b %d %H:%M:%S %Y").astimezone().timestamp()
    except ValueError:
        return _NEVER  # an earlier boot, or unknown


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
