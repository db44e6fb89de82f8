"""The candidates or the jobs of one request."""

from collections.abc import Sequence
from typing import Any, Generic

import numpy as np
import polars as pl

from matching.arrays import Booleans, Rows
from matching.data.tables import polars_schema
from matching.model.match_model import MatchModel
from matching.rules.hard_limits import HardLimit
from serving.contract.errors import invalid_field, repeated_id, unknown_profile
from serving.pool import EncodedRows, Snapshot, broken_limits
from serving.sides import LimitColumns, P, Payload, Profile, Side


class RequestProfiles(Generic[P]):
    """The profiles of one side in a request, each once, by id. It is their snapshot as well.

    Args:
        side: the side.
        model: encodes the profiles.
        stored: the profiles that the request may refer to by id.
    """

    version = 0

    def __init__(self, side: Side[P], model: MatchModel, stored: Snapshot) -> None:
        self.side = side
        self.by_id: dict[str, Payload] = {}
        self._model, self._stored = model, stored
        self._row_of: dict[str, int] = {}
        self._table: pl.DataFrame | None = None
        self._encoded: Any = None

    def add(self, provided: Profile | None, key: str | None, field: str) -> int:
        """Add a provided profile, or the stored one with this id; return its row; raises ApiError."""
        if provided is not None:
            return self._add(self._id_of(provided, field), provided, field)
        return self._add_stored(key, field, f"{field}_id")

    def add_all(self, provided: Sequence[Profile]) -> None:
        """Add provided profiles, which must have different ids; raises ApiError."""
        for place, profile in enumerate(provided):
            field = f"{self.side.plural}[{place}]"
            if self.add(profile, None, field) != place:
                raise repeated_id(f"{field}.{self.side.key}")

    def add_stored(self, keys: Sequence[str]) -> None:
        """Add stored profiles by different ids; raises ApiError."""
        for place, key in enumerate(keys):
            field = f"{self.side.key}s[{place}]"
            if self._add_stored(key, field, field) != place:
                raise repeated_id(field)

    def profile(self, row: int) -> P:
        """Return the profile of a row as its record."""
        return self.side.read(list(self.by_id.values())[row])

    def __len__(self) -> int:
        return len(self.by_id)

    def row_of(self, key: str) -> int | None:
        """Return the row of a profile by its id, or None if the request has no such profile."""
        return self._row_of.get(key)

    def ids(self, rows: Rows) -> list[str]:
        """Return the ids of some rows."""
        keys = list(self.by_id)
        return [keys[row] for row in rows.tolist()]

    def payloads(self, rows: Rows) -> list[Payload]:
        """Return the profiles of some rows: as sent, or their JSON as stored."""
        payloads = list(self.by_id.values())
        return [payloads[row] for row in rows.tolist()]

    def table(self) -> pl.DataFrame:
        """Return all profiles as a table, one a row."""
        if self._table is None:
            rows = [self.side.read(payload).model_dump() for payload in self.by_id.values()]
            self._table = pl.DataFrame(rows, schema=polars_schema(self.side.record), orient="row")
        return self._table

    def encoded(self, rows: Rows) -> EncodedRows:
        """Return all profiles as the model encodes them."""
        if self._encoded is None:
            self._encoded = self.side.encode(self._model, self.table())
        return EncodedRows(self._encoded, rows)

    def limit_columns(self) -> LimitColumns:
        """Return what hard limits need of all profiles."""
        return self.side.encode_limits(self.table())

    def broken_limits(self, others: LimitColumns, n_others: int) -> dict[HardLimit, Booleans]:
        """Return which pairs break which hard limit, shape (n_others, n_profiles)."""
        return broken_limits(self.side, self.limit_columns(), others, (n_others, len(self)))

    def _id_of(self, profile: Profile, field: str) -> str:
        """Return the identifier of a provided profile; raises ApiError if it cannot be stored as a key."""
        key: str = getattr(profile, self.side.key)
        if not key.isprintable():
            problem = "Identifiers may contain printable characters only"
            raise invalid_field(f"{field}.{self.side.key}", problem, "printable")
        return key

    def _add_stored(self, key: str | None, field: str, key_field: str) -> int:
        row = None if key is None else self._stored.row_of(key)
        if key is None or row is None:
            raise unknown_profile(key_field)
        return self._add(key, self._stored.payloads(np.array([row]))[0], field)

    def _add(self, key: str, payload: Payload, field: str) -> int:
        if key not in self._row_of:
            self._row_of[key] = len(self._row_of)
            self.by_id[key] = payload
            self._table = self._encoded = None
        elif self.by_id[key] != payload:
            problem = "This id appears earlier in the request with another profile"
            raise invalid_field(f"{field}.{self.side.key}", problem, "one profile per id")
        return self._row_of[key]
