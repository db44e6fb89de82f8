"""The truth: probabilities behind the outcomes, and the best that can be known of them from the profiles.

A direction's logit is its utility plus a hidden taste. In each direction that of candidate c and job j is

    h = interaction * <a_j / |a_j|, b_c> + own * e_c + own * e_j,   b_c ~ N(0, I), e ~ N(0, 1)

so over entities h ~ N(0, interaction^2 + 2 own^2) exactly, whatever the profiles say, and the expectation of
sigmoid(utility + h) is one integral over a normal density. Each vector is a function of (seed, direction, identifier).
"""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import polars as pl
from scipy.special import expit

from matching.arrays import Array, Floats, Floats32
from matching.data.dataset import Pairs
from matching.data.tables import Direction
from matching.sources.marketplace.facts import CandidateFacts, JobFacts, candidate_facts, job_facts
from matching.sources.marketplace.randomness import normals
from matching.sources.marketplace.stating import Hard
from matching.sources.marketplace.utilities import (
    CandidateTaste,
    CompanyTaste,
    Encounter,
    candidate_utility,
    company_utility,
)

INTERACTION_SD = 0.8
OWN_SD = 0.3
HIDDEN_SD = float(np.sqrt(INTERACTION_SD**2 + 2 * OWN_SD**2))
DIMENSIONS = 6
CHUNK = 131_072


@dataclass(frozen=True)
class Hidden:
    """Hidden parts of entities: vectors of shape (n, DIMENSIONS) and own terms of shape (n,)."""

    vector: Floats32
    own: Floats32


def hidden_of_candidates(keys: Array, seed: int, direction: Direction) -> Hidden:
    """Hidden parts of candidates: plain normal vectors."""
    drawn = normals(keys, seed, f"hidden {direction} candidate", DIMENSIONS + 1).astype(np.float32)
    return Hidden(drawn[:, :DIMENSIONS], drawn[:, DIMENSIONS])


def hidden_of_jobs(keys: Array, seed: int, direction: Direction) -> Hidden:
    """Hidden parts of jobs: vectors of length one, so that their product with a normal vector is standard normal."""
    drawn = normals(keys, seed, f"hidden {direction} job", DIMENSIONS + 1)
    vector = drawn[:, :DIMENSIONS]
    unit = vector / np.linalg.norm(vector, axis=1, keepdims=True)
    return Hidden(unit.astype(np.float32), drawn[:, DIMENSIONS].astype(np.float32))


def hidden_taste(candidates: Hidden, jobs: Hidden, candidate_rows: Array, job_rows: Array) -> Floats:
    """Hidden taste of each pair, in logits. Shape (n_pairs,)."""
    inner = np.einsum("nd,nd->n", candidates.vector[candidate_rows], jobs.vector[job_rows])
    own = candidates.own[candidate_rows] + jobs.own[job_rows]
    return np.asarray(INTERACTION_SD * inner + OWN_SD * own, dtype=np.float64)


@cache
def _averaged_table() -> tuple[Floats, Floats]:
    """E sigmoid(u + h) on a grid of utilities u, by Gauss-Hermite quadrature with 64 nodes."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    grid = np.arange(-20.0, 20.0, 0.005)
    return grid, expit(grid[:, None] + HIDDEN_SD * nodes) @ (weights / weights.sum())


def averaged(utility: Floats) -> Floats:
    """Probability of a yes with the hidden taste averaged out; interpolated, error below 1e-6."""
    grid, values = _averaged_table()
    return np.interp(utility, grid, values)


@dataclass(frozen=True)
class Sides:
    """Two tables of facts with the hidden parts of their rows, per direction."""

    candidates: CandidateFacts
    jobs: JobFacts
    candidate_hidden: dict[Direction, Hidden]
    job_hidden: dict[Direction, Hidden]
    hard: Hard

    @classmethod
    def of(cls, candidates: CandidateFacts, jobs: JobFacts, seed: int, hard: Hard) -> "Sides":
        """Draw the hidden parts that belong to the facts; `hard` holds the limits of the same rows."""
        return cls(
            candidates,
            jobs,
            {d: hidden_of_candidates(candidates.key, seed, d) for d in Direction},
            {d: hidden_of_jobs(jobs.key, seed, d) for d in Direction},
            hard,
        )


@dataclass(frozen=True)
class Tastes:
    """How both sides judge: what a scenario of changed tastes replaces."""

    company: CompanyTaste = field(default_factory=CompanyTaste)
    candidate: CandidateTaste = field(default_factory=CandidateTaste)

    def utility(self, direction: Direction, pairs: Encounter) -> Floats:
        """Return what the deciding side of a direction sees, in logits."""
        if direction is Direction.COMPANY:
            return company_utility(pairs, self.company)
        return candidate_utility(pairs, self.candidate)


def pair_probability(
    sides: Sides, tastes: Tastes, direction: Direction, rows: tuple[Array, Array], *, hidden: bool
) -> Floats:
    """Probability of a yes per pair of rows (candidate rows, job rows), in chunks of fixed memory.

    Who states a hard limit never says yes to what breaks it.
    """
    candidate_rows, job_rows = rows
    result = np.empty(len(candidate_rows), dtype=np.float64)
    for start in range(0, len(result), CHUNK):
        part = slice(start, start + CHUNK)
        pair = Encounter(sides.candidates, sides.jobs, candidate_rows[part], job_rows[part])
        utility = tastes.utility(direction, pair)
        if hidden:
            taste = hidden_taste(
                sides.candidate_hidden[direction], sides.job_hidden[direction], candidate_rows[part], job_rows[part]
            )
            result[part] = expit(utility + taste)
        else:
            result[part] = averaged(utility)
        result[part] *= sides.hard.allowed(candidate_rows[part], job_rows[part], direction)
    return result


class MarketplaceTruth:
    """`matching.data.dataset.Truth` of one marketplace.

    Args:
        seed: seed of the marketplace.
        tastes: how both sides judge.
    """

    def __init__(self, seed: int, tastes: Tastes | None = None) -> None:
        self.seed = seed
        self.tastes = tastes or Tastes()
        self._last: tuple[pl.DataFrame, pl.DataFrame, Sides] | None = None

    def probability(self, direction: Direction, pairs: Pairs) -> Floats:
        """Return the true probability of a yes in this direction, given that the pair was looked at."""
        return self._evaluate(direction, pairs, hidden=True)

    def best_achievable(self, direction: Direction, pairs: Pairs) -> Floats:
        """Return the best probability that can be known from the profiles: hidden tastes averaged out."""
        return self._evaluate(direction, pairs, hidden=False)

    def _evaluate(self, direction: Direction, pairs: Pairs, *, hidden: bool) -> Floats:
        rows = (pairs.candidate_rows, pairs.job_rows)
        return pair_probability(self._sides(pairs), self.tastes, direction, rows, hidden=hidden)

    def _sides(self, pairs: Pairs) -> Sides:
        """Read the tables once, however often the same two are asked about."""
        if self._last is None or self._last[0] is not pairs.candidates or self._last[1] is not pairs.jobs:
            hard = Hard.of(pairs.candidates, pairs.jobs)
            sides = Sides.of(candidate_facts(pairs.candidates), job_facts(pairs.jobs), self.seed, hard)
            self._last = (pairs.candidates, pairs.jobs, sides)
        return self._last[2]
