"""The bootstrap: how certain a difference between two models is. Whole lists are drawn with replacement.

The rows of a list depend on each other, so lists are the unit of the bootstrap.

Source: Efron and Tibshirani (1993), "An Introduction to the Bootstrap", chapters 6 and 13; for ranking, Sakai (2018),
"Laboratory Experiments in Information Retrieval", chapter 4.
"""

from dataclasses import dataclass

import numpy as np

from matching.arrays import Floats, Integers


@dataclass(frozen=True)
class Estimate:
    """A figure with the ends of its interval, each at a one-sided confidence.

    >>> lead = Estimate(value=9_000, low=500, high=18_000)
    >>> lead.low > 0
    True
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Differences:
    """Differences between two models on the same rows, summed by list.

    >>> Differences(totals=np.array([3.0, 5.0]), weights=np.array([2.0, 2.0])).mean()
    2.0

    Attributes:
        totals: sum of the differences of each list's rows, shape (n_lists,).
        weights: number of rows of each list, or 1 for a difference of whole lists; shape (n_lists,).
    """

    totals: Floats
    weights: Floats

    def mean(self) -> float:
        """Mean difference; NaN if nothing was compared."""
        return float(self.totals.sum() / self.weights.sum()) if self.weights.sum() else float("nan")


def by_list(differences: Floats, lists: Integers, weight: Floats) -> Differences:
    """Sum differences of rows by list.

    >>> found = by_list(np.array([1.0, 2.0, 5.0]), np.array([7, 7, 9]), np.ones(3))
    >>> found.totals, round(found.mean(), 3)
    (array([3., 5.]), 2.667)

    Args:
        differences: shape (n_rows,).
        lists: shape (n_rows,), code of each row's list.
        weight: shape (n_rows,), number of rows that each row stands for.
    """
    _, codes = np.unique(lists, return_inverse=True)
    totals, weights = np.bincount(codes, weight * differences), np.bincount(codes, weight)
    return Differences(totals.astype(np.float64), weights.astype(np.float64))


def bootstrap(differences: Differences, *, draws: int, seed: int) -> Floats:
    """Draw lists with replacement, and return the mean difference of each draw.

    Returns:
        ndarray of shape (draws,); empty if nothing was compared.
    """
    n_lists = len(differences.totals)
    if not n_lists:
        return np.empty(0)
    generator = np.random.default_rng(seed)
    means = np.empty(draws)
    for draw in range(draws):
        picked = generator.integers(0, n_lists, n_lists)
        means[draw] = differences.totals[picked].sum() / differences.weights[picked].sum()
    return means


def one_sided_interval(
    differences: Differences, *, confidence: float, draws: int, seed: int
) -> tuple[float, float] | None:
    """Return both one-sided ends of the mean difference; None if nothing was compared."""
    means = bootstrap(differences, draws=draws, seed=seed)
    if not len(means):
        return None
    low, high = np.quantile(means, [1 - confidence, confidence])
    return float(low), float(high)
