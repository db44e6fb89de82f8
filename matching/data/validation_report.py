"""The report of a validation: faults by rule, warnings, and redelivered events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import polars as pl

from matching.data.dataset import Dataset
from matching.data.origin import FAULTS, MISSING_COLUMN, MISSING_FILE, NO_ROWS, Origin, fault
from matching.errors import InvalidTable, MissingInput, UnusableData

REPORTED = pl.Schema({"table": pl.String(), **FAULTS})
_ERRORS = {MISSING_FILE: MissingInput, MISSING_COLUMN: MissingInput, NO_ROWS: UnusableData}
_RULES_IN_A_LINE = 5


@dataclass(frozen=True)
class DataWarning:
    """Something odd that breaks no rule.

    Attributes:
        table: name of the table.
        text: what was found and what it may mean, one sentence.
    """

    table: str
    text: str


@dataclass(frozen=True)
class FaultGroup:
    """The faults that share a table, a column and a rule.

    Attributes:
        place: name of the file, or the table if it comes from no file.
        column: name of the column; None for a fault of whole rows or of the file.
        rule: what must hold.
        count: number of rows that break it; 0 for a fault of the whole file.
        unit: `line` if the file has lines, otherwise `row`.
        first: the first few lines or rows of the file that break it.
        hints: what was found or probably meant, the most frequent first.
    """

    place: str
    column: str | None
    rule: str
    count: int
    unit: str
    first: tuple[int, ...]
    hints: tuple[str, ...]


@dataclass(frozen=True)
class ValidationReport:
    """What a validation found.

    Attributes:
        faults: broken rules, schema `REPORTED`.
        origins: where each table comes from, by its name.
        warnings: oddities that break no rule.
        redelivered: number of redelivered events, by kind.
        emptied: tables that need rows and keep none once those that break a rule are left out.
    """

    faults: pl.DataFrame
    origins: Mapping[str, Origin]
    warnings: tuple[DataWarning, ...] = ()
    redelivered: Mapping[str, int] = field(default_factory=dict)
    emptied: tuple[str, ...] = ()

    @classmethod
    def of_reading(cls, dataset: Dataset) -> "ValidationReport":
        """Report only what could not be read."""
        return cls(reading_faults(dataset), dataset.origins)

    @property
    def rows(self) -> int:
        """Number of rows that break a rule."""
        return self.faults.filter(pl.col("row").is_not_null()).select("table", "row").n_unique()

    @property
    def of_rows(self) -> bool:
        """Whether every fault is of a row, and none of a whole file or column."""
        return self.faults["row"].null_count() == 0

    @property
    def droppable(self) -> bool:
        """Whether rows remain to learn from once those that break a rule are left out."""
        return self.of_rows and not self.emptied

    def groups(self, shown: int = 5) -> list[FaultGroup]:
        """Group the faults by table, column and rule; faults of whole files first."""
        found = self.faults.group_by("table", "column", "rule", maintain_order=True).agg(
            count=pl.col("row").count(),
            numbers=pl.col("number").drop_nulls().unique().sort().head(shown),
            hint=pl.col("hint").drop_nulls().value_counts(sort=True).struct.field("hint").head(3),
        )
        return [
            FaultGroup(
                self.place(group["table"]),
                group["column"],
                group["rule"],
                group["count"],
                self.unit(group["table"]),
                tuple(group["numbers"]),
                tuple(group["hint"]),
            )
            for group in found.sort(pl.col("count") > 0, maintain_order=True).to_dicts()
        ]

    def place(self, table: str) -> str:
        """Name of a table's file, or the table if it comes from no file."""
        origin = self.origins.get(table)
        return origin.file.name if origin else f"table {table}"

    def unit(self, table: str) -> str:
        """What the numbers of a table's rows count: `line` or `row`."""
        origin = self.origins.get(table)
        return origin.unit if origin else "row"

    def raise_faults(self, rejected: Path | None = None) -> None:
        """Raise one error for all faults, if there are any.

        Args:
            rejected: folder of the rejected rows, if they were written.

        Raises:
            InvalidTable: rows or columns break rules.
            MissingInput: a file or a column is missing.
            UnusableData: a table has no rows.
        """
        if self.faults.is_empty():
            return
        groups = self.groups()
        whole = [group for group in groups if not group.count]
        (self._raise_whole(whole) if whole else self._raise_rows(groups, rejected))

    def _raise_whole(self, groups: list[FaultGroup]) -> NoReturn:
        first = groups[0]
        table = self.faults.filter(pl.col("row").is_null())["table"][0]
        origin = self.origins.get(table)
        where = str(origin.file) if origin else self.place(table)
        texts = [_described(group) for group in groups if group.place == first.place]
        more = len(groups) - len(texts)
        others = f"; and {count(more, 'fault')} in other files" if more else ""
        raise _ERRORS.get(first.rule, InvalidTable)(f"{where}: {'; '.join(texts)}{others}")

    def _raise_rows(self, groups: list[FaultGroup], rejected: Path | None) -> NoReturn:
        rules = "; ".join(
            f"{group.count:,} x {group.place.removeprefix('table ')} {_described(group, hint=False)}"
            for group in groups[:_RULES_IN_A_LINE]
        )
        more = f"; and {len(groups) - _RULES_IN_A_LINE} more rules" if len(groups) > _RULES_IN_A_LINE else ""
        first = groups[0]
        written = f"the rows and their reasons are in {rejected}: " if rejected else ""
        drop = ", and `tandem train --drop-invalid` leaves these rows out" if self.droppable else ""
        raise InvalidTable(
            f"{count(self.rows, 'row')} {'breaks' if self.rows == 1 else 'break'} {count(len(groups), 'rule')} "
            f"({rules}{more}); first: {first.place}, {first.unit} {first.first[0]:,}, {_described(first)}; {written}"
            f"correct {'or remove them' if self.droppable else 'them'} and run again; `tandem check` lists every fault"
            f"{drop}"
        )


def reading_faults(dataset: Dataset) -> pl.DataFrame:
    """Return the faults found while the tables were read, and the tables without rows."""
    found = [pl.DataFrame(schema=REPORTED)]
    for name, (_, table) in dataset.tables().items():
        origin = dataset.origins.get(name)
        wrong = [origin.faults] if origin else []
        if table.is_empty() and name != "protected" and (origin is None or origin.is_whole):
            wrong.append(fault(NO_ROWS, hint="nothing can be learned from it"))
        found += [of.select(pl.lit(name).alias("table"), *FAULTS) for of in wrong]
    return pl.concat(found)


def count(n: int, noun: str) -> str:
    """Write a number with its noun.

    >>> count(1, "row"), count(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _described(group: FaultGroup, *, hint: bool = True) -> str:
    column = f"column {group.column} " if group.column else ""
    hints = f" ({group.hints[0]})" if hint and group.hints else ""
    return f"{column}{group.rule}{hints}"
