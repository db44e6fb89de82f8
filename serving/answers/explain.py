"""Explain: the scores of one pair in numbers and in words. Nothing is logged."""

from dataclasses import asdict

import numpy as np

from matching.arrays import Floats32
from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile, frame
from matching.explaining import contributions
from matching.explaining.contributions import Contributions
from matching.explaining.reasons import reasons
from matching.model.support import Support
from matching.rules import hard_limits
from serving.answers.limits import broken_limits
from serving.answers.predictions import from_log, require_finite
from serving.answers.served_model import Call, ServedModel
from serving.contract.errors import ApiError, Detail, unknown_prediction
from serving.contract.requests import ExplainRequest
from serving.contract.responses import Contribution, ExplainAnswer, Explained, interval_of
from serving.sides import CANDIDATE, JOB
from store.predictions import UnknownPrediction, find_prediction

Explainable = tuple[Floats32, CandidateProfile, JobProfile]
"""Features of a pair as the model used them, shape (n_features,), and its profiles."""


def explain(served: ServedModel, request: ExplainRequest, call: Call) -> ExplainAnswer:
    """Explain the scores of a pair or of an earlier prediction; raises ApiError."""
    if request.prediction_id is not None:
        features, candidate, job = _logged(served, request.prediction_id)
    else:
        features, candidate, job = _requested(served, request)
    return ExplainAnswer(
        prediction_id=request.prediction_id,
        candidate_id=candidate.candidate_id,
        job_id=job.job_id,
        scores=_scores(served, features, candidate, job),
        broken_limits=broken_limits(_broken_by(candidate, job)),
        **served.signature(call),
    )


def _requested(served: ServedModel, request: ExplainRequest) -> Explainable:
    """Return the pair of a request; raises ApiError."""
    candidates, jobs = served.one(CANDIDATE, request), served.one(JOB, request)
    row = np.zeros(1, dtype=np.int64)
    features = served.model.score(Pairs(candidates.table(), jobs.table(), row, row)).features[0]
    return features, candidates.profile(0), jobs.profile(0)


def _logged(served: ServedModel, prediction_id: str) -> Explainable:
    """Return the pair of an earlier prediction of this model; raises ApiError."""
    try:
        found = from_log(served, lambda: find_prediction(served.engine, prediction_id))
    except UnknownPrediction:
        raise unknown_prediction("prediction_id", "the log has no prediction with this id") from None
    if found.digest != served.model.digest:
        detail = Detail(field="prediction_id", problem="Another model made this prediction")
        raise ApiError(409, "other_model", "only predictions of the current model can be explained", [detail])
    return found.features, CANDIDATE.read(found.candidate), JOB.read(found.job)


def _scores(served: ServedModel, features: Floats32, candidate: CandidateProfile, job: JobProfile) -> list[Explained]:
    """Explain every score of a pair; raises ApiError."""
    if served.explainer is None:
        message = (
            "the current model was registered without explanations, or its features are in more than "
            f"{contributions.MOST_GROUPS} groups: train, promote and deploy a new one"
        )
        raise ApiError(404, "not_explained", message)
    return [_explained(served, one, features, candidate, job) for one in served.explainer.explain(features)]


def _explained(
    served: ServedModel, parts: Contributions, features: Floats32, candidate: CandidateProfile, job: JobProfile
) -> Explained:
    require_finite([parts.base, parts.score, *parts.groups.values()])
    interval = served.supports.get(parts.target, Support()).interval(parts.probability, features)
    return Explained(
        target=parts.target,
        probability=parts.probability,
        scale=parts.scale,
        base=parts.base,
        score=parts.score,
        contributions=[Contribution(**asdict(one)) for one in reasons(parts, candidate, job)],
        **interval_of(interval),
    )


def _broken_by(candidate: CandidateProfile, job: JobProfile) -> tuple[hard_limits.HardLimit, ...]:
    """Return the hard limits that one pair breaks."""
    row = np.zeros(1, dtype=np.int64)
    tables = frame(CandidateProfile, [candidate.model_dump()]), frame(JobProfile, [job.model_dump()])
    return hard_limits.of_pair(hard_limits.broken_limits(Pairs(*tables, row, row)), 0)
