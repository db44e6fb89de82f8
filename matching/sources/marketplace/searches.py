"""Searches: what recruiters are shown, ranked by a logging policy of simple rules with noise, and position bias."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matching.arrays import Array, Booleans
from matching.data.tables import Direction
from matching.sources.marketplace.config import GROUPS, MarketplaceConfig
from matching.sources.marketplace.facts import CandidateFacts, JobFacts
from matching.sources.marketplace.lookups import role_similarity
from matching.sources.marketplace.population import Population
from matching.sources.marketplace.randomness import generator

POLICY = "logging-policy-1"
NOISE = 0.45
RANDOM_SHARE = 0.15
"""Share of the candidates who get a random score."""
WEEK_SECONDS = 7 * 24 * 3600
OPENING_HOUR, CLOSING_HOUR = 7, 18


@dataclass(frozen=True)
class Impressions:
    """What was shown in one week, list by list, in the order of positions; arrays have shape (n,)."""

    week: int
    list_number: Array  # within the week
    candidate: Array  # number in the population
    job: Array  # number in the population
    position: Array  # from 1
    seconds: Array  # from the start of the log

    def __len__(self) -> int:
        return len(self.candidate)


def propensity(position: Array, config: MarketplaceConfig) -> Array:
    """Return the probability that a position is examined: position ** -position_bias (Joachims et al. 2017)."""
    return np.asarray(position.astype(np.float64) ** -config.position_bias)


def rule_score(candidates: CandidateFacts, jobs: JobFacts, candidate_rows: Array, job_rows: Array) -> Array:
    """Return the score of the logging policy, from role, required skills, experience and country; rows broadcast."""
    must = jobs.must[job_rows]
    is_required = must >= 0
    has = is_required & (candidates.skill_quarters[candidate_rows[..., None], must] > 0)
    covered = has.sum(axis=-1) / np.maximum(is_required.sum(axis=-1), 1)
    role = role_similarity()[candidates.role[candidate_rows], jobs.role[job_rows]]
    years = candidates.years[candidate_rows]
    enough = ~(years < jobs.min_years[job_rows])
    near = (candidates.country[candidate_rows] == jobs.country[job_rows]) | (jobs.policy[job_rows] == 2)
    return np.asarray(0.9 * covered + 0.8 * role + 0.3 * enough + 0.5 * near)


def searches(
    population: Population, config: MarketplaceConfig, seed: int, week: int, admitted: Booleans | None = None
) -> Impressions:
    """Run the searches of one week; they depend on the arguments alone, so any week can run without the others.

    Args:
        population: everyone until at least the end of the week.
        config: size of the market.
        seed: seed of the marketplace.
        week: number of the week, from 0.
        admitted: shape (n_candidates,), who may be shown; None for everyone.
    """
    rng = generator(seed, "searches", week)
    open_jobs = rng.permutation(population.job_lifetimes.present(week))
    n_lists = config.lists_in_week(week) if len(open_jobs) else 0
    counts = _counts(n_lists, len(open_jobs))
    present = population.candidate_lifetimes.present(week)
    present = present if admitted is None else present[admitted[present]]
    parts = list(_groups(population, config, rng, week, (open_jobs, counts, present)))
    jobs, shown = _stacked(parts, config.list_length)
    list_number, place = np.nonzero(shown >= 0)
    seconds = _list_seconds(rng, week, len(jobs))
    return Impressions(
        week=week,
        list_number=list_number,
        candidate=shown[list_number, place],
        job=jobs[list_number],
        position=place + 1,
        seconds=seconds[list_number],
    )


def _counts(n_lists: int, n_jobs: int) -> Array:
    """Return the number of searches for each job, as even as possible; the jobs are in random order."""
    if n_jobs == 0:
        return np.zeros(0, dtype=np.int64)
    return n_lists // n_jobs + (np.arange(n_jobs) < n_lists % n_jobs)


def _groups(
    population: Population, config: MarketplaceConfig, rng: np.random.Generator, week: int, market: tuple[Array, ...]
) -> Iterator[tuple[Array, Array]]:
    """Yield the jobs and the candidates shown for them, shape (n_lists, list_length), of each group of candidates."""
    open_jobs, counts, present = market
    meets = (population.job_lifetimes.group[open_jobs] + week) % GROUPS
    for group in range(GROUPS):
        mine = (meets == group) & (counts > 0)
        members = rng.permutation(present[population.candidate_lifetimes.group[present] == group])
        if len(members) and mine.any():
            jobs = np.repeat(open_jobs[mine], counts[mine])
            pools = _pools(rng, members, counts[mine], config.list_length * config.pool_length)
            has_limits = config.limit_share > 0
            yield jobs, _ranked(population, rng, (jobs, pools), week, config.list_length, has_limits=has_limits)


def _pools(rng: np.random.Generator, members: Array, counts: Array, length: int) -> Array:
    """Return the candidates that each list ranks, shape (n_lists, length), -1 for none; lists of a job share none."""
    size = np.minimum(length, len(members) // counts)
    start = np.repeat(rng.integers(0, len(members), len(counts)), counts)
    rank = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    sizes = np.repeat(size, counts)
    place = (start + rank * sizes)[:, None] + np.arange(length)
    return np.where(np.arange(length) < sizes[:, None], members[place % len(members)], -1)


def _allowed(population: Population, rows: Array, jobs: Array) -> Booleans:
    """Whether each member of a pool breaks no hard limit, shape (n_lists, length)."""
    pairs = rows.ravel(), np.repeat(jobs, rows.shape[1])
    return population.limits.allowed(*pairs, *Direction).reshape(rows.shape)


def _ranked(
    population: Population,
    rng: np.random.Generator,
    lists: tuple[Array, Array],
    week: int,
    length: int,
    *,
    has_limits: bool,
) -> Array:
    """Rank each pool by the policy and keep the first `length`, without pairs that a hard limit rules out."""
    jobs, pools = lists
    rows = population.version(np.maximum(pools, 0), float(week))
    score = rule_score(population.candidate_facts, population.job_facts, rows, jobs[:, None])
    random_score = rng.choice(score.ravel(), size=score.shape) if score.size else score
    score = np.where(rng.random(score.shape) < RANDOM_SHARE, random_score, score) + rng.normal(0, NOISE, score.shape)
    pools = np.where(_allowed(population, rows, jobs), pools, -1) if has_limits else pools
    order = np.argsort(np.where(pools >= 0, -score, np.inf), axis=1)[:, :length]
    return np.take_along_axis(pools, order, axis=1)


def _stacked(parts: list[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros((0, length), dtype=np.int64)
    return np.concatenate([jobs for jobs, _ in parts]), np.concatenate([shown for _, shown in parts])


def _list_seconds(rng: np.random.Generator, week: int, n_lists: int) -> Array:
    """Return the time of each search: on a working day, in office hours (UTC)."""
    day = rng.integers(0, 5, n_lists)
    second = rng.integers(OPENING_HOUR * 3600, CLOSING_HOUR * 3600, n_lists)
    return np.asarray(week * WEEK_SECONDS + day * 24 * 3600 + second)
