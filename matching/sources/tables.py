"""`tables`: bring your own data, a folder of Parquet or CSV files with the columns of `matching.data.tables`.

`candidates`, `jobs` and `events` are needed, `protected` is optional, each as `<table>.parquet` or `<table>.csv`.
Optional columns may be left out. In CSV a list is a JSON array and a skill either a name or `{"name", "years"}`; a time
is ISO 8601, in UTC where it states no offset. Rows are counted from 1, without the header.
"""

import json
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from matching.data.dataset import Dataset, Progress
from matching.data.tables import Candidate, Event, Job, ProtectedAttributes, frame, polars_schema
from matching.errors import InputError, InvalidTable, MissingInput, StorageError, UnusableData

RECORDS: dict[str, type[BaseModel]] = {
    "candidates": Candidate,
    "jobs": Job,
    "events": Event,
    "protected": ProtectedAttributes,
}
PROTECTED_COLUMNS = frozenset(ProtectedAttributes.model_fields) - {"candidate_id"}
SUFFIXES = (".parquet", ".csv")


class Tables:
    """Reads a folder of tables."""

    def load(self, data: Path | None, *, seed: int, progress: Progress) -> Dataset:  # noqa: ARG002 - nothing is random
        """Read the tables of `data`.

        Raises:
            InputError: no folder was given, or a file cannot be read.
            MissingInput: a needed file or column is not there.
            InvalidTable: a table has columns it must not have, or values of another type.
            UnusableData: a needed table has no rows.
        """
        if data is None:
            raise InputError(
                "source 'tables' reads files: pass the folder that holds candidates, jobs and events "
                "(.parquet or .csv) with --data; docs/how-to/bring-your-own-data.md lists the columns"
            )
        loaded: dict[str, pl.DataFrame] = {}
        for name, record in RECORDS.items():
            progress(f"reading {name}")
            loaded[name] = _load_table(data, name, record)
        events = loaded["events"].sort("time", maintain_order=True)
        return Dataset("tables", loaded["candidates"], loaded["jobs"], events, loaded["protected"])


def write(dataset: Dataset, folder: Path) -> None:
    """Write a dataset as a folder this source reads: one Parquet file per table that has rows.

    Raises:
        StorageError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, (_, table) in dataset.tables().items():
            if table.height:
                table.write_parquet(folder / f"{name}.parquet")
    except OSError as error:
        raise StorageError(f"cannot write the tables to {folder}: {error.strerror}; choose another folder") from error


def read_csv(file: Path, columns: list[str] | None = None) -> pl.DataFrame:
    """Read a CSV file as text, nothing guessed; keep only `columns` where given.

    Raises:
        MissingInput: the file or one of `columns` is not there.
        InputError: the file is not CSV in UTF-8.
    """
    if not file.is_file():
        raise MissingInput(f"{file} is not there: check the folder given with --data")
    try:
        table = pl.read_csv(file, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError):
        raise InputError(f"{file} cannot be read: it must be UTF-8, comma separated, with a header line") from None
    missing = [column for column in columns or [] if column not in table.columns]
    if missing:
        raise MissingInput(f"{file} has no column {', '.join(missing)}; its columns are {', '.join(table.columns)}")
    return table.select(columns) if columns else table


def complete(record: type[BaseModel], table: pl.DataFrame) -> pl.DataFrame:
    """Give a table the columns of its record, in order and of its types; absent and null become the default."""
    columns = []
    for name, kind in polars_schema(record).items():
        field = record.model_fields[name]
        value = pl.col(name).cast(kind) if name in table.columns else pl.lit(None, kind).alias(name)
        default = [] if isinstance(kind, pl.List) else field.get_default(call_default_factory=True)
        has_default = default is not None and default is not PydanticUndefined
        columns.append(value.fill_null(pl.lit(pl.Series([default], dtype=kind)).first()) if has_default else value)
    return table.select(columns)


def _load_table(folder: Path, name: str, record: type[BaseModel]) -> pl.DataFrame:
    files = [folder / f"{name}{suffix}" for suffix in SUFFIXES if (folder / f"{name}{suffix}").is_file()]
    if not files and name == "protected":
        return frame(ProtectedAttributes)
    if not files:
        raise MissingInput(f"{folder} holds no {name}.parquet or {name}.csv: check the folder given with --data")
    if len(files) > 1:
        raise InputError(f"{folder} holds both {files[0].name} and {files[1].name}: remove one of them")
    table = _read(files[0])
    _check_columns(files[0], record, table.columns)
    if table.is_empty() and name != "protected":
        raise UnusableData(f"{files[0]} has no rows: nothing can be learned from it")
    schema = polars_schema(record)
    return complete(record, table.select(_converted(files[0], table[c], schema[c]) for c in table.columns))


def _read(file: Path) -> pl.DataFrame:
    if file.suffix == ".csv":
        return read_csv(file)
    try:
        return pl.read_parquet(file)
    except (pl.exceptions.PolarsError, OSError):
        raise InputError(f"{file} cannot be read: it is not a Parquet file, or it is damaged") from None


def _check_columns(file: Path, record: type[BaseModel], found: list[str]) -> None:
    protected = sorted(PROTECTED_COLUMNS.intersection(found))
    if protected and record is not ProtectedAttributes:
        raise InvalidTable(
            f"{file} holds protected attributes ({', '.join(protected)}), which no model may see: move them to "
            "protected.csv or protected.parquet beside it, with candidate_id"
        )
    extra = [column for column in found if column not in record.model_fields]
    needed = [name for name, field in record.model_fields.items() if field.is_required() and name not in found]
    difference = ", ".join([*(f"-{column}" for column in needed), *(f"+{column}" for column in extra)])
    if extra:
        raise InvalidTable(
            f"{file} has columns that the table does not know (- needed but absent, + unknown): {difference}; "
            f"rename or remove them; known are {', '.join(record.model_fields)}"
        )
    if needed:
        raise MissingInput(f"{file} has no column {', '.join(needed)}: add it")


def _converted(file: Path, values: pl.Series, kind: pl.DataType) -> pl.Series:
    """Cast a column, or name the first row that cannot be cast; its value is never shown."""
    if values.dtype == kind:
        return values
    if isinstance(kind, pl.List):
        converted = _lists(values, kind)
    elif isinstance(kind, pl.Datetime):
        converted = _times(values)
    elif isinstance(kind, pl.Boolean):
        converted = _booleans(values)
    elif values.dtype.is_float() and kind.is_integer():
        converted = pl.select(pl.when(values == values.floor()).then(values)).to_series().cast(kind, strict=False)
    else:
        converted = values.cast(kind, strict=False)
    lost = (converted.is_null() & values.is_not_null()).arg_true()
    if len(lost):
        raise InvalidTable(
            f"{file}: {len(lost):,} rows of column {values.name} are not {_words(kind)}; first: row {lost[0] + 1}; "
            "correct them and run again"
        )
    return converted.alias(values.name)


def _words(kind: pl.DataType) -> str:
    if isinstance(kind, pl.List):
        return "a list (a JSON array of names; skills may be {name, years})"
    if isinstance(kind, pl.Datetime):
        return "a time (ISO 8601, as 2026-01-31T09:00:00Z)"
    if isinstance(kind, pl.Boolean):
        return "true or false"
    return "a whole number" if kind.is_integer() else "a number" if kind.is_numeric() else "text"


def _booleans(values: pl.Series) -> pl.Series:
    """Read true and false as words in any case; what is neither becomes null."""
    words = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    return words.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)


def _times(values: pl.Series) -> pl.Series:
    """Read times; one without an offset is UTC."""
    if isinstance(values.dtype, pl.Datetime | pl.Date):
        times = values.cast(pl.Datetime("us")) if values.dtype == pl.Date else values.dt.cast_time_unit("us")
        zoned = times.dt.replace_time_zone("UTC") if times.dtype == pl.Datetime("us") else times
        return zoned.dt.convert_time_zone("UTC")
    text = values.cast(pl.String).str.strip_chars().str.replace(r"^(\d{4}-\d\d-\d\d)$", "${1}T00:00:00")
    text = text.str.replace(" ", "T").str.replace(r"(Z|T?UTC)$", "+00:00")
    text = text.str.replace(r"^(\S{10}T[\d:.]+)$", "${1}+00:00")
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC", strict=False)


def _lists(values: pl.Series, kind: pl.List) -> pl.Series:
    """Read lists from JSON text or from a list column; what is not one becomes null."""
    of_skills = isinstance(kind.inner, pl.Struct)
    rows = [None if row is None else _entries(row, of_skills) for row in values.to_list()]
    return pl.Series(values.name, rows, dtype=kind)


def _entries(row: Any, of_skills: bool) -> list[Any] | None:
    if isinstance(row, str):
        try:
            row = json.loads(row or "[]")
        except ValueError:
            return None
    if not isinstance(row, list):
        return None
    entries = [_skill(entry) if of_skills else entry for entry in row]
    return entries if all(isinstance(entry, dict if of_skills else str) for entry in entries) else None


def _skill(entry: Any) -> dict[str, Any] | None:
    """Read a skill from its name or its parts."""
    if isinstance(entry, str):
        return {"name": entry, "years": None}
    if not isinstance(entry, dict) or not {"name"} <= set(entry) <= {"name", "years"}:
        return None
    years = entry.get("years")
    numeric = years is None or (isinstance(years, int | float) and not isinstance(years, bool))
    known = isinstance(entry["name"], str) and numeric
    return {"name": entry["name"], "years": None if years is None else float(years)} if known else None


SOURCE = Tables()
