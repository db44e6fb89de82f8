"""Balance: re-orders one ranking by groups that the caller defines. The groups are used for nothing else."""

from collections.abc import Collection, Sequence

import numpy as np

from matching.arrays import Floats, Rows
from matching.fairness.reranking import METHODS, pool_shares
from serving.contract.errors import invalid_field
from serving.contract.requests import MAX_GROUPS, Balance

UNKNOWN = "unknown"


def balanced(
    scores: Floats, ids: Sequence[str], top_k: int, balance: Balance, *, known: Collection[str] | None = None
) -> Rows:
    """Return the rows of the `top_k` best in balanced order.

    Args:
        scores: scores of the ranked profiles, shape (n,).
        ids: their ids, length n.
        top_k: number of places.
        balance: groups by id, and targets.
        known: ids that may have a group, including those of profiles that a hard limit excluded. Default: `ids`.

    Raises:
        ApiError: groups or targets do not fit the ranked profiles.
    """
    allowed = set(ids if known is None else known)
    n_unknown = sum(key not in allowed for key in balance.groups)
    if n_unknown:
        problem = f"{n_unknown} of the ids are not in the ranking"
        raise invalid_field("balance.groups", problem, "ids in the ranking")
    of_each = [balance.groups.get(key, UNKNOWN) for key in ids]
    names = list(dict.fromkeys([*of_each, *(balance.targets or ())]))
    if len(names) > MAX_GROUPS:
        raise invalid_field("balance.groups", "Too many different groups", MAX_GROUPS)
    code_of = {name: code for code, name in enumerate(names)}
    groups = np.array([code_of[name] for name in of_each], dtype=np.int64)
    targets = pool_shares(groups, len(names)) if balance.targets is None else _targets(balance.targets, names)
    return METHODS[balance.method](scores, groups, targets, top_k)[:top_k]


def _targets(targets: dict[str, float], names: list[str]) -> Floats:
    """Return targets in the order of `names`; raises ApiError for a group without one, which would rank last."""
    if any(name not in targets for name in names):
        problem = "A group in the ranking has no target (ids without a group are in the group `unknown`)"
        raise invalid_field("balance.targets", problem, "a target for each group; 0 is allowed")
    return np.array([targets[name] for name in names])
