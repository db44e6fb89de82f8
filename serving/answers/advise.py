"""Advise: which changes of a profile would bring more matches.

Advice is never stored and never logged. A changed profile belongs to nobody: in the prediction log it would pass for
traffic, and monitoring would wait for outcomes that can never come.
"""

from typing import Any

import numpy as np

from matching.advice.advice import Advice, Counterparts, Expectation, advise
from matching.advice.gains import NOMINAL
from matching.advice.salary.inputs import candidate_inputs
from matching.advice.salary.percentile import percentile
from matching.data.tables import CandidateProfile
from serving.answers.predictions import require_finite
from serving.answers.request_profiles import RequestProfiles
from serving.answers.served_model import Call, ServedModel
from serving.contract.requests import AdviseCandidateRequest, AdviseJobRequest
from serving.contract.responses import (
    CandidateAdviceAnswer,
    ChangeAnswer,
    ExpectedMatches,
    JobAdviceAnswer,
    SalaryAnswer,
)
from serving.sides import CANDIDATE, JOB, Profile, Side


def advise_candidate(served: ServedModel, request: AdviseCandidateRequest, call: Call) -> CandidateAdviceAnswer:
    """Advise a candidate against jobs; raises ApiError."""
    one = served.one(CANDIDATE, request)
    advice = _advice(served, one, JOB, request.jobs, request.top_k)
    return CandidateAdviceAnswer(salary=_salary(served, one), **advice, **served.signature(call))


def advise_job(served: ServedModel, request: AdviseJobRequest, call: Call) -> JobAdviceAnswer:
    """Advise a company about a job against candidates; raises ApiError."""
    one = served.one(JOB, request)
    return JobAdviceAnswer(
        **_advice(served, one, CANDIDATE, request.candidates, request.top_k), **served.signature(call)
    )


def _advice(
    served: ServedModel, one: RequestProfiles[Any], side: Side[Any], provided: list[Any] | None, top_k: int
) -> dict[str, Any]:
    """Advise one profile against the other side, as fields of an answer; raises ApiError."""
    others = served.compared(side, provided)
    encoded, _ = others.encoded(np.arange(len(others)))
    profile: Profile = one.profile(0)
    found = advise(served.model, profile, Counterparts.of(others.table(), encoded), served.spreads, top_k=top_k)
    return _fields(found, len(others))


def _fields(advice: Advice, total: int) -> dict[str, Any]:
    return {
        "pool_size": advice.pool_size,
        "pool_total": total,
        "interval_share": NOMINAL,
        "interval_basis": advice.basis,
        "now": _expected(advice.now),
        "changes": [
            ChangeAnswer(kind=one.change.kind, words=one.words, gain=_expected(one.gain)) for one in advice.best
        ],
    }


def _expected(expectation: Expectation) -> ExpectedMatches:
    """Return an expectation as numbers; raises ApiError."""
    require_finite([expectation.matches, expectation.low, expectation.high])
    return ExpectedMatches(matches=expectation.matches, low=expectation.low, high=expectation.high)


def _salary(served: ServedModel, candidates: RequestProfiles[CandidateProfile]) -> SalaryAnswer | None:
    """Return what similar candidates expect and the percentile of the profile's expectation; None without a model."""
    if served.salary is None:
        return None
    (quartiles,) = served.salary.quantiles(candidate_inputs(candidates.table()))
    expected = candidates.profile(0).expected_salary_usd_per_year
    low, middle, high = (round(float(value), -2) for value in quartiles)
    return SalaryAnswer(
        lower_quartile_usd_per_year=low,
        median_usd_per_year=middle,
        upper_quartile_usd_per_year=high,
        standing=None if expected is None else round(percentile(expected, quartiles), 3),
    )
