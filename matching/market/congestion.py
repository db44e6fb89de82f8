"""How unevenly a market's attention is spread, and what of it is lost. Counts have shape (n_candidates,)."""

import numpy as np

from matching.arrays import Array, Floats


def lorenz(counts: Array) -> tuple[Floats, Floats]:
    """Return shares of candidates, fewest first, and the shares of the whole they hold; shapes (n_candidates + 1,).

    Source: Lorenz (1905), "Methods of measuring the concentration of wealth".
    """
    rising = np.concatenate([[0.0], np.cumsum(np.sort(np.asarray(counts, dtype=np.float64)))])
    people = np.linspace(0.0, 1.0, len(rising))
    return people, np.asarray(rising / rising[-1] if rising[-1] > 0 else people)


def gini(counts: Array) -> float:
    """Gini coefficient: 0 where all have the same, towards 1 where one has everything; 0 where there is nothing."""
    people, held = lorenz(counts)
    return max(0.0, float(1 - 2 * np.trapezoid(held, people)))


def top_share(counts: Array, top: int | float) -> float:
    """Share of the whole that goes to the candidates with most; NaN where there is nothing.

    Args:
        counts: how much each candidate has.
        top: how many candidates, or as a float which share of them, at least one.
    """
    total = float(np.sum(counts))
    number = top if isinstance(top, int) else max(1, round(top * len(counts)))
    return float(np.sum(np.sort(counts)[::-1][:number]) / total) if total else float("nan")


def overload(counts: Array, capacity: float) -> float:
    """Share of the whole that is beyond what each candidate can answer; NaN where there is nothing."""
    total = float(np.sum(counts))
    return float(np.sum(np.maximum(np.asarray(counts) - capacity, 0)) / total) if total else float("nan")


def coverage(counts: Array) -> float:
    """Share of the candidates who get anything; NaN without candidates."""
    return float(np.mean(np.asarray(counts) > 0)) if len(counts) else float("nan")
