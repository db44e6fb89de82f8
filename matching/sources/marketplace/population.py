"""The population: who is on the marketplace when, with every version of every profile.

Candidates and jobs arrive at a constant rate, and the market starts with the ages of its steady state, so that weeks
differ only by chance. Each candidate and job depends on (seed, number) alone: a longer horizon adds arrivals and edits,
and changes none.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from matching.arrays import Array
from matching.data.progress import Progress
from matching.data.tables import Candidate, Job, polars_schema
from matching.sources.marketplace import candidates as candidate_blocks
from matching.sources.marketplace import jobs as job_blocks
from matching.sources.marketplace.config import (
    CANDIDATE_LIFE_WEEKS,
    EDIT_WEEKS,
    GROUPS,
    JOB_LIFE_WEEKS,
    MarketplaceConfig,
)
from matching.sources.marketplace.facts import CandidateFacts, JobFacts, candidate_facts, concatenated, job_facts
from matching.sources.marketplace.limits import HardLimits, add_limits
from matching.sources.marketplace.randomness import keys, uniforms


@dataclass(frozen=True)
class Lifetimes:
    """When candidates or jobs arrive, change and leave, in weeks from the start of the log; arrays have shape (n,)."""

    arrives: Array
    leaves: Array
    edits: Array  # infinity for never
    group: Array  # two groups can meet in one week of each `GROUPS`

    def present(self, week: int) -> Array:
        """Return the numbers of those who are present at the start of a week."""
        return np.flatnonzero((self.arrives <= week) & (self.leaves > week))


@dataclass(frozen=True)
class Population:
    """Everyone who arrives before a horizon.

    Attributes:
        candidates: versions of profiles, schema of `Candidate`, sorted by candidate and time.
        candidate_facts: facts of the rows of `candidates`.
        candidate_lifetimes: one entry per candidate.
        first_version: shape (n_candidates,), row of each candidate's first version.
        jobs: schema of `Job`, one row per job.
        job_facts: facts of the rows of `jobs`.
        job_lifetimes: one entry per job.
        protected: schema of `ProtectedAttributes`, one row per candidate.
        limits: hard limits of the rows of `candidates` and `jobs`.
    """

    candidates: pl.DataFrame
    candidate_facts: CandidateFacts
    candidate_lifetimes: Lifetimes
    first_version: Array
    jobs: pl.DataFrame
    job_facts: JobFacts
    job_lifetimes: Lifetimes
    protected: pl.DataFrame
    limits: HardLimits

    def version(self, numbers: Array, weeks: Array | float) -> Array:
        """Return the rows of the versions that are valid at the given times, in weeks."""
        return np.asarray(self.first_version[numbers] + (self.candidate_lifetimes.edits[numbers] <= weeks))


def candidate_lifetimes(config: MarketplaceConfig, seed: int, horizon_weeks: int) -> Lifetimes:
    """Draw the lifetimes of all candidates who arrive before the horizon."""
    share = config.weeks / CANDIDATE_LIFE_WEEKS
    warm = max(1, round(config.n_candidates / (1 + share)))
    count = _count(config.n_candidates, warm, config.weeks, horizon_weeks)
    drawn = uniforms(keys(candidate_blocks.candidate_ids(0, count)), seed, "candidate lives", 4)
    age = -CANDIDATE_LIFE_WEEKS * np.log(drawn[:, 0])
    arrives = _arrivals(config.n_candidates, warm, config.weeks, drawn[:, 0], age)
    left = -CANDIDATE_LIFE_WEEKS * np.log(drawn[:, 1])
    leaves = np.maximum(arrives, 0.0) + left
    edits = arrives - EDIT_WEEKS * np.log(drawn[:, 2])
    edits = np.where((edits < leaves) & (edits < horizon_weeks), edits, np.inf)
    return Lifetimes(arrives, leaves, edits, (drawn[:, 3] * GROUPS).astype(np.int64))


def job_lifetimes(config: MarketplaceConfig, seed: int, horizon_weeks: int) -> Lifetimes:
    """Draw the lifetimes of all jobs that open before the horizon; those open at the start are length-biased."""
    low, high = JOB_LIFE_WEEKS
    warm = max(1, round(config.n_jobs / (1 + config.weeks / ((low + high) / 2))))
    count = _count(config.n_jobs, warm, config.weeks, horizon_weeks)
    drawn = uniforms(keys(job_blocks.job_ids(0, count)), seed, "job lives", 3)
    long = np.sqrt(low**2 + drawn[:, 1] * (high**2 - low**2))
    life = np.where(np.arange(count) < warm, long, low + drawn[:, 1] * (high - low))
    arrives = _arrivals(config.n_jobs, warm, config.weeks, drawn[:, 0], drawn[:, 0] * life)
    never = np.full(count, np.inf)
    return Lifetimes(arrives, arrives + life, never, (drawn[:, 2] * GROUPS).astype(np.int64))


def _count(total: int, warm: int, weeks: int, horizon_weeks: int) -> int:
    """Return how many arrive before the horizon: those of the log, and more at the same rate."""
    return total + int(np.ceil((total - warm) / weeks * max(0, horizon_weeks - weeks)))


def _arrivals(total: int, warm: int, weeks: int, drawn: Array, age: Array) -> Array:
    """Return arrival times: the first `warm` are `age` weeks old at the start, the others arrive one after another."""
    number = np.arange(len(drawn))
    rate = max(total - warm, 1) / weeks
    return np.where(number < warm, -age, (number - warm + drawn) / rate)


def populate(config: MarketplaceConfig, seed: int, horizon_weeks: int, progress: Progress) -> Population:
    """Draw everyone who arrives before the horizon."""
    lifetimes = candidate_lifetimes(config, seed, horizon_weeks)
    versions, facts, protected = _candidates(config, seed, lifetimes, progress)
    openings = job_lifetimes(config, seed, horizon_weeks)
    jobs = _jobs(config, seed, openings, progress)
    n_versions = 1 + np.isfinite(lifetimes.edits)
    return Population(
        candidates=versions,
        candidate_facts=facts,
        candidate_lifetimes=lifetimes,
        first_version=np.cumsum(n_versions) - n_versions,
        jobs=jobs,
        job_facts=job_facts(jobs),
        job_lifetimes=openings,
        protected=protected,
        limits=HardLimits.of(versions, jobs),
    )


def _candidates(
    config: MarketplaceConfig, seed: int, lifetimes: Lifetimes, progress: Progress
) -> tuple[pl.DataFrame, CandidateFacts, pl.DataFrame]:
    frames, facts, protected = [], [], []
    total = len(lifetimes.arrives)
    for block in range(-(-total // candidate_blocks.BLOCK)):
        first = block * candidate_blocks.BLOCK
        part = slice(first, min(first + candidate_blocks.BLOCK, total))
        draft = candidate_blocks.draft_block(seed, block)
        kept = np.arange(part.stop - first)
        ids = candidate_blocks.candidate_ids(first, len(kept))
        changed = np.flatnonzero(np.isfinite(lifetimes.edits[part]))
        original = candidate_blocks.profiles(draft.take(kept), ids)
        later = candidate_blocks.profiles(
            candidate_blocks.edited(draft, seed, block).take(changed), [ids[i] for i in changed]
        )
        times = np.concatenate([lifetimes.arrives[part], lifetimes.edits[part][changed]])
        limited = add_limits(pl.concat([original, later]), seed, config.limit_share)
        frame = limited.with_columns(updated_at=_moments(config, times))
        frames.append(frame.sort("candidate_id", "updated_at").select(polars_schema(Candidate).names()))
        facts.append(candidate_facts(frames[-1]))
        protected.append(candidate_blocks.protected(draft.take(kept), ids))
        progress(f"candidates {part.stop:,} of {total:,}")
    return pl.concat(frames), concatenated(facts), pl.concat(protected)


def _jobs(config: MarketplaceConfig, seed: int, lifetimes: Lifetimes, progress: Progress) -> pl.DataFrame:
    total = len(lifetimes.arrives)
    frames = []
    for block in range(-(-total // job_blocks.BLOCK)):
        first = block * job_blocks.BLOCK
        frame = job_blocks.profiles(job_blocks.draft_block(seed, block), job_blocks.job_ids(first, job_blocks.BLOCK))
        frames.append(frame.head(total - first))
    progress(f"jobs {total:,} of {total:,}")
    jobs = pl.concat(frames).with_columns(updated_at=_moments(config, lifetimes.arrives))
    return jobs.select(polars_schema(Job).names())


def _moments(config: MarketplaceConfig, weeks: Array) -> pl.Series:
    """Return UTC times for weeks from the start of the log, rounded to the second."""
    return moments(config, np.round(weeks * timedelta(weeks=1).total_seconds()).astype(np.int64))


def moments(config: MarketplaceConfig, seconds: Array) -> pl.Series:
    """Return UTC times for seconds from the start of the log."""
    start = round(config.start.timestamp())
    return pl.Series((seconds + start) * 1_000_000, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
