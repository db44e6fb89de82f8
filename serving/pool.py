"""The live profiles that the service searches: one pool for candidates, one for jobs.

An answer takes one snapshot of a pool and reads nothing but that snapshot, so it sees one state however long it takes.
`StoredPool` reads the store once, at start. A pool that follows the store or searches an index implements the same two
protocols.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np
import polars as pl

from matching.arrays import Booleans, Rows
from matching.model.match_model import MatchModel
from matching.rules import hard_limits
from matching.rules.hard_limits import HardLimit
from serving.sides import LimitColumns, Payload, Side
from store.profiles import StoredProfiles


class EncodedRows(NamedTuple):
    """Encoded profiles and the place of each requested row in them, so that a pool need not copy what it holds.

    Attributes:
        encoded: what the model's `encode_candidates` or `encode_jobs` returned.
        rows: shape (n_rows,), place of each requested row in `encoded`.
    """

    encoded: Any
    rows: Rows


class Snapshot(Protocol):
    """Profiles of one side at one moment, numbered from 0 in a fixed order. It never changes.

    The profiles of a request are a snapshot too, so rankings and plans treat both alike.
    """

    @property
    def version(self) -> int:
        """Number that grows with every change of the pool; the pages of one ranking must have the same one."""
        ...

    def __len__(self) -> int:
        """Return the number of profiles."""
        ...

    def row_of(self, key: str) -> int | None:
        """Return the row of one profile by its id, or None if no profile has it."""
        ...

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of some rows."""
        ...

    def payloads(self, rows: Rows) -> list[Payload]:
        """Return the profiles of some rows, as the prediction log keeps them."""
        ...

    def table(self) -> pl.DataFrame:
        """Return all profiles, one per row; columns of the side's record and possibly others."""
        ...

    def encoded(self, rows: Rows) -> EncodedRows:
        """Return some rows as the model encodes them."""
        ...

    def broken_limits(self, others: LimitColumns, n_others: int) -> dict[HardLimit, Booleans]:
        """Return for each hard limit which pairs with the other side break it, shape (n_others, n_profiles)."""
        ...


class Pool(Protocol):
    """The live profiles of one side."""

    def snapshot(self) -> Snapshot:
        """Return the profiles as they are now."""
        ...


class StoredPool:
    """The profiles of the store as they were at start, all encoded in memory. It is its own snapshot.

    Args:
        side: the side.
        model: encodes the profiles.
        stored: the profiles.
    """

    version = 0

    def __init__(self, side: Side[Any], model: MatchModel, stored: StoredProfiles) -> None:
        self._side, self._stored = side, stored
        self._ids = list(stored.row_of)
        self._encoded = side.encode(model, stored.table) if len(stored) else None
        self._limits = side.encode_limits(stored.table)

    def snapshot(self) -> "StoredPool":
        """Return itself: it never changes."""
        return self

    def __len__(self) -> int:
        return len(self._stored)

    def row_of(self, key: str) -> int | None:
        """Return the row of one profile by its id, or None if no profile has it."""
        return self._stored.row_of.get(key)

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of some rows."""
        return [self._ids[row] for row in rows.tolist()]

    def payloads(self, rows: Rows) -> list[Payload]:
        """Return the JSON of some rows, as it is stored."""
        return [self._stored.payloads[row] for row in rows.tolist()]

    def table(self) -> pl.DataFrame:
        """Return all profiles, schema of `Candidate` or `Job`."""
        return self._stored.table

    def encoded(self, rows: Rows) -> EncodedRows:
        """Return all profiles as encoded at start: a row is its own place in them."""
        return EncodedRows(self._encoded, rows)

    def broken_limits(self, others: LimitColumns, n_others: int) -> dict[HardLimit, Booleans]:
        """Return for each hard limit which pairs break it, shape (n_others, n_profiles)."""
        return broken_limits(self._side, self._limits, others, (n_others, len(self)))


def broken_limits(
    side: Side[Any], mine: LimitColumns, theirs: LimitColumns, shape: tuple[int, int]
) -> dict[HardLimit, Booleans]:
    """Return for each hard limit which pairs of two sides break it.

    Args:
        side: this side.
        mine: limit columns of this side.
        theirs: limit columns of the other side.
        shape: number of profiles of the other side and of this one; the shape of each array returned.
    """
    others, everyone = np.repeat(np.arange(shape[0]), shape[1]), np.tile(np.arange(shape[1]), shape[0])
    flags = hard_limits.broken(*side.candidate_first(mine, theirs), *side.candidate_first(everyone, others))
    return {limit: broken.reshape(shape) for limit, broken in flags.items()}
