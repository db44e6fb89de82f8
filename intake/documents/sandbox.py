"""Reading files in processes with limits on memory, time and output. The libraries are imported only there."""

import atexit
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import BoundedSemaphore, Lock
from types import TracebackType
from typing import Self

from intake.documents import limits
from intake.documents.document import Document
from intake.documents.refusal import FileRefused
from matching.errors import EngineError, UnreadableFile

_ROOT = Path(__file__).resolve().parents[2]
_GRACE_SECONDS = 1.0
_ENDING_SECONDS = 0.05
"""How long a process that is ending may still be listed."""
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV")
_TOO_SLOW = FileRefused(f"takes longer than {limits.MAX_SECONDS:g} s to read", "save it as a simpler PDF or as text")
_GAVE_UP = FileRefused(
    f"cannot be read within {limits.MAX_MEMORY_BYTES >> 20} MiB of memory and {limits.MAX_SECONDS:g} s",
    "save it as a simpler PDF or as text",
)


class Sandbox:
    """A warm process that reads files, each in a child of its own.

    It starts on first use and ends with `close`, or with the program. Threads may share it; as many files are read at
    once as there are processors, and others wait.

    >>> with Sandbox() as sandbox:
    ...     sandbox.read(b"# Ada Lovelace", "ada.md").text
    'Ada Lovelace'

    >>> with Sandbox() as sandbox:
    ...     sandbox.read(b"", "ada.pdf")
    Traceback (most recent call last):
        ...
    matching.errors.UnreadableFile: ada.pdf is empty: send the file that contains the resume.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._places = BoundedSemaphore(max(1, os.cpu_count() or 1))
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def read(self, content: bytes, name: str) -> Document:
        """Read a file.

        Args:
            content: of the file.
            name: as the user knows it; it appears in messages and decides nothing.

        Raises:
            UnreadableFile: it cannot be read; one sentence says why and what to do.
            EngineError: the process does not start.
        """
        name = shown(name)
        if len(content) > limits.MAX_FILE_BYTES:
            too_large = FileRefused(f"is larger than {limits.MAX_FILE_BYTES >> 20} MiB", "leave out its pictures")
            raise UnreadableFile(too_large.sentence(name))
        with self._places:
            answer = self._answer(name.encode() + b"\n" + content)
        if isinstance(answer, FileRefused):
            raise UnreadableFile(answer.sentence(name))
        return answer

    def start(self) -> None:
        """Start the process now, so that the first file need not wait for it."""
        with self._lock:
            self._started()

    def close(self) -> None:
        """End the process; files that are being read are still answered."""
        with self._lock:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _end(self) -> None:
        if self._requests is not None:
            self._requests.close()
        if self._process is not None:
            self._process.wait()
        self._process = self._requests = None

    def _answer(self, message: bytes) -> Document | FileRefused:
        """Return the answer to a file; if the process was killed from outside, ask a new one."""
        answer = self._exchange(message)
        if answer is not _GAVE_UP or self._runs():
            return answer
        return self._exchange(message)

    def _runs(self) -> bool:
        with self._lock:
            try:
                if self._process is not None:
                    self._process.wait(_ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                return True
        return False

    def _exchange(self, message: bytes) -> Document | FileRefused:
        """Send a file to a new child, and return its answer."""
        with self._connection() as connection:
            began = time.monotonic()
            connection.settimeout(limits.MAX_SECONDS + _GRACE_SECONDS)
            try:
                connection.sendall(message)
                connection.shutdown(socket.SHUT_WR)
                answer = _received(connection)
            except OSError:  # the child has ended, or does not answer
                answer = b""
            is_late = time.monotonic() - began >= limits.MAX_SECONDS
        if answer.startswith(b"-"):
            return FileRefused(*json.loads(answer[1:]))
        if answer.startswith(b"+"):
            return Document.from_json(answer[1:])
        return _TOO_SLOW if is_late else _GAVE_UP

    def _connection(self) -> socket.socket:
        """Return a socket whose other end a new child gets."""
        mine, theirs = socket.socketpair()
        with self._lock, theirs:
            for _ in range(2):
                try:
                    socket.send_fds(self._started(), [b"f"], [theirs.fileno()])
                    return mine
                except OSError:
                    self._end()  # it was killed from outside: start another one
        mine.close()
        raise EngineError("The process that reads files does not start: see whether memory or processes run short.")

    def _started(self) -> socket.socket:
        if self._process is None or self._requests is None or self._process.poll() is not None:
            self._end()
            self._requests, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "intake.documents.worker"],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    env=_environment(os.environ),
                )
        return self._requests


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """Variables of the process: what Python needs, and no settings or secrets."""
    kept = {name: own[name] for name in _PASSED_ON if name in own}
    # Arenas of threads would count against the limit on memory.
    return {**kept, "PYTHONPATH": str(_ROOT), "MALLOC_ARENA_MAX": "1"}


def _received(connection: socket.socket) -> bytes:
    """Read an answer, up to the longest that is allowed."""
    parts: list[bytes] = []
    length = 0
    while length <= limits.MAX_ANSWER_BYTES:
        part = connection.recv(1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)
        length += len(part)
    return b""


def shown(name: str) -> str:
    """Return a file's name as messages show it: one line, without its folder, 80 characters at most.

    >>> shown("a/b/cv\\n.pdf"), shown("")
    ('cv .pdf', 'The file')
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    return " ".join("".join(letter if letter.isprintable() else " " for letter in last).split())[:80] or "The file"


_SHARED = Sandbox()
atexit.register(_SHARED.close)


def shared() -> Sandbox:
    """Return the one sandbox of this program."""
    return _SHARED
