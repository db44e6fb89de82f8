"""Match: scores pairs."""

import numpy as np

from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile
from matching.rules import hard_limits
from serving.answers.predictions import Members, record
from serving.answers.request_profiles import RequestProfiles
from serving.answers.served_model import Call, ServedModel
from serving.contract.errors import invalid_field
from serving.contract.requests import MatchRequest
from serving.contract.responses import MatchAnswer
from serving.sides import CANDIDATE, JOB


def match(served: ServedModel, request: MatchRequest, call: Call) -> MatchAnswer:
    """Score the pairs of a request; raises ApiError."""
    candidates, jobs = served.profiles(CANDIDATE), served.profiles(JOB)
    pairs = _pairs(request, candidates, jobs)
    scores, flags = served.model.score(pairs), hard_limits.broken_limits(pairs)
    predictions = record(
        served,
        call,
        scores,
        Members(candidates.ids(pairs.candidate_rows), candidates.by_id),
        Members(jobs.ids(pairs.job_rows), jobs.by_id),
        broken=[hard_limits.of_pair(flags, pair) for pair in range(len(pairs))],
    )
    return MatchAnswer(predictions=predictions, **served.signature(call))


def _pairs(
    request: MatchRequest, candidates: RequestProfiles[CandidateProfile], jobs: RequestProfiles[JobProfile]
) -> Pairs:
    """Add the profiles of each pair to both sides; raises ApiError if a pair appears twice."""
    rows: dict[tuple[int, int], None] = {}
    for place, pair in enumerate(request.pairs):
        field = f"pairs[{place}]"
        row = (
            candidates.add(pair.candidate, pair.candidate_id, f"{field}.candidate"),
            jobs.add(pair.job, pair.job_id, f"{field}.job"),
        )
        if row in rows:
            raise invalid_field(field, "This pair appears earlier in the request", "different pairs")
        rows[row] = None
    candidate_rows, job_rows = np.array(list(rows), dtype=np.int64).T
    return Pairs(candidates.table(), jobs.table(), candidate_rows, job_rows)
