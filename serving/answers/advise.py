"""Advice over the deployed model: what is changed is never stored and never logged.

A profile after a change is nobody's profile: in the prediction log it would pass for traffic, and monitoring would
compare it with outcomes that can never come. So advice leaves no row there.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from matching.advice.advice import Advice, Expectation, Pool, advise
from matching.advice.effects import NOMINAL
from matching.advice.salary import candidate_inputs, standing
from matching.data.tables import CandidateProfile, JobProfile
from serving.api.errors import Detail, Problem, invalid
from serving.api.requests import (
    AdviseCandidateRequest,
    AdviseJobRequest,
    CandidateAdviceAnswer,
    ChangeAnswer,
    ExpectedMatches,
    JobAdviceAnswer,
    SalaryAnswer,
)
from serving.api.sides import Profile, Side

if TYPE_CHECKING:
    from serving.answers.matcher import Matcher

Given = TypeVar("Given", CandidateProfile, JobProfile)


def advise_candidate(matcher: "Matcher", request: AdviseCandidateRequest, request_id: str) -> CandidateAdviceAnswer:
    """Advise a candidate against jobs; raises Problem."""
    candidate = _one(matcher, CandidateProfile, request.candidate, request.candidate_id, "candidate")
    pool, total = _pool(matcher, JobProfile, request.jobs, "jobs")
    advice = advise(matcher.model, candidate, pool, matcher.spreads, limit=request.limit)
    return CandidateAdviceAnswer(
        salary=_salary(matcher, candidate), **_answer(advice, total), **matcher.answered(request_id)
    )


def advise_job(matcher: "Matcher", request: AdviseJobRequest, request_id: str) -> JobAdviceAnswer:
    """Advise a company about a job against candidates; raises Problem."""
    job = _one(matcher, JobProfile, request.job, request.job_id, "job")
    pool, total = _pool(matcher, CandidateProfile, request.candidates, "candidates")
    advice = advise(matcher.model, job, pool, matcher.spreads, limit=request.limit)
    return JobAdviceAnswer(**_answer(advice, total), **matcher.answered(request_id))


def _one(matcher: "Matcher", record: type[Given], given: Given | None, name: str | None, field: str) -> Given:
    """Return the given profile, or else the stored one of this name; raises Problem."""
    side = Side(record, matcher.pool(record).stored)
    side.add(given, name, field)
    (profile,) = side.profiles.values()
    return record.model_validate_json(profile) if isinstance(profile, str) else record.model_validate(profile)


def _pool(matcher: "Matcher", record: type[Profile], given: Sequence[Profile] | None, field: str) -> tuple[Pool, int]:
    """The other side as it was sent, or else as it is stored, and its size; raises Problem."""
    stored = matcher.pool(record)
    if given is None:
        if stored.encoded is None:
            raise Problem(404, "nothing_stored", f"no {field} are stored: send them in the field {field}")
        return Pool.of(stored.stored.table, stored.encoded), len(stored.stored)
    side = Side(record, stored.stored)
    for place, profile in enumerate(given):
        if side.add(profile, None, f"{field}[{place}]") != place:
            where = f"{field}[{place}].{side.key}"
            raise invalid([Detail(field=where, problem="This id was given before", limit="different ids")])
    table = side.table()
    encode = matcher.model.encode_candidates if record is CandidateProfile else matcher.model.encode_jobs
    return Pool.of(table, encode(table)), table.height


def _answer(advice: Advice, total: int) -> dict[str, object]:
    return {
        "pool_size": advice.pool_size,
        "pool_total": total,
        "interval_share": NOMINAL,
        "interval_basis": advice.basis,
        "now": _expected(advice.now),
        "changes": [
            ChangeAnswer(kind=one.change.kind, words=one.words, gain=_expected(one.effect)) for one in advice.best
        ],
    }


def _expected(expectation: Expectation) -> ExpectedMatches:
    """Return an expectation as numbers; an answer never holds NaN."""
    numbers = (expectation.matches, expectation.low, expectation.high)
    if not np.isfinite(numbers).all():
        raise Problem(500, "model_failure", "the model gave no number: report the request_id of this answer's header")
    return ExpectedMatches(matches=numbers[0], low=numbers[1], high=numbers[2])


def _salary(matcher: "Matcher", candidate: CandidateProfile) -> SalaryAnswer | None:
    """What the market pays for the profile, and where the expectation stands; None without a salary model."""
    if matcher.salary is None:
        return None
    side = Side(CandidateProfile, matcher.pool(CandidateProfile).stored)
    side.add(candidate, None, "candidate")
    (quartiles,) = matcher.salary.quantiles(candidate_inputs(side.table()))
    expected = candidate.expected_salary_usd_per_year
    low, middle, high = (round(float(value), -2) for value in quartiles)
    return SalaryAnswer(
        lower_quartile_usd_per_year=low,
        median_usd_per_year=middle,
        upper_quartile_usd_per_year=high,
        standing=None if expected is None else round(standing(expected, quartiles), 3),
    )
