"""Congestion: how unevenly lists or outreach are spread, and how much is lost. Counts have shape (n_candidates,)."""

import numpy as np

from matching.arrays import Array, Floats


def lorenz(counts: Array) -> tuple[Floats, Floats]:
    """Return the Lorenz curve: shares of the candidates, lowest counts first, and the shares of the total they have.

    Source: Lorenz (1905), "Methods of measuring the concentration of wealth".

    Returns:
        Both of shape (n_candidates + 1,), rising from 0 to 1.
    """
    rising = np.concatenate([[0.0], np.cumsum(np.sort(np.asarray(counts, dtype=np.float64)))])
    people = np.linspace(0.0, 1.0, len(rising))
    return people, np.asarray(rising / rising[-1] if rising[-1] > 0 else people)


def gini(counts: Array) -> float:
    """Return the Gini coefficient: 0 if all counts are equal, near 1 if one candidate has everything; 0 for zeros.

    >>> gini(np.array([2, 2, 2])), gini(np.array([0, 0, 0, 4]))
    (0.0, 0.75)
    """
    people, held = lorenz(counts)
    return max(0.0, float(1 - 2 * np.trapezoid(held, people)))


def top_share(counts: Array, top: int | float) -> float:
    """Return the share of the total that the candidates with the highest counts have; NaN if the total is zero.

    Args:
        counts: one count per candidate.
        top: the number of candidates, or as a float their share of all, at least one candidate.
    """
    total = float(np.sum(counts))
    number = top if isinstance(top, int) else max(1, round(top * len(counts)))
    return float(np.sum(np.sort(counts)[::-1][:number]) / total) if total else float("nan")


def overload(counts: Array, capacity: float) -> float:
    """Return the share of the total that exceeds the capacity of each candidate; NaN if the total is zero."""
    total = float(np.sum(counts))
    return float(np.sum(np.maximum(np.asarray(counts) - capacity, 0)) / total) if total else float("nan")


def coverage(counts: Array) -> float:
    """Return the share of the candidates with a count above zero; NaN without candidates."""
    return float(np.mean(np.asarray(counts) > 0)) if len(counts) else float("nan")
