"""The BentoML service: packaging, health and metrics around the endpoint of `serving.api.app`."""

import ctypes
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bentoml
import bentoml._internal.server
from starlette.applications import Starlette

from home.settings import Settings
from matching.errors import MissingInput, StorageError, TandemError
from serving.api.app import create_app
from serving.api.paths import HEALTH, KnownPaths, paths

if TYPE_CHECKING:
    from serving.answers.matcher import Matcher

logger = logging.getLogger("bentoml.tandem")  # below BentoML's own logger, whose messages the service prints

# BentoML ships a Swagger UI that reads OpenAPI 3.1, which FastAPI writes; swagger-ui-bundle's 4.15 does not.
PAGE_FILES = Path(bentoml._internal.server.__file__).parent / "static_content"

app = create_app(PAGE_FILES)
_PR_SET_PDEATHSIG = 1


def bundle_folder() -> Path:
    """Folder of the model: inside the Bento, else the setting `TANDEM_BUNDLE`.

    Raises:
        MissingInput: there is neither.
    """
    here = Path(__file__).resolve().parent
    for folder in (here.parent / "bundle", here / "bundle"):
        if folder.is_dir():
            return folder
    if named := os.environ.get("TANDEM_BUNDLE"):
        return Path(named)
    raise MissingInput("there is no model to serve: build a Bento with `make deploy`, or set TANDEM_BUNDLE to a bundle")


def _end_with_the_supervisor() -> None:
    """Ask Linux to stop this worker when the process that started it dies: one that is killed takes nothing along."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class _Service(bentoml.Service[Any]):  # type: ignore[misc]  # BentoML ships no types
    """BentoML's service behind `KnownPaths`: middlewares that BentoML takes itself come after its metrics."""

    __slots__ = ()

    def to_asgi(self, is_main: bool = True) -> Starlette:
        """Build what the worker runs."""
        built: Starlette = super().to_asgi(is_main)
        built.add_middleware(KnownPaths, known=(*HEALTH, *paths(app.routes)))
        return built


@bentoml.service(
    name="tandem_match",
    service_class=_Service,
    workers=1,
    traffic={"timeout": 60},
    # The access log repeats paths and headers that callers wrote; metrics count the same requests.
    logging={"access": {"enabled": False}},
    # Spans go nowhere unless an exporter is set up, and cost more than a prediction.
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
        """Whether a verified model is loaded and the log can be written; tries again if the database was away."""
        with self._lock:
            if self._matcher is None and self._may_start:
                self._start()
        return self._matcher is not None and self._matcher.is_ready()

    def __metrics__(self, metrics: str) -> str:
        """Add the prediction log's own figures to BentoML's."""
        if self._matcher is None:
            return metrics
        log = self._matcher.log
        return metrics + "".join(
            f"# HELP tandem_log_{name} {words}\n# TYPE tandem_log_{name} {kind}\ntandem_log_{name} {value}\n"
            for name, words, kind, value in (
                ("write_failures_total", "Batches that could not be written at once.", "counter", log.failures),
                ("written_predictions_total", "Predictions written.", "counter", log.written),
                ("waiting_predictions", "Predictions not written yet.", "gauge", log.waiting),
            )
        )

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]  # BentoML ships no types
    def close(self) -> None:
        """Write what is waiting."""
        if self._matcher is not None:
            self._matcher.close()

    @property
    def _matcher(self) -> "Matcher | None":
        matcher: Matcher | None = app.state.matcher
        return matcher

    def _start(self) -> None:
        """Load the model; a refused one leaves the service alive and not ready, with the reason in its log."""
        from serving.answers.matcher import load_matcher  # heavy; the supervisor of the worker imports this module too

        try:
            app.state.matcher = load_matcher(Settings(), bundle_folder())
        except TandemError as error:
            self._may_start = isinstance(error, StorageError)
            logger.error("not ready: %s: %s", type(error).__name__, error)
