"""Predictions: logged, then returned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from matching.arrays import Floats32
from matching.data.scores import Scores
from matching.model import support
from matching.model.support import Support
from matching.rules.hard_limits import HardLimit
from serving.answers.limits import broken_limits
from serving.answers.served_model import Call, ServedModel
from serving.contract.errors import model_failure
from serving.contract.responses import Prediction, Ranked, interval_of
from serving.sides import Payload
from store.answers import Answer
from store.predictions import UnknownPrediction

T = TypeVar("T")


@dataclass(frozen=True)
class Members:
    """One side of some predictions.

    Attributes:
        ids: the id of each prediction's profile.
        payloads: the profiles by id.
    """

    ids: list[str]
    payloads: Mapping[str, Payload]


class Probabilities(NamedTuple):
    """Finite probabilities of some predictions; empty for a direction the model does not have."""

    company: list[float]
    candidate: list[float]
    match: list[float]

    def of(self, place: int) -> dict[str, float | None]:
        """Fields of one prediction."""
        return {
            "match_probability": self.match[place],
            "company_probability": self.company[place] if self.company else None,
            "candidate_probability": self.candidate[place] if self.candidate else None,
        }


def record(
    served: ServedModel,
    call: Call,
    scores: Scores,
    candidates: Members,
    jobs: Members,
    *,
    prediction_ids: list[str] | None = None,
    ranked_from: int | None = None,
    broken: Sequence[Sequence[HardLimit]] = (),
    excluded: Mapping[HardLimit, int] | None = None,
) -> list[Prediction]:
    """Queue predictions for the log and return them as the response shows them.

    Args:
        served: the model and its log.
        call: the request.
        scores: shape (n_predictions,), like everything below.
        candidates: the candidates.
        jobs: the jobs.
        prediction_ids: ids; derived from the request's id by default.
        ranked_from: for a ranking, the number of profiles compared.
        broken: hard limits that each pair breaks; of a ranking, those that were relaxed. Empty: none.
        excluded: for a ranking, the number of pairs that each limit excluded.

    Raises:
        ApiError: the model returned no finite number.
        StorageError: the log cannot keep up or cannot be written.
    """
    probabilities = Probabilities(*map(_numbers, (scores.company, scores.candidate, scores.match)))
    ids = prediction_ids or [f"{call.request_id}-{place}" for place in range(len(candidates.ids))]
    served.log.append(
        Answer(
            request_id=call.request_id,
            predicted_at=call.now,
            prediction_ids=ids,
            candidate_ids=candidates.ids,
            job_ids=jobs.ids,
            features=scores.features,
            company=scores.company,
            candidate=scores.candidate,
            match=scores.match,
            candidates=candidates.payloads,
            jobs=jobs.payloads,
            ranked_from=ranked_from,
            broken_limits=broken,
            excluded={limit.value: pairs for limit, pairs in (excluded or {}).items()},
        )
    )
    intervals = served.supports.get(support.MATCH, Support()).intervals(scores.match, scores.features)
    return [
        Prediction(
            prediction_id=ids[place],
            candidate_id=candidates.ids[place],
            job_id=jobs.ids[place],
            broken_limits=broken_limits(broken[place]) if broken else [],
            **probabilities.of(place),
            **interval_of(intervals[place]),
        )
        for place in range(len(ids))
    ]


def ranked(predictions: Sequence[Prediction]) -> list[Ranked]:
    """Number predictions that are in their final order."""
    return [
        Ranked(position=i, relaxed=[one.limit for one in prediction.broken_limits], **prediction.model_dump())
        for i, prediction in enumerate(predictions, start=1)
    ]


def from_log(served: ServedModel, read: Callable[[], T]) -> T:
    """Read the log, once more after writing what is queued: a prediction may be answered but not written yet.

    Raises:
        UnknownPrediction: the log has no such prediction.
    """
    try:
        return read()
    except UnknownPrediction:
        served.log.flush()
        return read()


def require_finite(values: ArrayLike) -> None:
    """Refuse to answer with NaN or infinity; raises ApiError."""
    if not np.isfinite(values).all():
        raise model_failure()


def _numbers(values: Floats32 | None) -> list[Any]:
    """Return probabilities as numbers, empty for None; raises ApiError."""
    if values is None:
        return []
    require_finite(values)
    return list(values.tolist())
