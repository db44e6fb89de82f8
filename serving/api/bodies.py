"""Bounds the cost of requests: how many at once, how large, and how slow a body may be."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from fastapi import Request

from serving.contract.errors import ApiError

MAX_BODY_BYTES = 16 * 1024 * 1024
READ_SECONDS = 30.0
"""How long a caller may take to send a body."""
MAX_IN_FLIGHT = 64
"""Requests in progress at once: their bodies are held in memory while they wait for a core."""


@contextmanager
def slot(request: Request) -> Iterator[None]:
    """Take one of the slots for requests, whose number bounds the memory; raises ApiError."""
    state = request.app.state
    if state.in_flight >= MAX_IN_FLIGHT:
        raise ApiError(429, "too_many_requests", f"{MAX_IN_FLIGHT} requests are already in progress: try again")
    state.in_flight += 1
    try:
        yield
    finally:
        state.in_flight -= 1


async def read(request: Request) -> bytes:
    """Return the body of a request; raises ApiError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or request.headers.get("content-encoding"):
        raise ApiError(415, "unsupported_media_type", "send the body as plain application/json")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        with anyio.fail_after(READ_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        message = f"the body did not arrive within {READ_SECONDS:.0f} seconds: send it again"
        raise ApiError(408, "too_slow", message) from None
    return bytes(body)


def _too_large() -> ApiError:
    return ApiError(413, "too_large", f"the body is larger than {MAX_BODY_BYTES} bytes: send fewer pairs per request")
