"""The process that reads files: it loads the libraries once, and forks a child with limits for every file.

`python -m intake.documents.worker` gets a socket as its standard input. Over it come the ends of further sockets, one
for each file: the child reads the file from it, writes the answer, and ends. Whatever a file does to its child, the
next file has a new one. Nothing is ever printed or logged.
"""

import json
import os
import resource
import signal
import socket
import sys

from intake.documents import limits
from intake.documents.reading import read
from intake.documents.refusal import FileRefused

TOO_LARGE = FileRefused(
    f"needs more than {limits.MAX_MEMORY_BYTES >> 20} MiB of memory", "save it as a simpler PDF or as text"
)
UNREADABLE = FileRefused("cannot be read", "save it as PDF or DOCX with another program")
TOO_DEEP = FileRefused("contains parts inside parts without end", "save it as a simpler PDF or as text")


def serve(requests: socket.socket) -> None:
    """Fork a child for every socket that arrives, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system forgets children that have ended
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            requests.close()
            with socket.socket(fileno=descriptors[0]) as connection:
                _answer(connection)
            os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


def _answer(connection: socket.socket) -> None:
    """Read one file within the limits, and answer."""
    _limit()
    try:
        name, content = _received(connection)
        answer = b"+" + _read(content, name)
    except FileRefused as refused:
        answer = b"-" + json.dumps([refused.problem, refused.remedy]).encode()
    connection.sendall(answer)


def _read(content: bytes, name: str) -> bytes:
    try:
        answer = read(content, name).to_json()
    except FileRefused:
        raise
    except MemoryError:
        raise TOO_LARGE from None
    except RecursionError:
        raise TOO_DEEP from None
    except Exception:
        # A message of a library may quote the file, so none is passed on.
        raise UNREADABLE from None
    if len(answer) > limits.MAX_ANSWER_BYTES:
        raise FileRefused(f"has more than {limits.MAX_CHARACTERS:,} characters", "send the pages of the resume alone")
    return answer


def _received(connection: socket.socket) -> tuple[str, bytes]:
    """Return the name and the content: the first line and the rest."""
    with connection.makefile("rb") as stream:
        name, _, content = stream.read().partition(b"\n")
    return name.decode(), content


def _limit() -> None:
    """Limit memory, time and files of this process; the system enforces them, whatever runs."""
    _at_most(resource.RLIMIT_AS, limits.MAX_MEMORY_BYTES)
    _at_most(resource.RLIMIT_FSIZE, 0)
    _at_most(resource.RLIMIT_CORE, 0)
    _at_most(resource.RLIMIT_CPU, int(limits.MAX_SECONDS) + 1)
    for kind, alarm in ((signal.ITIMER_REAL, signal.SIGALRM), (signal.ITIMER_PROF, signal.SIGPROF)):
        signal.signal(alarm, signal.SIG_DFL)
        signal.setitimer(kind, limits.MAX_SECONDS)


def _at_most(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def main() -> None:
    """Serve the socket that is the standard input."""
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as requests:
        serve(requests)


if __name__ == "__main__":
    main()
