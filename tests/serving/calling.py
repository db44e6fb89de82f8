"""How tests call the application: in this process, mostly without a socket."""

import asyncio
import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp

from serving.answers.served_model import ServedModel

MARKED = "Zweihundertfuenfzig-Secret-Text"
JSON = {"content-type": "application/json"}

Send = Callable[..., httpx.Response]
"""Sends one request: method, path and options of `httpx.AsyncClient.request`."""


async def _request(app: ASGIApp, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.request(method, path, **options)


def call(app: FastAPI, path: str, body: Any) -> httpx.Response:
    """Post a JSON body."""
    return Client(app).post(path, body)


class Client:
    """Calls the endpoint's application, without a socket."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        if "content" not in options:
            options["content"] = json.dumps(body)
        options["headers"] = JSON | options.get("headers", {})
        return self.send("POST", path, **options)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        self.app.state.limiter = None  # it belongs to the event loop of the previous request
        return asyncio.run(_request(self.app, method, path, options))

    def match(self, *pairs: Any) -> httpx.Response:
        return self.post("/v1/match", {"pairs": list(pairs)})

    @property
    def served(self) -> ServedModel:
        served: ServedModel = self.app.state.served
        return served


@contextmanager
def worker(bundle: Path, home: Path, **variables: str) -> Iterator[Send]:
    """Start and stop what BentoML's worker runs, in this process. Only `/metrics` needs the worker itself."""
    service = bentoml_service()
    service.app.state.served = service.app.state.limiter = None  # of the previous start
    app = _application()
    with pytest.MonkeyPatch.context() as environment, start_blocking_portal() as portal:
        settings = {"TANDEM_BUNDLE": str(bundle), "TANDEM_HOME": str(home)} | variables
        for name, value in settings.items():
            environment.setenv(name, value)
        with portal.wrap_async_context_manager(app.router.lifespan_context(app)):
            yield lambda method, path, **options: portal.call(_request, app, method, path, options)


@contextmanager
def listening(app: ASGIApp) -> Iterator[str]:
    """Let an application answer on a port of loopback; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", ws="none", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@cache
def _application() -> Starlette:
    """Build BentoML's application; once, because a process can register its metrics only once."""
    built: Starlette = bentoml_service().TandemMatch.to_asgi()
    return built


def bentoml_service() -> Any:
    """The module `serving.service`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # BentoML 1.4.39 uses a deprecated name of pathspec
        from serving import service
    return service


def details(response: httpx.Response, status: int = 422) -> dict[str, Any]:
    """The refused fields with their limits; the body has the documented form and repeats no value."""
    assert response.status_code == status, response.text
    assert MARKED not in response.text
    error = response.json()["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["message"]
    return {detail["field"]: detail["limit"] for detail in error["details"]}
