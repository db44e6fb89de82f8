"""Programs that stand for container engines: real files on the PATH, whose calls are written down."""

from dataclasses import dataclass
from pathlib import Path

BROKEN_DAEMON = "echo 'Cannot connect to the daemon. Is it running?' >&2; exit 1"


@dataclass(frozen=True)
class Programs:
    """A folder that is all of the PATH.

    Attributes:
        folder: the folder.
    """

    folder: Path

    def install(self, name: str, script: str) -> None:
        """Write a program; its calls are written down before it runs."""
        program = self.folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $@" >> {self._calls}\n{script}\n')
        program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """All calls so far: the program and its arguments."""
        return self._calls.read_text().splitlines() if self._calls.exists() else []

    def calls_of(self, start: str) -> list[str]:
        """The calls that start with these words."""
        return [call for call in self.calls if call.startswith(f"{start} ")]

    @property
    def _calls(self) -> Path:
        return self.folder / "calls"
