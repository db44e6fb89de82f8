"""What the hard limits leave of a ranking, and how a broken one is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.arrays import Booleans, Rows
from matching.rules.hard_limits import SENTENCES, HardLimit, any_of, of_pair
from serving.api.requests import BrokenLimit


@dataclass(frozen=True)
class Allowed:
    """What may be ranked; the first three are parallel.

    Attributes:
        ids: identifiers of what is ranked.
        payloads: their profiles.
        rows: their rows among all that were asked for.
        excluded: how many pairs each limit ruled out; a pair that breaks two counts for both.
        flags: which of all that were asked for break which limit.
    """

    ids: list[str]
    payloads: Sequence[Any]
    rows: Rows
    excluded: dict[HardLimit, int]
    flags: dict[HardLimit, Booleans]

    def relaxed(self, row: int) -> tuple[HardLimit, ...]:
        """Limits that one of the allowed breaks: those that were relaxed."""
        return of_pair(self.flags, int(self.rows[row]))


def allowed(
    ids: list[str], payloads: Sequence[Any], flags: dict[HardLimit, Booleans], relax: Sequence[HardLimit]
) -> Allowed:
    """Leave out what breaks a limit that the request does not relax, and count it."""
    out = any_of(flags, len(ids), relaxed=tuple(relax))
    counts = {limit: int(broken.sum()) for limit, broken in flags.items() if limit not in relax}
    excluded = {limit: count for limit, count in counts.items() if count}
    if not excluded:
        return Allowed(ids, payloads, np.arange(len(ids)), excluded, flags)
    rows = np.flatnonzero(~out)
    kept = rows.tolist()
    return Allowed([ids[row] for row in kept], [payloads[row] for row in kept], rows, excluded, flags)


def told(broken: Sequence[HardLimit]) -> list[BrokenLimit]:
    """Broken limits as they are answered."""
    return [BrokenLimit(limit=limit, sentence=SENTENCES[limit]) for limit in broken]
