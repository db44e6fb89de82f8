"""The truth: the probabilities behind the outcomes, and the best achievable ones from the profiles.

The logit of a direction is its utility plus a hidden preference. For candidate c and job j, the latter is

    h = interaction * <a_j / |a_j|, b_c> + own * e_c + own * e_j,   b_c ~ N(0, I), e ~ N(0, 1)

So over all pairs h ~ N(0, interaction^2 + 2 own^2) exactly, independent of the profiles, and the expectation of
sigmoid(utility + h) is one integral over a normal density. Each vector is a function of (seed, direction, identifier).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from scipy.special import expit

from matching.arrays import Array, Floats, Floats32
from matching.data.dataset import Pairs
from matching.data.tables import Direction
from matching.sources.marketplace.facts import CandidateFacts, JobFacts, candidate_facts, job_facts
from matching.sources.marketplace.limits import HardLimits
from matching.sources.marketplace.randomness import normals
from matching.sources.marketplace.utilities import PairFacts, UtilityWeights

INTERACTION_SD = 0.8
OWN_SD = 0.3
HIDDEN_SD = float(np.sqrt(INTERACTION_SD**2 + 2 * OWN_SD**2))
DIMENSIONS = 6
CHUNK = 131_072


@dataclass(frozen=True)
class Hidden:
    """Hidden preferences of candidates or jobs: vectors of shape (n, DIMENSIONS) and own terms of shape (n,)."""

    vector: Floats32
    own: Floats32


def hidden_of_candidates(keys: Array, seed: int, direction: Direction) -> Hidden:
    """Draw the hidden preferences of candidates: normal vectors."""
    drawn = normals(keys, seed, f"hidden {direction} candidate", DIMENSIONS + 1).astype(np.float32)
    return Hidden(drawn[:, :DIMENSIONS], drawn[:, DIMENSIONS])


def hidden_of_jobs(keys: Array, seed: int, direction: Direction) -> Hidden:
    """Draw the hidden preferences of jobs: unit vectors, whose product with a normal vector is standard normal."""
    drawn = normals(keys, seed, f"hidden {direction} job", DIMENSIONS + 1)
    vector = drawn[:, :DIMENSIONS]
    unit = vector / np.linalg.norm(vector, axis=1, keepdims=True)
    return Hidden(unit.astype(np.float32), drawn[:, DIMENSIONS].astype(np.float32))


def hidden_preference(candidates: Hidden, jobs: Hidden, candidate_rows: Array, job_rows: Array) -> Floats:
    """Return the hidden preference of each pair in logits, shape (n_pairs,)."""
    inner = np.einsum("nd,nd->n", candidates.vector[candidate_rows], jobs.vector[job_rows])
    own = candidates.own[candidate_rows] + jobs.own[job_rows]
    return np.asarray(INTERACTION_SD * inner + OWN_SD * own, dtype=np.float64)


@cache
def _averaged_table() -> tuple[Floats, Floats]:
    """Tabulate E sigmoid(u + h) on a grid of utilities u, by Gauss-Hermite quadrature with 64 nodes."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    grid = np.arange(-20.0, 20.0, 0.005)
    return grid, expit(grid[:, None] + HIDDEN_SD * nodes) @ (weights / weights.sum())


def averaged(utility: Floats) -> Floats:
    """Return the probability of a yes, averaged over hidden preferences; interpolated, with an error below 1e-6."""
    grid, values = _averaged_table()
    return np.interp(utility, grid, values)


@dataclass(frozen=True)
class Sides:
    """The facts of candidates and jobs, with hidden preferences for each direction and hard limits of the same rows."""

    candidates: CandidateFacts
    jobs: JobFacts
    candidate_hidden: dict[Direction, Hidden]
    job_hidden: dict[Direction, Hidden]
    limits: HardLimits

    @classmethod
    def of(cls, candidates: CandidateFacts, jobs: JobFacts, seed: int, limits: HardLimits) -> "Sides":
        """Draw the hidden preferences for facts; `limits` belongs to the same rows."""
        return cls(
            candidates,
            jobs,
            {d: hidden_of_candidates(candidates.key, seed, d) for d in Direction},
            {d: hidden_of_jobs(jobs.key, seed, d) for d in Direction},
            limits,
        )


def pair_probability(
    sides: Sides, weights: UtilityWeights, direction: Direction, rows: tuple[Array, Array], *, hidden: bool
) -> Floats:
    """Return the probability of a yes for pairs of rows, shape (n_pairs,), computed in chunks of fixed memory.

    Args:
        sides: the facts of both sides.
        weights: what both sides look for.
        direction: whose yes.
        rows: rows of the candidates and rows of the jobs, shape (n_pairs,) each.
        hidden: whether to include hidden preferences, or to average over them.

    Returns:
        Zero for a pair that breaks a hard limit of the direction.
    """
    candidate_rows, job_rows = rows
    result = np.empty(len(candidate_rows), dtype=np.float64)
    for start in range(0, len(result), CHUNK):
        part = slice(start, start + CHUNK)
        pairs = PairFacts(sides.candidates, sides.jobs, candidate_rows[part], job_rows[part])
        utility = weights.utility(direction, pairs)
        if hidden:
            preference = hidden_preference(
                sides.candidate_hidden[direction], sides.job_hidden[direction], candidate_rows[part], job_rows[part]
            )
            result[part] = expit(utility + preference)
        else:
            result[part] = averaged(utility)
        result[part] *= sides.limits.allowed(candidate_rows[part], job_rows[part], direction)
    return result


class MarketplaceTruth:
    """`matching.data.dataset.Truth` of one marketplace.

    Args:
        seed: seed of the marketplace.
        weights: what both sides look for; the default weights if None.
    """

    def __init__(self, seed: int, weights: UtilityWeights | None = None) -> None:
        self.seed = seed
        self.weights = weights or UtilityWeights()
        self._last: tuple[pl.DataFrame, pl.DataFrame, Sides] | None = None

    def probability(self, direction: Direction, pairs: Pairs) -> Floats:
        """Return the true probability of a yes in this direction, given that the pair is examined, shape (n_pairs,)."""
        return self._evaluate(direction, pairs, hidden=True)

    def best_achievable(self, direction: Direction, pairs: Pairs) -> Floats:
        """Return the best achievable probability: averaged over hidden preferences, shape (n_pairs,)."""
        return self._evaluate(direction, pairs, hidden=False)

    def _evaluate(self, direction: Direction, pairs: Pairs, *, hidden: bool) -> Floats:
        rows = (pairs.candidate_rows, pairs.job_rows)
        return pair_probability(self._sides(pairs), self.weights, direction, rows, hidden=hidden)

    def _sides(self, pairs: Pairs) -> Sides:
        """Return the facts of both tables; calls with the same tables read them only once."""
        if self._last is None or self._last[0] is not pairs.candidates or self._last[1] is not pairs.jobs:
            limits = HardLimits.of(pairs.candidates, pairs.jobs)
            sides = Sides.of(candidate_facts(pairs.candidates), job_facts(pairs.jobs), self.seed, limits)
            self._last = (pairs.candidates, pairs.jobs, sides)
        return self._last[2]
