"""Paths that callers make up get one name before anything counts or prints them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from serving.api.app import create_app
from serving.api.operations import OPERATIONS
from serving.api.paths import UNKNOWN, KnownPaths, paths


def seen_by_the_application(scope: Scope) -> Scope:
    """The scope that reaches an application behind `KnownPaths`."""
    seen: list[Scope] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def nothing(*_: Any) -> Any:
        raise AssertionError("neither received nor sent")

    asyncio.run(KnownPaths(application, ["/v1/match"])(scope, nothing, nothing))
    return seen[0]


def test_a_known_path_is_passed_on_unchanged() -> None:
    scope = {"type": "http", "path": "/v1/match", "raw_path": b"/v1/match"}
    assert seen_by_the_application(scope) == scope


@pytest.mark.parametrize("path", ["/v1/match/", "/v1/matches", "/a secret", ""])
def test_any_other_path_is_passed_on_as_unknown(path: str) -> None:
    scope = {"type": "http", "path": path, "raw_path": path.encode()}
    assert seen_by_the_application(scope) == {"type": "http", "path": UNKNOWN, "raw_path": UNKNOWN.encode()}


def test_what_has_no_path_is_passed_on_unchanged() -> None:
    assert seen_by_the_application({"type": "lifespan"}) == {"type": "lifespan"}


def test_the_application_knows_its_operations_its_pages_and_their_files(tmp_path: Path) -> None:
    (tmp_path / "page.css").touch()
    app = create_app(tmp_path)
    app.routes.append(Mount("/elsewhere", app=create_app(tmp_path)))  # an application has paths of its own
    known = list(paths(app.routes))
    assert {operation.path for operation in OPERATIONS} <= set(known)
    assert {"/", "/docs", "/openapi.json", "/docs/static/page.css"} <= set(known)
    assert not [path for path in known if path.startswith("/elsewhere")]
