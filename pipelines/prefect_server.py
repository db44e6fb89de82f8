"""A temporary Prefect server for one command, which starts while the command imports everything else.

Prefect's own temporary server starts only with the flow, so that the training waits for it. This one listens on a
socket that its parent opened, so that no port is guessed, and ends with its parent, however that ends.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from home import garbage, lock
from home.settings import Settings
from matching.errors import EngineError
from pipelines.environment import prefect_variables, provide
from pipelines.registry.failures import explained

HOST = "127.0.0.1"
PROJECT = Path(__file__).parents[1]
START_SECONDS = 120.0
POLL_SECONDS = 0.1
STOP_SECONDS = 5.0
URL = "PREFECT_API_URL"
TEMPORARY = {
    # The variables of Prefect's own temporary server.
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    # The log must say why the server ended; the training itself stays quiet.
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
}


@dataclass(frozen=True)
class TemporaryServer:
    """A server that is starting.

    Attributes:
        process: process of the server.
        url: address of its API.
        log: file with its output.
    """

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    def wait(self) -> None:
        """Return once the server answers.

        Raises:
            EngineError: the server ended, or did not answer in time.
        """
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None:
                raise EngineError(f"Prefect's temporary server ended while starting: see {self.log}")
            if time.monotonic() > until:
                raise EngineError(f"Prefect's temporary server did not answer in {START_SECONDS:.0f} s: see {self.log}")
            time.sleep(POLL_SECONDS)

    def _answers(self) -> bool:
        import httpx

        try:
            return httpx.get(f"{self.url}/health", timeout=START_SECONDS, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """End the server and wait for its end; closing the pipe would not wait."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()


@contextmanager
def temporary(settings: Settings) -> Iterator[TemporaryServer | None]:
    """Run a server during the block; None if `PREFECT_API_URL` names one.

    Raises:
        BusyError: another command of this home runs one.
        StorageError: the home cannot be written to, or its disk is full.
    """
    if URL in os.environ:
        yield None
        return
    # Two servers that start in a new home would both create its database, and one of them would fail.
    with explained(settings.root), lock.held(settings, "prefect", "a training"):
        server = _start(settings)
        os.environ[URL] = server.url
        try:
            yield server
        finally:
            os.environ.pop(URL, None)
            server.stop()


def _start(settings: Settings) -> TemporaryServer:
    provide(prefect_variables(settings))
    home = settings.make_root() / "prefect"
    home.mkdir(exist_ok=True)
    # -P leaves out the working directory: a module in it must not hide one of ours.
    command = [sys.executable, "-P", "-m", __name__]
    with socket.create_server((HOST, 0)) as listening, (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, str(listening.fileno())],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | TEMPORARY | {"PYTHONPATH": str(PROJECT)},
            pass_fds=(listening.fileno(),),
            start_new_session=True,  # Ctrl-C must reach only the training, which still reports to the server
        )
        return TemporaryServer(process, f"http://{HOST}:{listening.getsockname()[1]}/api", home / "server.log")


def _end_with_parent() -> None:
    """Exit once the parent's end of the pipe is closed, even after `kill -9`."""
    os.read(sys.stdin.fileno(), 1)  # holds no lock of Python, which would block the exit
    os._exit(0)


def main() -> None:
    """Serve on the inherited socket."""
    garbage.tune()
    import uvicorn  # Prefect brings it

    threading.Thread(target=_end_with_parent, daemon=True).start()
    uvicorn.run("prefect.server.api.server:create_app", factory=True, fd=int(sys.argv[1]), log_level="error")


if __name__ == "__main__":
    main()
