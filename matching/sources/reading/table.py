"""One file as a table: columns are matched, values are converted, and every fault keeps its line."""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from matching.data.origin import FAULTS, MISSING_COLUMN, Origin, fault, faults
from matching.data.suggestions import closest
from matching.data.tables import ProtectedAttributes, frame, polars_schema
from matching.errors import InputError, InvalidTable
from matching.sources.reading import csv_file, values
from matching.sources.reading.content import open_content
from matching.sources.reading.header import INDEX_NAME

PROTECTED_COLUMNS = frozenset(ProtectedAttributes.model_fields) - {"candidate_id"}
ID_COLUMNS = frozenset({"candidate_id", "job_id", "list_id"})
"""Columns of identifiers. `model_version` is not one of them, because `2.0` is a valid version."""

_SHOWN_HINTS = 2_000  # values of one fault that get a hint; reports show a few


@dataclass(frozen=True)
class _Found:
    """A file before conversion: its rows, their lines, and what was noticed."""

    table: pl.DataFrame
    numbers: pl.Series
    unit: str
    faults: pl.DataFrame = field(default_factory=faults)
    delimiter: str = ","
    notes: tuple[str, ...] = ()
    surplus: pl.Series | None = None


def read_table(file: Path, name: str, record: type[BaseModel]) -> tuple[pl.DataFrame, Origin]:
    """Read one file; its content never raises.

    Args:
        file: CSV or Parquet, under any name.
        name: name of the table, for messages.
        record: the record of a row.

    Returns:
        The table, schema of `record`, with null for values that could not be read; and its origin with the faults.
    """
    try:
        found = _read(file, record)
        table, notes = _without_indexes(found.table)
        known, wrong = _known_columns(table.columns, name, record)
    except InputError as error:
        return frame(record), Origin(file, faults=fault(str(error)), is_whole=False)
    notes = (*found.notes, *notes)
    schema, columns = polars_schema(record), []
    wrong = [found.faults, *wrong]
    for column in known:
        converted = values.convert(
            table[column],
            schema[column],
            is_id=column in ID_COLUMNS,
            in_thousands=column.endswith("_usd_per_year"),
            delimiter=found.delimiter,
        )
        columns.append(converted.values.alias(column))
        wrong.append(_unread(table[column], converted, found.numbers))
        notes = (*notes, f"{column}: {converted.note}") if converted.note else notes
    whole = {"candidate_id", "job_id"} & set(record.model_fields) <= set(known)
    source = table if found.surplus is None else table.with_columns(found.surplus)
    origin = Origin(file, found.numbers, found.unit, source, pl.concat(wrong), notes, is_whole=whole)
    return complete(record, pl.DataFrame(columns)), origin


def complete(record: type[BaseModel], table: pl.DataFrame) -> pl.DataFrame:
    """Give a table the columns of its record, in order and type; missing columns and nulls become the default.

    Raises:
        InvalidTable: values cannot be cast to the type of their column; the message has the column and the first row.
    """
    columns = []
    for name, kind in polars_schema(record).items():
        field_of = record.model_fields[name]
        value = (
            _cast(table[name], kind)
            if name in table.columns
            else pl.Series(name, [None], kind).new_from_index(0, table.height)
        )
        default = [] if isinstance(kind, pl.List) else field_of.get_default(call_default_factory=True)
        has_default = default is not None and default is not PydanticUndefined
        columns.append(_filled(value, default) if has_default else value)
    return pl.DataFrame(columns)


def _filled(value: pl.Series, default: object) -> pl.Series:
    """Replace nulls by the default."""
    if not value.null_count():
        return value
    fill = pl.lit(pl.Series([default], dtype=value.dtype)).first()
    return value.to_frame().select(pl.col(value.name).fill_null(fill)).to_series()


def _cast(value: pl.Series, kind: pl.DataType) -> pl.Series:
    try:
        cast = value.cast(kind, strict=False)
    except pl.exceptions.PolarsError:
        cast = None
    lost = None if cast is None else (cast.is_null() & value.is_not_null()).arg_true()
    if cast is None or lost is None or len(lost):
        where = f", first in row {lost[0] + 1:,}" if lost is not None and len(lost) else ""
        raise InvalidTable(f"column {value.name} holds {value.dtype}, which cannot be cast to {kind}{where}")
    return cast


def _read(file: Path, record: type[BaseModel]) -> _Found:
    content = open_content(file)
    if content.is_parquet:
        table = _parquet(file)
        return _Found(table, pl.Series(range(1, table.height + 1), dtype=pl.Int64), "row")
    found = csv_file.read(file, content, {*record.model_fields, *PROTECTED_COLUMNS})
    return _Found(found.table, found.lines, "line", found.faults, found.delimiter, found.notes, found.surplus)


def _parquet(file: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(file)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise InputError("the Parquet file is damaged or incomplete: export it again") from None


def _without_indexes(table: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Leave out columns without a name that are empty or number the rows.

    Raises:
        InputError: a column without a name has other values.
    """
    unnamed = [name for name in table.columns if INDEX_NAME.fullmatch(name)]
    empty = [name for name in unnamed if table[name].null_count() == table.height]
    for name in unnamed:
        numbers = table[name].cast(pl.Float64, strict=False) if not table[name].dtype.is_nested() else None
        if numbers is None or (numbers != numbers.floor()).any() or numbers.null_count() > table[name].null_count():
            place = table.columns.index(name) + 1
            raise InputError(f"column {place} of the header has no name, and is no row index: name it or remove it")
    places = [f"column {table.columns.index(name) + 1}" for name in empty]
    notes = [f"left out {', '.join(places)}, which has neither a name nor a value"] if empty else []
    indexes = [name for name in unnamed if name not in empty]
    notes += [f"left out the unnamed index column ({', '.join(indexes)})"] if indexes else []
    return table.drop(unnamed), tuple(notes)


def _known_columns(found: list[str], table: str, record: type[BaseModel]) -> tuple[list[str], list[pl.DataFrame]]:
    """Separate the known columns from faults of the others.

    Raises:
        InputError: no column is known.
    """
    known = [name for name in found if name in record.model_fields]
    required = [name for name, described in record.model_fields.items() if described.is_required()]
    kept_apart = PROTECTED_COLUMNS - set(record.model_fields)
    others = [name for name in found if name not in record.model_fields and name not in kept_apart]
    meant = {name: closest(name, set(record.model_fields) - set(known)) for name in others}
    if not known and not any(meant.values()):
        raise InputError(
            f"none of its columns is known, so the header line may be missing; it needs {', '.join(required)}"
        )
    wrong = [fault(_PROTECTED, column=name, hint=_MOVE) for name in found if name in kept_apart]
    everything = f"remove it, or rename it; the columns of {table} are {', '.join(record.model_fields)}"
    for name in others:
        hint = f"did you mean {meant[name]}?" if meant[name] else everything
        wrong.append(fault(f"is not a column of {table}", column=name, hint=hint))
    wrong += [fault(MISSING_COLUMN, column=name, hint="add it") for name in required if name not in known]
    return known, wrong


_PROTECTED = "is a protected attribute, which no model may see"
_MOVE = "move it to protected.csv or protected.parquet beside this file, with candidate_id"


def _unread(found: pl.Series, converted: values.Column, numbers: pl.Series) -> pl.DataFrame:
    """Return a fault for each value that could not be read."""
    lost = (converted.values.is_null() & found.is_not_null()).arg_true()
    if not len(lost):
        return faults()
    if found.dtype.is_nested() or found.dtype == pl.Boolean:
        hints: list[str | None] = [f"the column holds {found.dtype.base_type().__name__}"] * min(len(lost), 1)
    else:
        hints = [converted.hint(value) for value in found.gather(lost.head(_SHOWN_HINTS))]
    return pl.DataFrame(
        {
            "row": lost.cast(pl.Int64) + 1,
            "number": numbers.gather(lost),
            "column": [found.name] * len(lost),
            "rule": [f"must be {converted.expected}"] * len(lost),
            "hint": pl.Series(hints, dtype=pl.String).extend_constant(None, len(lost) - len(hints)),
        },
        schema=FAULTS,
    )
