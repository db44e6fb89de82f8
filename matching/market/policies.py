"""Policies that rank for a whole market, so that the same few candidates do not fill the lists of all jobs.

If each job ranks for itself, every recruiter writes to the same candidates, who cannot answer them all. Two policies
balance the jobs against each other: an exposure cap, and prices for candidates in demand. Every policy takes a matrix
of match probabilities, shape (n_jobs, n_candidates), with NaN or -inf for a pair that is ruled out. It returns for each
job the rows of its candidates, best first.

Peak memory beside a float32 matrix: 24 bytes per pair, 32 with prices.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from matching.arrays import Array, Floats, Rows
from matching.errors import InputError

Lists = list[Rows]
Policy = Callable[[Array, int], Lists]
"""Takes a matrix of scores and a list length, and returns the lists."""
Method = Literal["caps", "transferable_utility"]

TEMPERATURE = 0.25
"""In log probability: how much worse a candidate may be and still take much of a job's demand."""
RESERVE = 4.0
"""In log probability: the price above which a job leaves places empty; it keeps prices finite if supply is short."""
TOLERANCE = 1e-3
MAX_ROUNDS = 1_000
SMALLEST = 1e-12  # keeps the log of a zero probability finite: the pair is allowed, in the last place
CHUNK = 65_536


@dataclass(frozen=True)
class Equilibrium:
    """Prices at which the demand for no candidate exceeds the capacity.

    Attributes:
        price: shape (n_candidates,), in log probability; 0 for a candidate with spare capacity.
        expected: shape (n_jobs, n_candidates), the part of each job's demand that goes to each candidate.
        error: largest share of a job's demand that is placed twice or not at all.
        rounds: number of rounds until convergence, or until the limit.
    """

    price: Floats
    expected: Floats
    error: float
    rounds: int

    @property
    def converged(self) -> bool:
        """Whether the error is within the tolerance."""
        return self.error <= TOLERANCE


def per_query(score: Array, length: int) -> Lists:
    """Rank for each job alone, by score; equal scores are in the order of their rows.

    Args:
        score: shape (n_jobs, n_candidates), on any scale.
        length: candidates in a list; a list is shorter if fewer candidates are allowed for the job.

    Raises:
        InputError: the score is no matrix, or a number is out of range.
    """
    score = _checked(score, length)
    order = np.argsort(-score, axis=1, kind="stable")[:, :length]
    return [row[np.isfinite(values[row])] for row, values in zip(order, score, strict=True)]


def capped(probability: Array, length: int, max_exposure: int) -> Lists:
    """Fill all lists so that no candidate is in more than `max_exposure` of them.

    This is deferred acceptance (Gale and Shapley 1962), in which both sides prefer the pairs with the highest
    probability. They agree on every pair, so a single pass over all pairs, likeliest first, gives the stable lists.

    Args:
        probability: shape (n_jobs, n_candidates).
        length: candidates in a list; a list is shorter if the caps leave fewer.
        max_exposure: exposure cap, the most lists that one candidate may be in.

    Raises:
        InputError: the probabilities are no matrix, or a number is out of range.

    >>> capped(np.array([[0.6, 0.1], [0.6, 0.5]]), length=1, max_exposure=1)
    [array([0]), array([1])]
    """
    probability = _checked(probability, length, max_exposure)
    n_jobs, n_candidates = probability.shape
    lists: list[list[int]] = [[] for _ in range(n_jobs)]
    left, unfilled = [max_exposure] * n_candidates, n_jobs
    for job, candidate in _likeliest_first(probability):
        if left[candidate] and len(lists[job]) < length:
            lists[job].append(candidate)
            left[candidate] -= 1
            unfilled -= len(lists[job]) == length
            if not unfilled:
                break
    return [np.array(row, dtype=np.int64) for row in lists]


def _likeliest_first(probability: Floats) -> Iterator[tuple[int, int]]:
    """Yield the allowed pairs by falling probability, in chunks, because Python numbers take much memory."""
    pairs = np.argsort(-probability, axis=None, kind="stable")
    for start in range(0, len(pairs), CHUNK):
        chunk = pairs[start : start + CHUNK]
        chunk = chunk[np.isfinite(probability.ravel()[chunk])]
        jobs, candidates = np.divmod(chunk, probability.shape[1])
        yield from zip(jobs.tolist(), candidates.tolist(), strict=True)


def transferable_utility(
    probability: Array, length: int, max_exposure: float, temperature: float = TEMPERATURE
) -> Lists:
    """Rank by log probability minus the candidate's price, in a market where each list is a job's demand.

    Prices limit the *expected* number of lists of a candidate to `max_exposure`. They do not limit the number itself: a
    candidate who is far better for many jobs than anyone else stays in their lists at any price.

    Args:
        probability: shape (n_jobs, n_candidates).
        length: candidates in a list; a list is shorter if fewer candidates are allowed for the job.
        max_exposure: capacity of a candidate, in lists.
        temperature: see `equilibrium`.

    Raises:
        InputError: the probabilities are no matrix, or a number is out of range.
    """
    probability = _checked(probability, length, max_exposure)
    demand = np.minimum(length, np.isfinite(probability).sum(axis=1)).astype(np.float64)
    supply = np.full(probability.shape[1], float(max_exposure))
    price = equilibrium(probability, demand, supply, temperature).price
    return per_query(_logs(probability) - price, length)


def equilibrium(probability: Array, demand: Floats, supply: Floats, temperature: float = TEMPERATURE) -> Equilibrium:
    """Spread each job's demand over candidates without exceeding the supply of anyone.

    Maximises sum m log p + temperature * entropy(m) over m >= 0 with row sums `demand` and column sums at most
    `supply`, by scaling rows and columns in turn (Sinkhorn; with bounds: Benamou et al. 2015, "Iterative Bregman
    projections for regularized transportation problems"). This is the matching with transfers of Choo and Siow (2006),
    which Tomita et al. (2022, "Matching theory-based recommender systems in online dating") and Chen et al. (2023,
    "Fast and examination-agnostic reciprocal recommendation in matching markets") use for ranking. There is one
    difference: only jobs may stay unmatched, at the price `RESERVE`. So if there is capacity for everyone, all prices
    are zero, and each job ranks as if it were alone.

    Args:
        probability: shape (n_jobs, n_candidates).
        demand: shape (n_jobs,), in places of a list.
        supply: shape (n_candidates,), in lists, above zero.
        temperature: above zero; a lower one comes closer to the best assignment and needs more rounds.

    Raises:
        InputError: the probabilities are no matrix, or a number is out of range.
    """
    kernel = _kernel(_checked(probability, 1), temperature)
    if (supply <= 0).any() or (demand < 0).any():
        raise InputError("supply must be above 0 for every candidate, and demand at least 0 for every job")
    empty = np.exp(-RESERVE / temperature)
    taken, held = np.zeros(len(demand)), np.ones(len(supply))
    error, rounds = np.inf, 0
    while error > TOLERANCE and rounds < MAX_ROUNDS:
        taken = demand / (kernel @ held + empty)
        wanted = taken @ kernel
        held = np.minimum(1.0, np.divide(supply, wanted, out=np.ones_like(supply), where=wanted > 0))
        placed = taken * (kernel @ held + empty)
        error = float(np.max(np.abs(placed - demand) / np.maximum(demand, SMALLEST), initial=0.0))
        rounds += 1
    kernel *= held
    kernel *= taken[:, None]
    return Equilibrium(np.asarray(-temperature * np.log(held)), kernel, error, rounds)


def suggested_exposure(n_jobs: int, n_candidates: int, length: int, answers: int = 1) -> int:
    """Suggest an exposure cap that leaves room for choice: one and a half times an even spread, at least 2.

    The factor was found on simulated markets and confirmed on others, see docs/how-to/rank-for-a-market.md.

    Args:
        n_jobs: jobs that need a list.
        n_candidates: candidates in the market.
        length: candidates in a list.
        answers: outreaches that a candidate answers while one list is valid.

    >>> suggested_exposure(n_jobs=128, n_candidates=498, length=10)
    4
    """
    return max(2, math.ceil(1.5 * answers * n_jobs * length / max(n_candidates, 1)))


def policy(method: Method, max_exposure: int) -> Policy:
    """Return the policy of a method with an exposure cap, which is the capacity behind the prices."""
    return partial(capped if method == "caps" else transferable_utility, max_exposure=max_exposure)


def _kernel(probability: Floats, temperature: float) -> Floats:
    """Return p ** (1 / temperature), relative to the best p of the row, so that no row underflows; 0 if ruled out."""
    if temperature <= 0:
        raise InputError(f"temperature must be above 0, got {temperature}")
    logs = _logs(probability)
    best = np.max(logs, axis=1, keepdims=True, initial=np.log(SMALLEST))
    logs -= best
    logs /= temperature
    return np.asarray(np.exp(logs, out=logs))


def _logs(probability: Floats) -> Floats:
    """Return log probabilities, -inf for a pair that is ruled out."""
    logs = np.full(probability.shape, -np.inf)
    eligible = np.isfinite(probability)
    np.maximum(probability, SMALLEST, out=logs, where=eligible)
    return np.asarray(np.log(logs, out=logs, where=eligible))


def _checked(score: Array, length: int, max_exposure: float = 1) -> Floats:
    """Return the matrix as float64; raises InputError."""
    if score.ndim != 2:
        raise InputError(f"the scores must be a matrix of jobs x candidates, got {score.ndim} dimension(s)")
    if length < 1 or max_exposure < 1:
        raise InputError(f"list length and max_exposure must be at least 1, got {length} and {max_exposure}")
    return np.asarray(score, dtype=np.float64)
