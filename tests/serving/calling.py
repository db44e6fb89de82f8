"""How tests call the application itself, without a server."""

import asyncio
import json
from typing import Any

import httpx
from fastapi import FastAPI

from serving.answers.served_model import ServedModel

MARKED = "Zweihundertfuenfzig-Secret-Text"


def call(app: FastAPI, path: str, body: Any) -> httpx.Response:
    """Post a JSON body."""

    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})

    app.state.limiter = None
    return asyncio.run(post())


class Client:
    """Calls the real application, without a socket."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        if "content" not in options:
            options["content"] = json.dumps(body)
        options["headers"] = {"content-type": "application/json"} | options.get("headers", {})
        return self.send("POST", path, **options)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
                return await client.request(method, path, **options)

        self.app.state.limiter = None
        return asyncio.run(call())

    def match(self, *pairs: Any) -> httpx.Response:
        return self.post("/v1/match", {"pairs": list(pairs)})

    @property
    def served(self) -> ServedModel:
        served: ServedModel = self.app.state.served
        return served


def details(response: httpx.Response, status: int = 422) -> dict[str, Any]:
    """The refused fields with their limits; the body has the documented form and repeats no value."""
    assert response.status_code == status, response.text
    assert MARKED not in response.text
    error = response.json()["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["message"]
    return {detail["field"]: detail["limit"] for detail in error["details"]}
