"""The paths that are answered: every other one gets one name before anything counts or repeats it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

HEALTH = ("/livez", "/healthz", "/readyz", "/metrics")
UNKNOWN = "/unknown"


def paths(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """Every path that routes answer, with one for each file of a folder."""
    for route in routes:
        if isinstance(route, Route):
            yield route.path
        elif isinstance(route, Mount) and isinstance(route.app, StaticFiles):
            yield from (f"{route.path}/{file.name}" for file in Path(str(route.app.directory)).iterdir())


class KnownPaths:
    """ASGI middleware that hands on unknown paths as `/unknown`: BentoML makes every path a label of its metrics.

    Args:
        app: what answers.
        known: the paths that are handed on as they are.
    """

    def __init__(self, app: ASGIApp, known: Iterable[str]) -> None:
        self.app = app
        self.known = frozenset(known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if "path" in scope and scope["path"] not in self.known:
            scope = {**scope, "path": UNKNOWN, "raw_path": UNKNOWN.encode()}
        await self.app(scope, receive, send)
