"""Ranking for a market: lists for many jobs at once, so that the same few candidates do not stand in all of them.

A ranking for one job alone sends every recruiter to the same people, who cannot answer them all. Two policies weigh
the jobs against each other: a cap on how many lists may hold a candidate, and prices that candidates in demand would
ask for. Every policy takes one matrix of match probabilities, shape (n_jobs, n_candidates), in which NaN or -inf marks
a pair that may not meet, and returns for each job the rows of its candidates, best first.

Memory beside the matrix, at the peak and of a float32 one: 24 bytes a pair, 32 for prices.
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
"""Makes the lists of a matrix of scores, of the given length."""
Method = Literal["caps", "transferable_utility"]

TEMPERATURE = 0.25
"""In log probability: how much worse a candidate may be and still take a good part of a job's demand."""
RESERVE = 4.0
"""In log probability: a job rather leaves places empty than pay so much; it keeps prices finite where all are taken."""
TOLERANCE = 1e-3
MAX_ROUNDS = 1_000
SMALLEST = 1e-12  # the log of a zero probability must stay a number: the pair may meet, only last
CHUNK = 65_536


@dataclass(frozen=True)
class Equilibrium:
    """Prices at which no candidate is asked for beyond capacity.

    Attributes:
        price: shape (n_candidates,), in log probability; 0 for whom there is capacity to spare.
        expected: shape (n_jobs, n_candidates), how much of each job's demand goes to each candidate.
        error: largest share of a job's demand that is placed twice or not at all.
        rounds: how many it took.
    """

    price: Floats
    expected: Floats
    error: float
    rounds: int

    @property
    def converged(self) -> bool:
        """Whether the marginals hold within the tolerance."""
        return self.error <= TOLERANCE


def per_query(score: Array, length: int) -> Lists:
    """Rank for each job alone: the candidates of the highest scores, equal ones in the order of their rows.

    Args:
        score: shape (n_jobs, n_candidates), on any scale.
        length: candidates in a list; fewer where fewer may meet the job.

    Raises:
        InputError: the score is no matrix, or a number is out of range.
    """
    score = _checked(score, length)
    order = np.argsort(-score, axis=1, kind="stable")[:, :length]
    return [row[np.isfinite(values[row])] for row, values in zip(order, score, strict=True)]


def capped(probability: Array, length: int, max_exposure: int) -> Lists:
    """Fill all lists so that no candidate stands in more than `max_exposure` of them.

    Deferred acceptance (Gale and Shapley 1962) where a job prefers likely candidates and a candidate likely jobs. Both
    sides rank a pair by the same number, so the stable lists are what one pass over all pairs gives, likeliest first.

    Args:
        probability: shape (n_jobs, n_candidates).
        length: candidates in a list; fewer where the caps leave fewer.
        max_exposure: lists a candidate may stand in.

    Raises:
        InputError: the probabilities are no matrix, or a number is out of range.
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
    """Pairs that may meet, by falling probability; numbers of Python in chunks, for they take much memory."""
    pairs = np.argsort(-probability, axis=None, kind="stable")
    for start in range(0, len(pairs), CHUNK):
        chunk = pairs[start : start + CHUNK]
        chunk = chunk[np.isfinite(probability.ravel()[chunk])]
        jobs, candidates = np.divmod(chunk, probability.shape[1])
        yield from zip(jobs.tolist(), candidates.tolist(), strict=True)


def transferable_utility(
    probability: Array, length: int, max_exposure: float, temperature: float = TEMPERATURE
) -> Lists:
    """Rank by log probability less the candidate's price, in a market where each list is a job's demand.

    Prices bound the lists a candidate is *expected* to stand in by `max_exposure`. The lists themselves are not
    bounded: who is far better for many jobs than anyone else stays in their lists at any price.

    Args:
        probability: shape (n_jobs, n_candidates).
        length: candidates in a list; fewer where fewer may meet the job.
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
    """Spread each job's demand over candidates without asking for more of anyone than there is.

    Maximises sum m log p + temperature * entropy(m) over m >= 0 with row sums `demand` and column sums at most
    `supply`, by scaling rows and columns in turn (Sinkhorn; with bounds: Benamou et al. 2015, "Iterative Bregman
    projections for regularized transportation problems"). This is the matching with transfers of Choo and Siow (2006),
    by whose terms Tomita et al. (2022, "Matching theory-based recommender systems in online dating") and Chen et al.
    (2023, "Fast and examination-agnostic reciprocal recommendation in matching markets") rank, with one difference:
    only jobs may stay unmatched, at `RESERVE`. So where there is capacity for everyone all prices are zero, and the
    ranking is the plain one.

    Args:
        probability: shape (n_jobs, n_candidates).
        demand: shape (n_jobs,).
        supply: shape (n_candidates,), above zero.
        temperature: above zero; the lower, the closer to the best assignment, and the more rounds.

    Raises:
        InputError: the probabilities are no matrix, or a number is out of range.
    """
    kernel = _kernel(_checked(probability, 1), temperature)
    if (supply <= 0).any() or (demand < 0).any():
        raise InputError("supply must be above 0 for every candidate, and demand not below 0 for any job")
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
    """Suggest an exposure that leaves room for choice: one and a half times what an even spread needs, at least 2.

    Found on simulated markets and confirmed on others, see docs/how-to/rank-for-a-market.md.

    Args:
        n_jobs: jobs that need a list.
        n_candidates: candidates there are.
        length: candidates in a list.
        answers: outreaches a candidate answers in the time of one list.
    """
    return max(2, math.ceil(1.5 * answers * n_jobs * length / max(n_candidates, 1)))


def policy(method: Method, max_exposure: int) -> Policy:
    """Return the policy of this name."""
    return partial(capped if method == "caps" else transferable_utility, max_exposure=max_exposure)


def _kernel(probability: Floats, temperature: float) -> Floats:
    """Probability ** (1 / temperature) relative to each row's best, so that no row underflows; 0 for no pair."""
    if temperature <= 0:
        raise InputError(f"temperature must be above 0, got {temperature}")
    logs = _logs(probability)
    best = np.max(logs, axis=1, keepdims=True, initial=np.log(SMALLEST))
    logs -= best
    logs /= temperature
    return np.asarray(np.exp(logs, out=logs))


def _logs(probability: Floats) -> Floats:
    """Log probabilities; -inf where a pair may not meet."""
    logs = np.full(probability.shape, -np.inf)
    eligible = np.isfinite(probability)
    np.maximum(probability, SMALLEST, out=logs, where=eligible)
    return np.asarray(np.log(logs, out=logs, where=eligible))


def _checked(score: Array, length: int, max_exposure: float = 1) -> Floats:
    """Return the matrix as float64; raises InputError."""
    if score.ndim != 2:
        raise InputError(f"scores of a market are a matrix of jobs x candidates, got {score.ndim} dimension(s)")
    if length < 1 or max_exposure < 1:
        raise InputError(f"list length and max_exposure must be at least 1, got {length} and {max_exposure}")
    return np.asarray(score, dtype=np.float64)
