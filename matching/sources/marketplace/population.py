"""The population: who is on the marketplace when, with every version of every profile.

Arrivals run at a constant rate and the market starts warm (ages as in the steady state), so that no week differs from
another by more than chance. An entity depends only on (seed, its number): a longer horizon adds entities and
edits, and changes none.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from matching.arrays import Array
from matching.data.progress import Progress
from matching.data.tables import Candidate, Job, polars_schema
from matching.sources.marketplace import candidates as people
from matching.sources.marketplace import jobs as posts
from matching.sources.marketplace.config import (
    CANDIDATE_LIFE_WEEKS,
    EDIT_WEEKS,
    GROUPS,
    JOB_LIFE_WEEKS,
    MarketplaceConfig,
)
from matching.sources.marketplace.facts import CandidateFacts, JobFacts, candidate_facts, concatenated, job_facts
from matching.sources.marketplace.randomness import keys, uniforms
from matching.sources.marketplace.stating import Hard, state_limits


@dataclass(frozen=True)
class Lives:
    """When entities come, change and leave, in weeks from the start of the log. Arrays of shape (n,)."""

    arrives: Array
    leaves: Array
    edits: Array  # infinity where never
    group: Array  # which week of each `GROUPS` a pair of groups can meet

    def present(self, week: int) -> Array:
        """Numbers of those present at the start of a week."""
        return np.flatnonzero((self.arrives <= week) & (self.leaves > week))


@dataclass(frozen=True)
class Population:
    """Everyone who is there before a horizon.

    Attributes:
        candidates: versions of profiles, schema of `Candidate`, by candidate and time.
        candidate_facts: facts of the same rows.
        first_version: shape (n_candidates,), row of each candidate's first version.
        jobs: posts, schema of `Job`.
        protected: one row per candidate.
        hard: hard limits of the rows of `candidates` and `jobs`.
    """

    candidates: pl.DataFrame
    candidate_facts: CandidateFacts
    candidate_lives: Lives
    first_version: Array
    jobs: pl.DataFrame
    job_facts: JobFacts
    job_lives: Lives
    protected: pl.DataFrame
    hard: Hard

    def version(self, numbers: Array, weeks: Array | float) -> Array:
        """Rows of the versions valid at the given times, in weeks."""
        return np.asarray(self.first_version[numbers] + (self.candidate_lives.edits[numbers] <= weeks))


def candidate_lives(config: MarketplaceConfig, seed: int, horizon_weeks: int) -> Lives:
    """Lives of all candidates that arrive before the horizon."""
    share = config.weeks / CANDIDATE_LIFE_WEEKS
    warm = max(1, round(config.n_candidates / (1 + share)))
    count = _count(config.n_candidates, warm, config.weeks, horizon_weeks)
    drawn = uniforms(keys(people.candidate_ids(0, count)), seed, "candidate lives", 4)
    age = -CANDIDATE_LIFE_WEEKS * np.log(drawn[:, 0])
    arrives = _arrivals(config.n_candidates, warm, config.weeks, drawn[:, 0], age)
    left = -CANDIDATE_LIFE_WEEKS * np.log(drawn[:, 1])
    leaves = np.maximum(arrives, 0.0) + left
    edits = arrives - EDIT_WEEKS * np.log(drawn[:, 2])
    edits = np.where((edits < leaves) & (edits < horizon_weeks), edits, np.inf)
    return Lives(arrives, leaves, edits, (drawn[:, 3] * GROUPS).astype(np.int64))


def job_lives(config: MarketplaceConfig, seed: int, horizon_weeks: int) -> Lives:
    """Lives of all jobs that open before the horizon. A job open at the start has a length-biased life."""
    low, high = JOB_LIFE_WEEKS
    warm = max(1, round(config.n_jobs / (1 + config.weeks / ((low + high) / 2))))
    count = _count(config.n_jobs, warm, config.weeks, horizon_weeks)
    drawn = uniforms(keys(posts.job_ids(0, count)), seed, "job lives", 3)
    long = np.sqrt(low**2 + drawn[:, 1] * (high**2 - low**2))
    life = np.where(np.arange(count) < warm, long, low + drawn[:, 1] * (high - low))
    arrives = _arrivals(config.n_jobs, warm, config.weeks, drawn[:, 0], drawn[:, 0] * life)
    never = np.full(count, np.inf)
    return Lives(arrives, arrives + life, never, (drawn[:, 2] * GROUPS).astype(np.int64))


def _count(total: int, warm: int, weeks: int, horizon_weeks: int) -> int:
    """Entities that arrive before the horizon: the log's, and more at the same rate."""
    return total + int(np.ceil((total - warm) / weeks * max(0, horizon_weeks - weeks)))


def _arrivals(total: int, warm: int, weeks: int, drawn: Array, age: Array) -> Array:
    """Arrival times: the first `warm` entities are `age` weeks old at the start, the others come one after another."""
    number = np.arange(len(drawn))
    rate = max(total - warm, 1) / weeks
    return np.where(number < warm, -age, (number - warm + drawn) / rate)


def populate(config: MarketplaceConfig, seed: int, horizon_weeks: int, progress: Progress) -> Population:
    """Draw everyone who is there before the horizon."""
    lives = candidate_lives(config, seed, horizon_weeks)
    versions, facts, protected = _candidates(config, seed, lives, progress)
    openings = job_lives(config, seed, horizon_weeks)
    jobs = _jobs(config, seed, openings, progress)
    n_versions = 1 + np.isfinite(lives.edits)
    return Population(
        candidates=versions,
        candidate_facts=facts,
        candidate_lives=lives,
        first_version=np.cumsum(n_versions) - n_versions,
        jobs=jobs,
        job_facts=job_facts(jobs),
        job_lives=openings,
        protected=protected,
        hard=Hard.of(versions, jobs),
    )


def _candidates(
    config: MarketplaceConfig, seed: int, lives: Lives, progress: Progress
) -> tuple[pl.DataFrame, CandidateFacts, pl.DataFrame]:
    frames, facts, protected = [], [], []
    total = len(lives.arrives)
    for block in range(-(-total // people.BLOCK)):
        first = block * people.BLOCK
        part = slice(first, min(first + people.BLOCK, total))
        draft = people.draft_block(seed, block)
        kept = np.arange(part.stop - first)
        ids = people.candidate_ids(first, len(kept))
        changed = np.flatnonzero(np.isfinite(lives.edits[part]))
        original = people.profiles(draft.take(kept), ids)
        later = people.profiles(people.edited(draft, seed, block).take(changed), [ids[i] for i in changed])
        times = np.concatenate([lives.arrives[part], lives.edits[part][changed]])
        stated = state_limits(pl.concat([original, later]), seed, config.stated_limits)
        frame = stated.with_columns(updated_at=_moments(config, times))
        frames.append(frame.sort("candidate_id", "updated_at").select(polars_schema(Candidate).names()))
        facts.append(candidate_facts(frames[-1]))
        protected.append(people.protected(draft.take(kept), ids))
        progress(f"candidates {part.stop:,} of {total:,}")
    return pl.concat(frames), concatenated(facts), pl.concat(protected)


def _jobs(config: MarketplaceConfig, seed: int, lives: Lives, progress: Progress) -> pl.DataFrame:
    total = len(lives.arrives)
    frames = []
    for block in range(-(-total // posts.BLOCK)):
        first = block * posts.BLOCK
        frame = posts.profiles(posts.draft_block(seed, block), posts.job_ids(first, posts.BLOCK))
        frames.append(frame.head(total - first))
    progress(f"jobs {total:,} of {total:,}")
    jobs = pl.concat(frames).with_columns(updated_at=_moments(config, lives.arrives))
    return jobs.select(polars_schema(Job).names())


def _moments(config: MarketplaceConfig, weeks: Array) -> pl.Series:
    """Times in weeks from the start as UTC timestamps, rounded to the second."""
    return moments(config, np.round(weeks * timedelta(weeks=1).total_seconds()).astype(np.int64))


def moments(config: MarketplaceConfig, seconds: Array) -> pl.Series:
    """Seconds from the start of the log as UTC timestamps."""
    start = round(config.start.timestamp())
    return pl.Series((seconds + start) * 1_000_000, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
