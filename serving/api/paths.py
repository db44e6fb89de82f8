"""The paths that the service answers. All others get one name before anything counts or prints them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

HEALTH = ("/livez", "/healthz", "/readyz", "/metrics")
UNKNOWN = "/unknown"


def paths(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """Yield every path that routes answer, including each file of a folder."""
    for route in routes:
        if isinstance(route, Route):
            yield route.path
        elif isinstance(route, Mount) and isinstance(route.app, StaticFiles):
            yield from (f"{route.path}/{file.name}" for file in Path(str(route.app.directory)).iterdir())


class KnownPaths:
    """ASGI middleware that passes unknown paths on as `/unknown`, because BentoML's metrics label every path.

    Args:
        app: the application.
        known: paths that are passed on unchanged.
    """

    def __init__(self, app: ASGIApp, known: Iterable[str]) -> None:
        self.app = app
        self.known = frozenset(known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if "path" in scope and scope["path"] not in self.known:
            scope = {**scope, "path": UNKNOWN, "raw_path": UNKNOWN.encode()}
        await self.app(scope, receive, send)
