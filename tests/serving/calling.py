"""How tests call the application itself, without a server."""

import asyncio
import json
from typing import Any

import httpx
from fastapi import FastAPI


def call(app: FastAPI, path: str, body: Any) -> httpx.Response:
    """Post a JSON body."""

    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})

    app.state.limiter = None
    return asyncio.run(post())
