"""Hard limits in the simulation: which candidates have one, and which pairs they rule out.

A candidate never accepts a job that breaks one of their limits, and no search shows the pair. Each choice depends on
(seed, identifier) alone, so limits change no other value of any profile.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from matching.arrays import Array, Booleans
from matching.data.tables import Direction
from matching.rules import hard_limits
from matching.rules.hard_limits import CandidateLimits, HardLimit, JobLimits
from matching.sources.marketplace import vocabulary as words
from matching.sources.marketplace.randomness import keys, uniforms

FLOOR_SHARE = 0.9
"""Salary floor as a share of the expected salary."""
LIMITS_OF = {
    Direction.COMPANY: (HardLimit.JOB_BLOCK_WORDS,),
    Direction.CANDIDATE: (
        HardLimit.WORK_PERMIT,
        HardLimit.LOCATION,
        HardLimit.SALARY_FLOOR,
        HardLimit.CANDIDATE_BLOCK_WORDS,
    ),
}
"""The limits that each direction checks: a pair that breaks one is a no in this direction."""


@dataclass(frozen=True)
class HardLimits:
    """The hard limits of a table of candidates and a table of jobs."""

    candidates: CandidateLimits
    jobs: JobLimits

    @classmethod
    def of(cls, candidates: pl.DataFrame, jobs: pl.DataFrame) -> "HardLimits":
        """Read the limits from tables with the columns of `CandidateProfile` and `JobProfile`."""
        return cls(hard_limits.encode_candidates(candidates), hard_limits.encode_jobs(jobs))

    def allowed(self, candidate_rows: Array, job_rows: Array, *directions: Direction) -> Booleans:
        """Whether each pair breaks no limit of these directions, shape (n_pairs,)."""
        flags = hard_limits.broken(self.candidates, self.jobs, candidate_rows, job_rows)
        kept = {limit: flags[limit] for direction in directions for limit in LIMITS_OF[direction]}
        return ~hard_limits.any_of(kept, len(candidate_rows))


def add_limits(candidates: pl.DataFrame, seed: int, share: float) -> pl.DataFrame:
    """Give a share of the candidates each kind of limit.

    Args:
        candidates: rows of `CandidateProfile`.
        seed: seed of the marketplace.
        share: probability of each kind, from 0 to 1.
    """
    if not share:
        return candidates
    drawn = uniforms(keys(candidates["candidate_id"]), seed, "hard limits", 6)
    has_kind = [pl.Series(drawn[:, kind] < share) for kind in range(4)]
    other = pl.Series(np.array(words.COUNTRIES)[(drawn[:, 4] * len(words.COUNTRIES)).astype(np.int64)])
    industry = pl.Series(np.array(words.INDUSTRIES)[(drawn[:, 5] * len(words.INDUSTRIES)).astype(np.int64)])
    floor = (pl.col("expected_salary_usd_per_year") * FLOOR_SHARE / 100).round() * 100
    nothing = pl.lit([], pl.List(pl.String))
    is_unwanted = ~pl.col("wish_industries").list.contains(industry)
    return candidates.with_columns(
        min_salary_usd_per_year=pl.when(has_kind[0]).then(floor),
        work_countries=pl.when(has_kind[1]).then(pl.concat_list("country", other)).otherwise(nothing),
        would_relocate=pl.when(has_kind[2]).then(pl.lit(value=False)),
        block_words=pl.when(has_kind[3] & is_unwanted).then(pl.concat_list(industry)).otherwise(nothing),
    )
