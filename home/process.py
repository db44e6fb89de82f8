"""Which process did something: a process number alone is used again, with its start time it is not."""

import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process of one host.

    Attributes:
        host: name of the host.
        pid: process number.
        started: when it began, in the words of the operating system; empty where unknown.
    """

    host: str
    pid: int
    started: str

    @classmethod
    def current(cls) -> "Process":
        """The process that runs this line."""
        return cls(socket.gethostname(), os.getpid(), _started(os.getpid()))

    def is_gone(self) -> bool:
        """Whether the process has certainly ended; False for another host, which cannot be asked."""
        return self.host == socket.gethostname() and _started(self.pid) != self.started


def _started(pid: int) -> str:
    """Start time of a process; empty where there is no such process."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        # The name of a program may hold spaces and brackets, so count from the last bracket: state is field 3.
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _started_by_ps(pid)
    return "" if fields[0] == "Z" else f"{_boot_id()}/{fields[19]}"


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _started_by_ps(pid: int) -> str:
    """Start time on systems without /proc."""
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()
