"""Whether a service is up: its address, its readiness, and the model it reports."""

import ipaddress
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

from matching.data.progress import Progress
from matching.errors import EngineError

if TYPE_CHECKING:  # importing it takes a fifth of a second, too long for `tandem status`
    import httpx

READY_SECONDS = 120.0
POLL_SECONDS = 0.2
SAY_SECONDS = 10.0
LOOK_SECONDS = 2.0
FAILED_START = "Application startup failed"  # uvicorn's words
FAILED_STARTS = 3


def url(address: str, port: int) -> str:
    """Return the URL at which this machine reaches a service that listens on an address."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 compared with, not listened on
    host = anywhere.get(address, address)
    try:
        bracketed = ipaddress.ip_address(host).version == 6
    except ValueError:
        bracketed = False
    return f"http://[{host}]:{port}" if bracketed else f"http://{host}:{port}"


def client(address: str, timeout_seconds: float = 10.0) -> "httpx.Client":
    """Return a client for a service of this machine; it ignores proxies of the environment."""
    import httpx

    return httpx.Client(base_url=address, timeout=timeout_seconds, trust_env=False)


def is_ready(address: str) -> bool:
    """Whether the service reports that it is ready."""
    try:
        with build_opener(ProxyHandler({})).open(f"{address}/readyz", timeout=2.0) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, HTTPException):
        return False


def wait_until_ready(
    address: str,
    *,
    runs: Callable[[], bool],
    output: Callable[[], str],
    progress: Progress,
    timeout_seconds: float | None = None,
) -> float:
    """Wait until the service is ready and return how many seconds that took.

    Args:
        address: where it answers.
        runs: returns whether it is still running.
        output: returns the end of what it printed.
        progress: receives a line from time to time.
        timeout_seconds: how long to wait; READY_SECONDS by default.

    Raises:
        EngineError: it ended, failed to start repeatedly, or was not ready in time.
    """
    timeout_seconds = READY_SECONDS if timeout_seconds is None else timeout_seconds
    began = said = looked = time.monotonic()
    while not is_ready(address):
        now = time.monotonic()
        if not runs():
            raise EngineError(f"the service ended while starting: {_reason(output())}")
        if now - began > timeout_seconds:
            raise EngineError(f"the service was not ready within {timeout_seconds:.0f} s: {_reason(output())}")
        if now - looked > LOOK_SECONDS:
            looked = now
            _give_up_if_failing(output())
        if now - said > SAY_SECONDS:
            said = now
            progress(f"waiting for the service, {now - began:.0f} of at most {timeout_seconds:.0f} s")
        time.sleep(POLL_SECONDS)
    return time.monotonic() - began


def _give_up_if_failing(printed: str) -> None:
    """Raise EngineError for a worker that fails at every start: it is restarted forever and will not recover."""
    if printed.count(FAILED_START) >= FAILED_STARTS or "not ready: TamperedModel" in printed:
        raise EngineError(f"the service does not start: {_reason(printed)}")


def _reason(printed: str) -> str:
    """Return the last line that gives the reason why a service is not ready."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    reasons = [line for line in lines if "Error" in line or "not ready" in line]
    return (reasons or lines or ["it printed nothing"])[-1][:300]


def model(address: str) -> dict[str, Any]:
    """Return what the service reports about its model.

    Raises:
        EngineError: it does not answer.
    """
    import httpx

    try:
        with client(address) as http:
            answer = http.get("/v1/model")
            answer.raise_for_status()
            described: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise EngineError(f"the service at {address} does not describe its model: {type(error).__name__}") from error
    return described
