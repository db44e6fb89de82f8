"""Plan outreach: lists for several jobs at once, so that they do not all contact the same few candidates."""

import numpy as np

from matching.arrays import Booleans, Floats32, Rows
from matching.data.tables import JobProfile
from matching.market import policies
from matching.rules.hard_limits import HardLimit
from serving.answers.limits import counts
from serving.answers.predictions import Members, ranked, record, require_finite
from serving.answers.request_profiles import RequestProfiles
from serving.answers.served_model import Call, ServedModel
from serving.contract.errors import invalid_field
from serving.contract.requests import MAX_PLANNED_PAIRS, PlanOutreachRequest
from serving.contract.responses import PlanAnswer, PlannedJob
from serving.pool import Snapshot
from serving.sides import CANDIDATE, JOB


def plan_outreach(served: ServedModel, request: PlanOutreachRequest, call: Call) -> PlanAnswer:
    """Plan the lists of several jobs, each logged as a ranking; raises ApiError."""
    jobs = served.profiles(JOB)
    jobs.add_all(request.jobs or [])
    jobs.add_stored(request.job_ids or [])
    candidates = _candidates(served, request, len(jobs))
    flags = candidates.broken_limits(jobs.limit_columns(), len(jobs))
    lists = _lists(_matrix(served, candidates, jobs), request, flags)
    planned = []
    for row, ((job, payload), best) in enumerate(zip(jobs.by_id.items(), lists, strict=True)):
        ids = candidates.ids(best)
        predictions = record(
            served,
            call,
            served.score(CANDIDATE, (candidates, best), (jobs, np.full_like(best, row))),
            Members(ids, dict(zip(ids, candidates.payloads(best), strict=True))),
            Members([job] * len(best), {job: payload}),
            prediction_ids=[f"{call.request_id}-{row}-{place}" for place in range(len(best))],
            ranked_from=len(candidates),
            excluded=None if row else counts(flags),  # of the whole plan, once
        )
        excluded = counts({limit: broken[row] for limit, broken in flags.items()})
        planned.append(PlannedJob(job_id=job, results=ranked(predictions), excluded=excluded))
    return PlanAnswer(jobs=planned, ranked_from=len(candidates), **served.signature(call))


def _candidates(served: ServedModel, request: PlanOutreachRequest, n_jobs: int) -> Snapshot:
    """Return the candidates to share among the jobs, if they are not too many; raises ApiError."""
    if request.candidate_ids is None:
        _check_size(n_jobs, len(request.candidates or served.snapshot(CANDIDATE)))
        return served.compared(CANDIDATE, request.candidates)
    _check_size(n_jobs, len(request.candidate_ids))
    candidates = served.profiles(CANDIDATE)
    candidates.add_stored(request.candidate_ids)
    return candidates


def _check_size(n_jobs: int, n_candidates: int) -> None:
    """Refuse a plan of more pairs than one request may score; raises ApiError."""
    if n_jobs * n_candidates > MAX_PLANNED_PAIRS:
        most = MAX_PLANNED_PAIRS // n_candidates
        what = f"send at most {most} jobs" if most else "name fewer candidates"
        problem = f"{n_jobs} x {n_candidates}: too many pairs of jobs and candidates for one plan: {what}"
        raise invalid_field("jobs", problem, MAX_PLANNED_PAIRS)


def _matrix(served: ServedModel, candidates: Snapshot, jobs: RequestProfiles[JobProfile]) -> Floats32:
    """Score every pair; keep one number of each, and the features of one job at a time.

    Returns:
        Match probabilities, shape (n_jobs, n_candidates).

    Raises:
        ApiError: the model returned no finite number.
    """
    everyone = np.arange(len(candidates))
    matrix = np.empty((len(jobs), len(candidates)), dtype=np.float32)
    for row in range(len(jobs)):
        matrix[row] = served.score(CANDIDATE, (candidates, everyone), (jobs, np.full_like(everyone, row))).match
    require_finite(matrix)
    return matrix


def _lists(matrix: Floats32, request: PlanOutreachRequest, flags: dict[HardLimit, Booleans]) -> list[Rows]:
    """Return the rows of each job's candidates, in order; no pair that breaks a hard limit is in a list."""
    matrix[np.any(list(flags.values()), axis=0)] = np.nan
    return policies.policy(request.method, request.max_exposure)(matrix, request.top_k)
