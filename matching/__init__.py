"""What a match is: tables, features, model, evaluation. Imports no serving, training or monitoring framework.

Load a bundle, build two profiles, and get a match with its reasons:

>>> matcher = Matcher(bundle)
>>> ada = CandidateProfile(candidate_id="ada", headline="Go engineer", skills=[Skill(name="Go"), Skill(name="Rust")])
>>> job = JobProfile(job_id="backend", title="Go developer", must_have_skills=["Go", "Rust"])
>>> match = matcher.match(ada, job)
>>> match.reasons[0].for_candidate
'You list 2 of the 2 required skills.'
>>> round(match.probability, 2)
0.68

A profile that breaks a rule is refused:

>>> JobProfile(job_id="backend", title="Go developer", min_experience_years=-1)
Traceback (most recent call last):
    ...
pydantic_core._pydantic_core.ValidationError: 1 validation error for JobProfile
...
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matching.data.tables import CandidateProfile, JobProfile, Skill
    from matching.errors import TandemError
    from matching.explaining.matcher import Match, Matcher
    from matching.explaining.reasons import Reason

__all__ = ["CandidateProfile", "JobProfile", "Match", "Matcher", "Reason", "Skill", "TandemError"]

_MODULES = {
    "CandidateProfile": "matching.data.tables",
    "JobProfile": "matching.data.tables",
    "Match": "matching.explaining.matcher",
    "Matcher": "matching.explaining.matcher",
    "Reason": "matching.explaining.reasons",
    "Skill": "matching.data.tables",
    "TandemError": "matching.errors",
}


def __getattr__(name: str) -> Any:
    # Importing one module of the package must not load onnxruntime and scikit-learn.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
