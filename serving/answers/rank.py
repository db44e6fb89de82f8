"""Rank: the best profiles of one side for one profile of the other. Both directions are this one module."""

from typing import Any

import numpy as np

from matching.arrays import Rows
from matching.data.scores import Scores
from serving.answers.balancing import balanced
from serving.answers.limits import Allowed, allowed
from serving.answers.predictions import Members, ranked, record
from serving.answers.served_model import Call, ServedModel
from serving.contract.requests import RankCandidatesRequest, RankJobsRequest
from serving.contract.responses import RankAnswer
from serving.pool import Snapshot
from serving.sides import CANDIDATE, JOB, Side


def rank_candidates(served: ServedModel, request: RankCandidatesRequest, call: Call) -> RankAnswer:
    """Rank candidates for a job; raises ApiError."""
    return _rank(served, JOB, CANDIDATE, request, call)


def rank_jobs(served: ServedModel, request: RankJobsRequest, call: Call) -> RankAnswer:
    """Rank jobs for a candidate; raises ApiError."""
    return _rank(served, CANDIDATE, JOB, request, call)


def _rank(
    served: ServedModel,
    query_side: Side[Any],
    side: Side[Any],
    request: RankCandidatesRequest | RankJobsRequest,
    call: Call,
) -> RankAnswer:
    """Rank profiles of `side` for the one profile of `query_side`."""
    one = served.one(query_side, request)
    compared = served.compared(side, getattr(request, side.plural))
    flags = {limit: broken[0] for limit, broken in compared.broken_limits(one.limit_columns(), 1).items()}
    kept = allowed(flags, len(compared), request.relax)
    scores = served.score(side, (compared, kept.rows), (one, np.zeros_like(kept.rows)))
    best = _best(scores, compared, kept, request)
    ids, payloads = compared.ids(kept.rows[best]), compared.payloads(kept.rows[best])
    predictions = record(
        served,
        call,
        _take(scores, best),
        *side.candidate_first(
            Members(ids, dict(zip(ids, payloads, strict=True))), Members([*one.by_id] * len(best), one.by_id)
        ),
        ranked_from=len(kept.rows),
        broken=[kept.relaxed(row) for row in best],
        excluded=kept.excluded,
    )
    return RankAnswer(
        results=ranked(predictions),
        ranked_from=len(kept.rows),
        excluded=kept.excluded,
        balanced_by=request.balance.method if request.balance else None,
        **served.signature(call),
    )


def _best(scores: Scores, compared: Snapshot, kept: Allowed, request: RankCandidatesRequest | RankJobsRequest) -> Rows:
    """Return places among the allowed, best first or balanced; ties keep their order; raises ApiError."""
    if request.balance is None:
        return np.argsort(-scores.match, kind="stable")[: request.top_k]
    known = compared.ids(np.arange(len(compared)))
    return balanced(
        scores.match.astype(np.float64), compared.ids(kept.rows), request.top_k, request.balance, known=known
    )


def _take(scores: Scores, rows: Rows) -> Scores:
    company, candidate = (None if p is None else p[rows] for p in (scores.company, scores.candidate))
    return Scores(scores.features[rows], company, candidate, scores.match[rows])
