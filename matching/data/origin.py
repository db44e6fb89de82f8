"""The origin of a table: its file, the line of each row, and what could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

FAULTS = pl.Schema(
    {"row": pl.Int64(), "number": pl.Int64(), "column": pl.String(), "rule": pl.String(), "hint": pl.String()}
)
"""Faults of one table. `row` is the row of the table, from 1, or null for a fault of the whole file; `number` is the
line or row of the file; `column` is null for a fault of a whole row; `hint` says what was found or probably meant."""

MISSING_FILE, MISSING_COLUMN, NO_ROWS = "the file is missing", "is required but missing", "has no rows"
"""Rules of a whole file."""


def faults(rows: list[Mapping[str, object]] | None = None) -> pl.DataFrame:
    """Build a table of faults; fields left out are null."""
    return pl.DataFrame([{name: row.get(name) for name in FAULTS} for row in rows or []], schema=FAULTS, orient="row")


def fault(rule: str, *, column: str | None = None, hint: str | None = None) -> pl.DataFrame:
    """Build one fault of a whole file or of a whole column."""
    return faults([{"rule": rule, "column": column, "hint": hint}])


@dataclass(frozen=True)
class Origin:
    """Where the rows of one table come from.

    >>> origin = Origin(Path("events.csv"), numbers=pl.Series([2, 3, 5]), unit="line")
    >>> origin.take(pl.Series([2, 0])).numbers.to_list()
    [5, 2]

    Attributes:
        file: the file that was read.
        numbers: line or row of the file that each row comes from, from 1; shape (n_rows,).
        unit: what `numbers` counts: `line` in a text file, otherwise `row`.
        source: the rows as they are in the file, before conversion; shape (n_rows, n_columns of the file).
        faults: values that could not be read, schema `FAULTS`; they are null in the table.
        notes: values that needed interpretation, one sentence each.
        is_whole: whether all rows are known; False if the file cannot be read or has no key column.
    """

    file: Path
    numbers: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Int64))
    unit: str = "row"
    source: pl.DataFrame = field(default_factory=pl.DataFrame)
    faults: pl.DataFrame = field(default_factory=faults)
    notes: tuple[str, ...] = ()
    is_whole: bool = True

    def take(self, rows: pl.Series) -> "Origin":
        """Reorder the rows, or keep some of them; `rows` are row numbers from 0.

        Faults follow their rows; those of rows that are left out are dropped.
        """
        place = pl.DataFrame({"row": rows.cast(pl.Int64) + 1}).with_row_index("place", offset=1)
        moved = self.faults.join(place, on="row", how="left", maintain_order="left")
        kept = moved.filter(pl.col("row").is_null() | pl.col("place").is_not_null())
        return Origin(
            file=self.file,
            numbers=self.numbers.gather(rows),
            unit=self.unit,
            source=self.source[rows] if self.source.width else self.source,
            faults=kept.with_columns(row=pl.col("place").cast(pl.Int64)).select(FAULTS.names()),
            notes=self.notes,
            is_whole=self.is_whole,
        )
