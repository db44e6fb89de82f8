"""The two sides of a match. A `Side` holds all that differs between them, so that each answer is written once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import polars as pl
from pydantic import BaseModel

from matching.data.tables import CandidateProfile, JobProfile
from matching.model.match_model import MatchModel
from matching.rules import hard_limits
from matching.rules.hard_limits import CandidateLimits, JobLimits

Profile = CandidateProfile | JobProfile
Payload = Profile | str
"""A profile, or its JSON."""
LimitColumns = CandidateLimits | JobLimits
P = TypeVar("P", bound=BaseModel)
Mine = TypeVar("Mine")
Theirs = TypeVar("Theirs")


@dataclass(frozen=True)
class Side(Generic[P]):
    """One side of a match.

    Attributes:
        name: `candidate` or `job`. Request fields derive from it: `job`, `job_id`, `jobs`, `job_ids`.
        record: the record of its profiles.
        encode: encodes a table of profiles with a model, to be paired many times.
        encode_limits: reads the columns that hard limits need from a table of profiles.

    >>> JOB.key, JOB.plural
    ('job_id', 'jobs')
    >>> JOB.candidate_first("a job", "a candidate")
    ('a candidate', 'a job')
    """

    name: str
    record: type[P]
    encode: Callable[[MatchModel, pl.DataFrame], Any]
    encode_limits: Callable[[pl.DataFrame], LimitColumns]

    @property
    def key(self) -> str:
        """Name of the identifier, in profiles and in requests."""
        return f"{self.name}_id"

    @property
    def plural(self) -> str:
        """Name of a list of these profiles in requests."""
        return f"{self.name}s"

    def read(self, payload: Payload) -> P:
        """Return a profile as its record."""
        if isinstance(payload, str):
            return self.record.model_validate_json(payload)
        return self.record.model_validate(payload)

    def candidate_first(self, mine: Mine, theirs: Theirs) -> tuple[Any, Any]:
        """Order two things, one of this side and one of the other: the model takes the candidate's first."""
        return (mine, theirs) if self.record is CandidateProfile else (theirs, mine)


CANDIDATE = Side("candidate", CandidateProfile, MatchModel.encode_candidates, hard_limits.encode_candidates)
JOB = Side("job", JobProfile, MatchModel.encode_jobs, hard_limits.encode_jobs)
