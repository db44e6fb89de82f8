"""Traffic: the marketplace after its log, as the requests of a client and the outcomes that follow."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from matching.arrays import Array
from matching.data.tables import CandidateProfile, Direction, JobProfile, polars_schema
from matching.errors import InputError
from matching.sources.marketplace import scenarios
from matching.sources.marketplace.config import MarketplaceConfig
from matching.sources.marketplace.facts import candidate_facts, job_facts
from matching.sources.marketplace.limits import HardLimits
from matching.sources.marketplace.outcomes import World, draw, rows_of
from matching.sources.marketplace.population import Population, populate
from matching.sources.marketplace.randomness import generator
from matching.sources.marketplace.scenarios import Profiles, Scenario
from matching.sources.marketplace.searches import Impressions, searches
from matching.sources.marketplace.truth import Sides, pair_probability

CANDIDATES_PER_REQUEST = 10
HORIZON_STEP_WEEKS = 8


@dataclass(frozen=True)
class TrafficRequest:
    """One job with the candidates that a client wants scored for it, and what followed.

    Every list has one entry per candidate.

    Attributes:
        time: when the request is sent, UTC.
        job: fields of `JobProfile` as the client reports them, ready for JSON.
        candidates: fields of `CandidateProfile` as the client reports them, ready for JSON.
        outreach: whether the company reached out; every candidate was examined.
        accept: whether the candidate accepted; None without an outreach.
        company_truth: true probability of an outreach.
        candidate_truth: true probability that an outreach is accepted.
    """

    time: datetime
    job: dict[str, Any]
    candidates: list[dict[str, Any]]
    outreach: list[bool]
    accept: list[bool | None]
    company_truth: list[float]
    candidate_truth: list[float]


@dataclass(frozen=True)
class Traffic:
    """The requests of one window after the log, in the order of time."""

    scenario: str
    window: int
    requests: list[TrafficRequest]


def traffic(
    config: MarketplaceConfig, *, seed: int, scenario: str = "none", n_pairs: int = 1_000, window: int = 0
) -> Traffic:
    """Continue the marketplace of (config, seed) after its log.

    Window 0 starts with the first week after the log. A window has enough weeks to show `n_pairs` pairs.

    Args:
        config: the marketplace whose log came before.
        seed: seed of that log.
        scenario: name of a drift in `SCENARIOS`.
        n_pairs: candidate-job pairs in the window.
        window: number of the window, from 0.

    Raises:
        InputError: the scenario is unknown, or a number is out of range.
    """
    if n_pairs < 1 or window < 0:
        raise InputError(f"n_pairs must be at least 1 and window at least 0, got {n_pairs} and {window}")
    drift = scenarios.named(scenario)
    n_weeks = int(np.ceil(n_pairs / (0.8 * config.n_impressions / config.weeks)))
    first = config.weeks + window * n_weeks
    population = _population(config, seed, -(-(first + n_weeks) // HORIZON_STEP_WEEKS) * HORIZON_STEP_WEEKS)
    requests: list[TrafficRequest] = []
    for number in range(n_weeks):
        wanted = (number + 1) * n_pairs // n_weeks - number * n_pairs // n_weeks
        shown = _sample(population, config, seed, first + number, (drift, wanted))
        requests += _requests(population, config, seed, shown, (drift, window))
    return Traffic(scenario, window, requests)


@lru_cache(maxsize=2)
def _population(config: MarketplaceConfig, seed: int, horizon_weeks: int) -> Population:
    return populate(config, seed, horizon_weeks, lambda _: None)


def _sample(
    population: Population, config: MarketplaceConfig, seed: int, week: int, part: tuple[Scenario, int]
) -> Impressions:
    """Sample equally many impressions from several lists of a week, so that positions are spread as in the log."""
    drift, wanted = part
    newest = population.version(np.arange(len(population.first_version)), float(week))
    admitted = drift.admit(population.candidate_facts.take(newest), seed)
    shown = searches(population, config, seed, week, admitted)
    rng = generator(seed, "traffic", week)
    lists = rng.permutation(int(shown.list_number.max(initial=-1)) + 1)
    per_list = max(CANDIDATES_PER_REQUEST, -(-wanted // max(len(lists), 1)))
    order = np.lexsort((rng.random(len(shown)), lists[shown.list_number]))
    place = _place_in_run(shown.list_number[order])
    chosen = order[place < per_list][:wanted]
    return Impressions(week, **{f.name: getattr(shown, f.name)[chosen] for f in fields(shown) if f.name != "week"})


def _place_in_run(values: Array) -> Array:
    """Return the position of each element within its run of equal values, from 0."""
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.zeros(0, dtype=np.int64)
    lengths = np.diff(np.r_[starts, len(values)])
    return np.arange(len(values)) - np.repeat(starts, lengths)


def _requests(
    population: Population, config: MarketplaceConfig, seed: int, shown: Impressions, part: tuple[Scenario, int]
) -> list[TrafficRequest]:
    """Draw the outcomes of impressions, and return them as requests."""
    drift, window = part
    versions, jobs = rows_of(population, shown)
    candidate_rows, candidate_at = np.unique(versions, return_inverse=True)
    job_rows, job_at = np.unique(jobs, return_inverse=True)
    profiles = Profiles(population.candidates[candidate_rows], population.jobs[job_rows])
    true = drift.change(profiles, seed, window)
    limits = HardLimits.of(true.candidates, true.jobs)
    sides = Sides.of(candidate_facts(true.candidates), job_facts(true.jobs), seed, limits)
    rows = (candidate_at, job_at)
    outcomes = draw(World(sides, drift.weights, seed), rows, shown, np.ones(len(shown), dtype=bool))
    truth = {d: pair_probability(sides, drift.weights, d, rows, hidden=True) for d in Direction}
    reported = _reported(drift.report(true, seed, window))
    place = _place_in_run(shown.list_number)
    starts = np.flatnonzero(place % CANDIDATES_PER_REQUEST == 0)
    runs = [np.arange(a, b) for a, b in zip(starts, np.r_[starts[1:], len(shown)], strict=True)]
    requests = [
        TrafficRequest(
            time=config.start + timedelta(seconds=int(shown.seconds[run[0]])),
            job=reported[1][job_at[run[0]]],
            candidates=[reported[0][row] for row in candidate_at[run]],
            outreach=outcomes.outreach[run].tolist(),
            accept=[
                accept if outreach else None
                for accept, outreach in zip(outcomes.accept[run].tolist(), outcomes.outreach[run].tolist(), strict=True)
            ],
            company_truth=truth[Direction.COMPANY][run].tolist(),
            candidate_truth=truth[Direction.CANDIDATE][run].tolist(),
        )
        for run in runs
    ]
    return sorted(requests, key=lambda request: (request.time, request.job["job_id"]))


def _reported(profiles: Profiles) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return profiles as the dictionaries that a client sends."""
    return (
        profiles.candidates.select(polars_schema(CandidateProfile).names()).to_dicts(),
        profiles.jobs.select(polars_schema(JobProfile).names()).to_dicts(),
    )
