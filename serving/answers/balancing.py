"""The order of one ranking, balanced over groups of the caller's own: they order this answer and go nowhere else."""

from collections.abc import Collection, Sequence

import numpy as np

from matching.arrays import Floats, Rows
from matching.fairness.reranking import METHODS, pool_shares
from serving.api.errors import Detail, invalid
from serving.api.requests import MAX_GROUPS, Balance

UNKNOWN = "unknown"


def balanced(
    scores: Floats, ids: Sequence[str], limit: int, balance: Balance, *, asked: Collection[str] | None = None
) -> Rows:
    """Rows of the `limit` best in balanced order; raises Problem where groups or targets do not fit what is ranked.

    Args:
        scores: shape (n,), of what is ranked.
        ids: length n.
        limit: places.
        balance: groups by id, and targets.
        asked: ids that may have a group though they are not ranked, because a hard limit ruled them out.
    """
    known = set(ids if asked is None else asked)
    strangers = sum(key not in known for key in balance.groups)
    if strangers:
        problem = f"{strangers} of the ids are not among the ranked"
        raise invalid([Detail(field="balance.groups", problem=problem, limit="ids of what is ranked")])
    of_each = [balance.groups.get(key, UNKNOWN) for key in ids]
    names = list(dict.fromkeys([*of_each, *(balance.targets or ())]))
    if len(names) > MAX_GROUPS:
        raise invalid([Detail(field="balance.groups", problem="Too many different groups", limit=MAX_GROUPS)])
    code_of = {name: code for code, name in enumerate(names)}
    groups = np.array([code_of[name] for name in of_each], dtype=np.int64)
    targets = pool_shares(groups, len(names)) if balance.targets is None else _given(balance.targets, names)
    return METHODS[balance.method](scores, groups, targets, limit)[:limit]


def _given(targets: dict[str, float], names: list[str]) -> Floats:
    """Targets in the order of `names`; a ranked group that is not named would end below everyone unsaid."""
    if any(name not in targets for name in names):
        problem = "A group of the ranked has no target (`unknown` is the group of those without one)"
        raise invalid([Detail(field="balance.targets", problem=problem, limit="a target for each group; 0 is allowed")])
    return np.array([targets[name] for name in names])
