"""How long an answer takes: a service of its own beside the real one, so that no measurement enters the real log."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.settings import Settings
from tandem.console import out, steps, table
from tandem.releases import champion, fetched

Seconds = NDArray[np.float64]

REQUESTS = 300
WARM_UP = 30
MANY = 100


def measure(settings: Settings) -> None:
    """Measure the champion over HTTP on one connection and in process; print a table.

    The peer of the HTTP figures is `GET /livez` of the same service in the same run: what a request costs that
    does nothing. The peer of the figures in process is scoring one pair.
    """
    rows = []
    with steps("measuring") as say, fetched(settings, champion(settings)) as release:
        say("in process")
        rows += _against_first(_in_process(release.bundle))
        with _own_service(settings, release, say) as address:
            say(f"over HTTP, {REQUESTS} requests each, one after the other")
            rows += _against_first(_over_http(address))
    table(None, ["what", "median ms", "99 % ms", "times the peer"], rows)
    out.print("[dim]peers: the first line for the figures in process, GET /livez for those over HTTP[/dim]")


@contextmanager
def _own_service(settings: Settings, release: Any, say: Callable[[str], None]) -> Iterator[str]:
    from serving import deployment, ports

    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        own = settings.model_copy(
            update={"home": Path(folder), "port": ports.free_port(), "engine": "process", "database_url": None}
        )
        try:
            yield deployment.deploy(own.model_copy(update={"require_container": False}), release, say).address
        finally:
            deployment.stop(own)


def _in_process(bundle: Path) -> list[tuple[str, Seconds]]:
    """Seconds of each call, by name."""
    from matching.dataset import Pairs
    from matching.model import MatchModel
    from matching.tables import CandidateProfile, JobProfile, frame
    from serving import examples

    model = MatchModel.load(bundle)
    candidates = [{**examples.ADA, "candidate_id": f"bench-{number}"} for number in range(MANY)]
    jobs = frame(JobProfile, [examples.BACKEND])

    def pairs(count: int) -> Pairs:
        rows = np.arange(count, dtype=np.int64)
        return Pairs(frame(CandidateProfile, candidates[:count]), jobs, rows, np.zeros_like(rows))

    one, many = pairs(1), pairs(MANY)
    return [
        ("score one pair, in process", _timed(lambda: model.score(one))),
        (f"score {MANY} pairs of one job, in process", _timed(lambda: model.score(many))),
    ]


def _over_http(address: str) -> list[tuple[str, Seconds]]:
    import httpx

    from serving import examples

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


def _timed(call: Callable[[], object]) -> Seconds:
    """Seconds of each call, shape (REQUESTS,), after a warm-up."""
    for _ in range(WARM_UP):
        call()
    seconds = np.empty(REQUESTS)
    for number in range(REQUESTS):
        began = time.perf_counter()
        call()
        seconds[number] = time.perf_counter() - began
    return seconds


def _against_first(measured: list[tuple[str, Seconds]]) -> list[list[str]]:
    peer = float(np.median(measured[0][1]))
    return [
        [
            name,
            f"{1000 * np.median(seconds):.2f}",
            f"{1000 * np.quantile(seconds, 0.99):.2f}",
            f"{np.median(seconds) / peer:.1f}",
        ]
        for name, seconds in measured
    ]
