"""Hard limits in answers: what a ranking may contain, and how broken limits are reported."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.arrays import Booleans, Rows
from matching.rules.hard_limits import SENTENCES, HardLimit, any_of, of_pair
from serving.contract.responses import BrokenLimit


@dataclass(frozen=True)
class Allowed:
    """What a ranking may contain.

    Attributes:
        rows: rows of the allowed profiles among all that were compared.
        excluded: number of pairs that each limit excluded; a pair that breaks two counts for both.
        flags: for each limit, which of all compared profiles break it.
    """

    rows: Rows
    excluded: dict[HardLimit, int]
    flags: dict[HardLimit, Booleans]

    def relaxed(self, row: int) -> tuple[HardLimit, ...]:
        """Return the relaxed limits that one of the allowed profiles breaks."""
        return of_pair(self.flags, int(self.rows[row]))


def allowed(flags: dict[HardLimit, Booleans], n_profiles: int, relax: Sequence[HardLimit]) -> Allowed:
    """Exclude, and count, the profiles that break a limit which the request does not relax.

    Args:
        flags: for each limit, which profiles break it, shape (n_profiles,).
        n_profiles: number of profiles.
        relax: limits that exclude nothing.
    """
    out = any_of(flags, n_profiles, relaxed=tuple(relax))
    return Allowed(np.flatnonzero(~out), counts({one: flags[one] for one in flags if one not in relax}), flags)


def counts(flags: dict[HardLimit, Booleans]) -> dict[HardLimit, int]:
    """Count the pairs that break each limit, without limits that no pair breaks."""
    return {limit: count for limit, broken in flags.items() if (count := int(broken.sum()))}


def broken_limits(broken: Sequence[HardLimit]) -> list[BrokenLimit]:
    """Return broken limits as the response shows them."""
    return [BrokenLimit(limit=limit, sentence=SENTENCES[limit]) for limit in broken]
