"""The BentoML service: packaging, health and metrics around the endpoint of `serving.api.app`."""

import ctypes
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import bentoml
import bentoml._internal.server
from starlette.applications import Starlette

from home.settings import Settings
from matching.errors import MissingInput, StorageError, TandemError
from serving.answers.loading import load_model
from serving.answers.served_model import ServedModel
from serving.api.app import create_app
from serving.api.paths import HEALTH, KnownPaths, paths

logger = logging.getLogger("bentoml.tandem")  # below BentoML's own logger, so that the service prints its messages

# BentoML ships a Swagger UI that reads OpenAPI 3.1, which FastAPI writes; swagger-ui-bundle's 4.15 does not.
PAGE_FILES = Path(bentoml._internal.server.__file__).parent / "static_content"

app = create_app(PAGE_FILES)
_PR_SET_PDEATHSIG = 1


def bundle_folder() -> Path:
    """Return the folder of the model: the one inside the Bento, otherwise that of `TANDEM_BUNDLE`.

    Raises:
        MissingInput: neither exists.
    """
    here = Path(__file__).resolve().parent
    for folder in (here.parent / "bundle", here / "bundle"):
        if folder.is_dir():
            return folder
    if configured := os.environ.get("TANDEM_BUNDLE"):
        return Path(configured)
    raise MissingInput("no model to serve: build a Bento with `make deploy`, or set TANDEM_BUNDLE to a bundle")


def _end_with_the_supervisor() -> None:
    """Let Linux stop this worker when its parent dies: a killed parent cannot stop its workers."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class _Service(bentoml.Service[Any]):  # type: ignore[misc]  # BentoML ships no types
    """BentoML's service behind `KnownPaths`. Middlewares added through BentoML would run after its metrics."""

    __slots__ = ()

    def to_asgi(self, is_main: bool = True) -> Starlette:
        """Build the application that the worker runs."""
        built: Starlette = super().to_asgi(is_main)
        built.add_middleware(KnownPaths, known=(*HEALTH, *paths(app.routes)))
        return built


@bentoml.service(
    name="tandem_match",
    service_class=_Service,
    workers=1,
    traffic={"timeout": 60},
    # The access log repeats paths and headers that callers wrote. The metrics count the same requests.
    logging={"access": {"enabled": False}},
    # Without an exporter spans go nowhere, and they cost more than a prediction.
    tracing={"excluded_urls": ".*"},
)
@bentoml.asgi_app(app)
class TandemMatch:
    """Calibrated match probabilities of candidates and jobs."""

    def __init__(self) -> None:
        _end_with_the_supervisor()
        self._lock = threading.Lock()
        self._may_start = True
        self._start()

    def __is_ready__(self) -> bool:
        """Return whether a verified model is loaded and the log can be written; load again if the database was down."""
        with self._lock:
            if self._served is None and self._may_start:
                self._start()
        return self._served is not None and self._served.is_ready()

    def __metrics__(self, metrics: str) -> str:
        """Add the prediction log's own metrics to those of BentoML."""
        from serving.metrics import exposition  # BentoML must set up prometheus_client first

        return metrics if self._served is None else metrics + exposition(self._served.log)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]  # BentoML ships no types
    def close(self) -> None:
        """Write the predictions that are waiting."""
        if self._served is not None:
            self._served.close()

    @property
    def _served(self) -> ServedModel | None:
        served: ServedModel | None = app.state.served
        return served

    def _start(self) -> None:
        """Load the model. If it is refused, the service stays alive but not ready, and its output says why."""
        try:
            app.state.served = load_model(Settings(), bundle_folder())
        except TandemError as error:
            self._may_start = isinstance(error, StorageError)
            logger.error("not ready: %s: %s", type(error).__name__, error)
