"""How long an answer takes: a service of its own beside the real one, so that no measurement enters the real log."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tandem.console import out, steps, table
from tandem.options import Source, settings_from

if TYPE_CHECKING:
    from home.settings import Settings
    from matching.arrays import Floats
    from matching.model.match_model import MatchModel

    Seconds = Floats

REQUESTS = 300
WARM_UP = 30
MANY = 100


def bench(source: Source = None) -> None:
    """Measure the champion over HTTP and in process against named peers."""
    measure(settings_from(source=source))


def measure(settings: "Settings") -> None:
    """Measure the champion in process and over HTTP on one connection; print a table for each peer.

    Every peer runs in the same run: scikit-learn's own predict for the ONNX form, scoring one pair for scoring many,
    and `GET /livez` of the same service, a request that does nothing, for the endpoint.
    """
    from tandem.releases import champion, fetched

    with steps("measuring") as say, fetched(settings, champion(settings)) as release:
        say(f"in process, {REQUESTS} calls each")
        tables = [_forms(release.bundle, rows) for rows in (1, MANY)] + [_in_process(release.bundle)]
        with _own_service(settings, release, say) as address:
            say(f"over HTTP, {REQUESTS} requests each, one after the other")
            tables.append(_over_http(address))
    for measured in tables:
        out.print()
        table(None, ["what", "median ms", "99 % ms", f"times {measured[0][0]}"], _against_first(measured))


@contextmanager
def _own_service(settings: "Settings", release: Any, say: Callable[[str], None]) -> Iterator[str]:
    from serving.release import deployment, ports

    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        own = settings.model_copy(
            update={"home": Path(folder), "port": ports.free_port(), "engine": "process", "database_url": None}
        )
        try:
            yield deployment.deploy(own.model_copy(update={"require_container": False}), release, say).address
        finally:
            deployment.stop(own)


def _forms(bundle: Path, rows: int) -> "list[tuple[str, Seconds]]":
    """Trees of the champion's size on its own holdout: scikit-learn's predict beside the ONNX graph made of them.

    The bundle holds no scikit-learn model (it would be a pickle), so both forms are made of trees fitted here.
    """
    import numpy as np
    import polars as pl

    from matching.data.tables import Direction
    from matching.model import REFERENCE
    from matching.model.calibration import Sigmoid
    from matching.model.match_model import MatchModel
    from matching.onnx_session import open_session
    from matching.problems.estimators import fit_weighted
    from matching.training.direction_model import DirectionModel
    from matching.training.onnx_graph import match_graph

    reference = pl.read_parquet(bundle / REFERENCE)
    loaded = MatchModel.load(bundle)
    features = reference.select(loaded.feature_names).to_numpy().astype(np.float32)
    score = reference["match_probability"].to_numpy()
    unfitted = _unfitted(loaded)
    liked = (score > np.median(score)).astype(np.float64)
    trees = fit_weighted(unfitted, features, liked, np.ones(len(score)))
    model = DirectionModel(trees, Sigmoid(1.0, 0.0))
    session = open_session(match_graph({Direction.COMPANY: model}))
    some = features[:rows]
    named = f"{rows} row{'s' * (rows > 1)}"
    return [
        (f"scikit-learn, {named}", _timed(lambda: model.predict(some))),
        (f"ONNX, {named}", _timed(lambda: session.run(None, {"features": some}))),
    ]


def _unfitted(model: "MatchModel") -> Any:
    """Make unfitted trees with the champion's recorded settings; any other classifier comes from its problem."""
    from matching.problems import load_problem
    from matching.problems.estimators import Trees

    recorded, names = model.facts.get("settings", {}), Trees.__dataclass_fields__
    if names.keys() <= recorded.keys():
        return Trees(**{name: recorded[name] for name in names})(seed=0)
    return load_problem(model.source).estimator(seed=0)


def _in_process(bundle: Path) -> "list[tuple[str, Seconds]]":
    """The champion itself: encoding both profiles, features, trees and calibration."""
    import numpy as np

    from matching.data.dataset import Pairs
    from matching.data.tables import CandidateProfile, JobProfile, frame
    from matching.model.match_model import MatchModel
    from serving.contract import examples

    model = MatchModel.load(bundle)
    candidates = [{**examples.ADA, "candidate_id": f"bench-{number}"} for number in range(MANY)]
    jobs = frame(JobProfile, [examples.BACKEND])

    def pairs(count: int) -> Pairs:
        rows = np.arange(count, dtype=np.int64)
        return Pairs(frame(CandidateProfile, candidates[:count]), jobs, rows, np.zeros_like(rows))

    one, many = pairs(1), pairs(MANY)
    return [
        ("one pair in process", _timed(lambda: model.score(one))),
        (f"{MANY} pairs of one job in process", _timed(lambda: model.score(many))),
    ]


def _over_http(address: str) -> "list[tuple[str, Seconds]]":
    import httpx

    from serving.contract import examples

    candidates = [{**examples.ADA, "candidate_id": f"bench-{number}"} for number in range(MANY)]
    pairs = [{"candidate": candidate, "job": examples.BACKEND} for candidate in candidates]
    ranking = {"job": examples.BACKEND, "candidates": candidates, "limit": 10}
    with httpx.Client(base_url=address, trust_env=False, timeout=30) as http:

        def post(path: str, body: dict[str, Any]) -> Callable[[], object]:
            return lambda: http.post(path, json=body).raise_for_status()

        return [
            ("GET /livez", _timed(lambda: http.get("/livez").raise_for_status())),
            ("POST /v1/match, 1 pair", _timed(post("/v1/match", {"pairs": pairs[:1]}))),
            (f"POST /v1/match, {MANY} pairs", _timed(post("/v1/match", {"pairs": pairs}))),
            (f"POST /v1/rank/candidates, {MANY} candidates", _timed(post("/v1/rank/candidates", ranking))),
        ]


def _timed(call: Callable[[], object]) -> "Seconds":
    """Seconds of each call, shape (REQUESTS,), after a warm-up."""
    import numpy as np

    for _ in range(WARM_UP):
        call()
    seconds = np.empty(REQUESTS)
    for number in range(REQUESTS):
        began = time.perf_counter()
        call()
        seconds[number] = time.perf_counter() - began
    return seconds


def _against_first(measured: "list[tuple[str, Seconds]]") -> list[list[str]]:
    import numpy as np

    peer = float(np.median(measured[0][1]))
    return [
        [
            name,
            f"{1000 * np.median(seconds):.3f}",
            f"{1000 * np.quantile(seconds, 0.99):.3f}",
            f"{np.median(seconds) / peer:.3g}",
        ]
        for name, seconds in measured
    ]
