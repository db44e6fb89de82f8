"""A program that forks service workers: `python -P worker_host.py FD`.

Importing the libraries takes most of a service's start. The host imports them once, and every worker it forks starts
with them loaded: the trial, the service that follows it, and each worker that replaces a crashed one. It imports
nothing of Tandem: a worker runs the code in its Bento.

Each line that comes in on the socket FD is a request to start a worker: a JSON object with `bento`, `address`, `port`,
`environment`, `log`, `metrics` and `stays`. Each is answered with one line. A worker that stays is the service: the
host keeps its socket, replaces it if it crashes, and goes on after FD is closed. Without a service, the host ends then.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

BACKLOG = 2048
RESTART_SECONDS = 1.0
SERVICE_NAME = "tandem_match"
# None may start threads, which could hold locks when a worker is forked: no polars, no onnxruntime.
LIBRARIES = (
    "_bentoml_impl.worker.service",
    "_bentoml_impl.server",
    "bentoml._internal.service.loader",
    "fastapi.openapi.utils",
    "pydantic_settings",
    "scipy.sparse",
    "scipy.special",
    "sqlalchemy.orm",
    "uvicorn",
)
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)

Request = dict[str, Any]


class Host:
    """Forks workers as requested and looks after the one that stays.

    Args:
        control: where requests come from.
    """

    def __init__(self, control: socket.socket) -> None:
        self.control: socket.socket | None = control
        self.workers: dict[int, bool] = {}  # whether each one stays, by process number
        self.service: tuple[Request, socket.socket] | None = None
        self.restart_at: float | None = None
        self.stopping = False
        self.pending = b""
        self.signals, self.wake = os.pipe()
        os.set_blocking(self.wake, False)
        signal.set_wakeup_fd(self.wake)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.signals, selectors.EVENT_READ, self.take_signals)
        self.selector.register(control, selectors.EVENT_READ, self.take_requests)

    def run(self) -> None:
        """Work until the last worker has ended and no request can come."""
        while self.workers or not self.stopping:
            wait = None if self.restart_at is None else max(0.0, self.restart_at - time.monotonic())
            for key, _ in self.selector.select(wait):
                key.data()
            if self.restart_at is not None and time.monotonic() >= self.restart_at and not self.stopping:
                self.restart()

    def take_signals(self) -> None:
        """Stop on SIGTERM and SIGINT; notice workers that ended."""
        if {signal.SIGTERM, signal.SIGINT} & set(os.read(self.signals, 4096)):
            self.stop()
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                # An imported library may have started it.
                if self.workers.pop(pid, False) and not self.stopping:
                    print(f"worker {pid} ended with {os.waitstatus_to_exitcode(status)}", flush=True)  # noqa: T201
                    self.restart_at = time.monotonic() + RESTART_SECONDS

    def take_requests(self) -> None:
        """Answer every whole line; the end of the control socket ends a host without a service."""
        assert self.control is not None  # noqa: S101 for mypy: it is registered as long as it is open
        data = self.control.recv(65536)
        if not data:
            self.selector.unregister(self.control)
            self.control.close()
            self.control = None
            if self.service is None:
                self.stop()
            return
        *lines, self.pending = (self.pending + data).split(b"\n")
        for line in lines:
            self.control.sendall(json.dumps(self.answer(json.loads(line))).encode() + b"\n")

    def answer(self, request: Request) -> dict[str, Any]:
        """Start a worker; return its process number, or why it cannot listen."""
        try:
            listener = listen(request["address"], request["port"])
        except OSError as error:
            return {"error": error.strerror}
        shutil.rmtree(request["metrics"], ignore_errors=True)
        Path(request["metrics"]).mkdir(parents=True)
        if request["stays"]:
            self.service = (request, listener)
            redirect(request["log"])
        pid = self.fork(request, listener)
        if not request["stays"]:
            listener.close()
        return {"pid": pid}

    def fork(self, request: Request, listener: socket.socket) -> int:
        """Start a worker and return its process number."""
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self.become_worker(request, listener)
        self.workers[pid] = bool(request["stays"])
        return pid

    def become_worker(self, request: Request, listener: socket.socket) -> None:
        """Close what belongs to the host, then serve; never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.selector.close()
            os.close(self.signals)
            os.close(self.wake)
            if self.control is not None:
                self.control.close()
            redirect(request["log"])
            code = work(request, listener)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def restart(self) -> None:
        """Replace the worker of the service, which crashed."""
        self.restart_at = None
        if self.service is not None:
            self.fork(*self.service)

    def stop(self) -> None:
        """Let every worker finish its requests and end."""
        self.stopping = True
        for pid in self.workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def listen(address: str, port: int) -> socket.socket:
    """Open the socket on which a worker accepts connections; they wait in it while no worker is running."""
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def redirect(log: str) -> None:
    """Append what this process prints to a file."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)


def work(request: Request, listener: socket.socket) -> int:
    """Serve the Bento on a socket, as BentoML's own supervisor would have its worker do; return the exit code."""
    os.environ.clear()
    os.environ.update(request["environment"] | {"PROMETHEUS_MULTIPROC_DIR": request["metrics"]})
    bento = request["bento"]
    os.chdir(bento)
    print(f"serving {bento} on {request['address']} port {request['port']}", flush=True)  # noqa: T201 the log
    from _bentoml_impl.worker.service import main as serve  # type: ignore[import-untyped]  # BentoML ships no types

    options = ["--service-name", SERVICE_NAME, "--worker-id", "1", "--args", "{}", "--backlog", str(BACKLOG)]
    try:
        serve([bento, "--fd", str(listener.detach()), *options])
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    """Import the libraries, then take requests."""
    control = socket.socket(fileno=int(sys.argv[1]))
    if sys.platform == "linux":  # elsewhere a loaded library may not survive a fork
        gc.disable()
        for name in LIBRARIES:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        gc.collect()
        gc.freeze()  # no worker searches what it shares with the host, and so neither touches nor copies it
        gc.enable()
    Host(control).run()


if __name__ == "__main__":
    main()
