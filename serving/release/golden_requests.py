"""Golden requests: over real HTTP, a deployed model must return the scores it returned in training."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matching.errors import GoldenMismatch, ModelError
from matching.model import GOLDEN_REQUESTS
from serving.release import health

if TYPE_CHECKING:
    import httpx

TOLERANCE = 1e-6
SCORES = ("company", "candidate", "match")


@dataclass(frozen=True)
class GoldenRequest:
    """A request and the scores that answered it in training.

    Attributes:
        pair: the candidate and the job, as a client sends them.
        scores: probability by name; None for a direction without labels.
    """

    pair: dict[str, Any]
    scores: dict[str, float | None]


def read(bundle: Path) -> list[GoldenRequest]:
    """Read the golden requests of a bundle.

    Raises:
        ModelError: the file is missing, empty or not as described in `docs/decisions/0001-the-first-complete-path.md`.
    """
    path = bundle / GOLDEN_REQUESTS
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
        requests = [
            GoldenRequest(
                {"candidate": case["candidate"], "job": case["job"]},
                {name: case["scores"].get(name) for name in SCORES},
            )
            for case in cases
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} contains no golden requests: train again") from error
    if not requests or any(request.scores["match"] is None for request in requests):
        raise ModelError(f"{path} contains no golden requests with a match score: train again")
    return requests


def check(address: str, requests: list[GoldenRequest]) -> float:
    """Send every request and return the largest difference from the scores in training.

    Raises:
        GoldenMismatch: a score differs by more than 1e-6, or a request is refused.
    """
    with health.client(address, 30.0) as http:
        return max(_check(http, number, request) for number, request in enumerate(requests))


def _check(http: "httpx.Client", number: int, request: GoldenRequest) -> float:
    import httpx

    try:
        answer = http.post("/v1/match", json={"pairs": [request.pair]})
    except httpx.HTTPError as error:
        raise GoldenMismatch(f"golden request {number} got no answer: {type(error).__name__}") from error
    if answer.status_code != httpx.codes.OK:
        raise GoldenMismatch(f"golden request {number} was refused with status {answer.status_code}: train again")
    prediction = answer.json()["predictions"][0]
    largest = 0.0
    for name, expected in request.scores.items():
        got = prediction[f"{name}_probability"]
        if (got is None) != (expected is None):
            raise _mismatch(number, name, expected, got)
        if got is not None and expected is not None:
            difference = abs(got - expected)
            if not difference <= TOLERANCE:
                raise _mismatch(number, name, expected, got)
            largest = max(largest, difference)
    return largest


def _mismatch(number: int, name: str, expected: float | None, got: float | None) -> GoldenMismatch:
    return GoldenMismatch(
        f"golden request {number}: {name} was {_shown(expected)} in training and is {_shown(got)} when served, "
        f"more than {TOLERANCE:g} apart: the model was not deployed; train it again with the installed packages"
    )


def _shown(score: float | None) -> str:
    return "absent" if score is None else f"{score:.9f}"
