"""Re-ranking that gives each group its share of every prefix of a list, at the smallest cost in score.

Source: Geyik, Ambler, Kenthapadi (2019), "Fairness-Aware Ranking in Search & Recommendation Systems with Application to
LinkedIn Talent Search", arXiv 1905.01989, algorithms 1 to 3. The paper assumes that groups are unlimited; here a group
may run out, and its places go to the others. A group with a target of zero comes after all others.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from matching.arrays import Booleans, Codes, Floats
from matching.fairness.measures import ROUNDING

Method = Literal["det_greedy", "det_cons", "det_const_sort"]
Reranker = Callable[[Floats, Codes, Floats, int], Codes]


def pool_shares(groups: Codes, n_groups: int) -> Floats:
    """Return the share of each group in the pool, shape (n_groups,); it is the default target."""
    return np.bincount(groups, minlength=n_groups) / max(len(groups), 1)


def det_greedy(scores: Floats, groups: Codes, targets: Floats, places: int) -> Codes:
    """Take the best score among the groups below their minimum, or else among those below their maximum.

    At position k, the minimum of a group is `floor(k * target)` and its maximum `ceil(k * target)`. With four or more
    groups, the result can miss a minimum.

    Args:
        scores: shape (n,), higher is better.
        groups: shape (n,), group codes from 0.
        targets: shape (n_groups,), target share of each group.
        places: number of places to balance; the others follow by score.

    Returns:
        A permutation of `arange(n)`, best first.

    >>> scores, groups = np.array([0.9, 0.8, 0.7, 0.6]), np.array([0, 0, 0, 1])
    >>> det_greedy(scores, groups, np.array([0.5, 0.5]), places=4)
    array([0, 3, 1, 2])
    """
    return _one_by_one(scores, groups, targets, places, by_need=False)


def det_cons(scores: Floats, groups: Codes, targets: Floats, places: int) -> Codes:
    """Rank as `det_greedy` does, but if all minimums are met, take from the group whose maximum binds first."""
    return _one_by_one(scores, groups, targets, places, by_need=True)


def det_const_sort(scores: Floats, groups: Codes, targets: Floats, places: int) -> Codes:
    """Place the next member of a group when its minimum rises, then move it up by score as far as all minimums hold.

    Each prefix of length k holds at least `min(floor(k * target), size)` members of each group. A member is placed only
    when a minimum or a score requires it, so a group of 4 % hardly appears in the first 25. Arguments and result are
    those of `det_greedy`.
    """
    queues = _queues(scores, groups, len(targets))
    sizes = np.array([len(queue) for queue in queues])
    counts = np.zeros(len(targets), dtype=np.int64)
    placed: list[int] = []
    latest: list[int] = []  # the last position, from 1, at which each placed row still meets the minimums
    while len(placed) <= places:
        rises_at = _rises_at(counts, sizes, targets)
        k = rises_at.min()
        if k == np.inf:
            break
        rising = np.flatnonzero(rises_at == k)
        for row in sorted((queues[group][counts[group]] for group in rising), key=lambda row: -scores[row]):
            _insert(placed, latest, int(row), int(k), scores)
        counts[rising] += 1
    return _with_rest(placed, scores)


METHODS: dict[Method, Reranker] = {
    "det_greedy": det_greedy,
    "det_cons": det_cons,
    "det_const_sort": det_const_sort,
}


def _one_by_one(scores: Floats, groups: Codes, targets: Floats, places: int, *, by_need: bool) -> Codes:
    queues = _queues(scores, groups, len(targets))
    counts = np.zeros(len(targets), dtype=np.int64)
    left = np.array([len(queue) for queue in queues])
    heads = np.array([scores[queue[0]] if len(queue) else -np.inf for queue in queues])
    placed: list[int] = []
    for k in range(1, min(places, len(scores)) + 1):
        has_more = counts < left
        below_minimum = has_more & (counts < np.floor(k * targets + ROUNDING))
        below_maximum = has_more & (counts < np.ceil(k * targets - ROUNDING))
        if by_need and not below_minimum.any() and below_maximum.any():
            group = _first_to_bind(k, targets, below_maximum, heads)
        else:
            allowed = next(groups for groups in (below_minimum, below_maximum, has_more) if groups.any())
            group = int(np.argmax(np.where(allowed, heads, -np.inf)))
        placed.append(int(queues[group][counts[group]]))
        counts[group] += 1
        heads[group] = scores[queues[group][counts[group]]] if counts[group] < left[group] else -np.inf
    return _with_rest(placed, scores)


def _first_to_bind(k: int, targets: Floats, among: Booleans, heads: Floats) -> int:
    """Return the group whose maximum binds first; of several, the one whose next member has the best score."""
    binds_at = np.full(len(targets), np.inf)
    binds_at[among] = np.ceil(k * targets[among] - ROUNDING) / targets[among]
    return int(np.argmax(np.where(binds_at <= binds_at.min() + ROUNDING, heads, -np.inf)))


def _queues(scores: Floats, groups: Codes, n_groups: int) -> list[Codes]:
    """Return the rows of each group, best first; equal scores keep their order."""
    order = np.argsort(-scores, kind="stable")
    return [order[groups[order] == group] for group in range(n_groups)]


def _rises_at(counts: Codes, sizes: Codes, targets: Floats) -> Floats:
    """Return the position at which each group's minimum next rises; infinite if it has run out or has no target."""
    waiting = (counts < sizes) & (targets > ROUNDING)
    rises_at = np.full(len(targets), np.inf)
    rises_at[waiting] = np.ceil((counts[waiting] + 1) / targets[waiting] - ROUNDING)
    return rises_at


def _insert(placed: list[int], latest: list[int], row: int, k: int, scores: Floats) -> None:
    """Append a row, then move it up past lower scores that may still be one place lower.

    The paper compares `maxIndices[start - 1] >= start` with places counted from 0. That moves a row one place too far
    and misses a minimum; the proof in the paper needs the strict comparison.
    """
    placed.append(row)
    latest.append(k)
    place = len(placed) - 1
    while place > 0 and latest[place - 1] > place and scores[placed[place - 1]] < scores[row]:
        for values in (placed, latest):
            values[place - 1], values[place] = values[place], values[place - 1]
        place -= 1


def _with_rest(placed: list[int], scores: Floats) -> Codes:
    """Return the placed rows, then all others by score."""
    rest = np.ones(len(scores), dtype=bool)
    rest[placed] = False
    order = np.argsort(-scores, kind="stable")
    return np.concatenate([np.array(placed, dtype=np.int64), order[rest[order]]])
