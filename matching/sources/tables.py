"""`tables`: your own data, a folder of Parquet or CSV files with the columns of `matching.data.tables`.

`candidates`, `jobs` and `events` are required, `protected` is optional. Each is one file, named `<table>` with one of
`SUFFIXES`. Optional columns may be missing. In CSV, a list is a JSON array, and a skill is a name or
`{"name", "years"}`. A time without an offset is UTC.
"""

from pathlib import Path

import polars as pl
from pydantic import BaseModel

from matching.data.dataset import Dataset
from matching.data.origin import MISSING_FILE, Origin, fault
from matching.data.progress import Progress
from matching.data.suggestions import closest
from matching.data.tables import Candidate, Event, Job, ProtectedAttributes, frame
from matching.data.validation_report import ValidationReport
from matching.errors import InputError, MissingInput, StorageError
from matching.sources.reading import csv_file
from matching.sources.reading.content import open_content
from matching.sources.reading.table import PROTECTED_COLUMNS, complete, read_table

__all__ = ["PROTECTED_COLUMNS", "RECORDS", "SOURCE", "SUFFIXES", "Tables", "complete", "read_csv", "write"]

RECORDS: dict[str, type[BaseModel]] = {
    "candidates": Candidate,
    "jobs": Job,
    "events": Event,
    "protected": ProtectedAttributes,
}
SUFFIXES = (".parquet", ".csv", ".tsv", ".csv.gz")


class Tables:
    """Reads a folder of tables."""

    def load(self, data: Path | None, *, seed: int, progress: Progress) -> Dataset:
        """Read the tables in the folder `data`.

        Raises:
            InputError: no folder was given, or a file cannot be read.
            MissingInput: a required file is missing.
            InvalidTable: a file has wrong columns, or values of a wrong type.
        """
        dataset = self.read(data, seed=seed, progress=progress)
        ValidationReport.of_reading(dataset).raise_faults()
        return dataset

    def read(self, data: Path | None, *, seed: int, progress: Progress) -> Dataset:  # noqa: ARG002 - nothing is random
        """Read the tables in the folder `data`, and keep the faults of every file in `Dataset.origins`.

        Raises:
            InputError: no folder was given.
            MissingInput: there is no such folder.
        """
        if data is None:
            raise InputError(
                "source 'tables' reads files: pass the folder that holds candidates, jobs and events "
                "(.parquet or .csv) with --data; docs/how-to/bring-your-own-data.md lists the columns"
            )
        if not data.is_dir():
            raise MissingInput(f"{data} is not a folder: pass the folder that holds your tables with --data")
        found: dict[str, tuple[pl.DataFrame, Origin | None]] = {}
        for name, record in RECORDS.items():
            progress(f"reading {name}")
            found[name] = _read_table(data, name, record)
        events, origin = found["events"]
        order = events["time"].arg_sort(nulls_last=True)
        found["events"] = events[order], origin.take(order) if origin else None
        candidates, jobs, events, protected = (table for table, _ in found.values())
        origins = {name: from_ for name, (_, from_) in found.items() if from_}
        return Dataset("tables", candidates, jobs, events, protected, origins=origins)


def write(dataset: Dataset, folder: Path) -> None:
    """Write a dataset as a folder that this source can read: one Parquet file for each table that has rows.

    Raises:
        InputError: the folder holds a table in another format.
        StorageError: the folder cannot be written.
    """
    check_free(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, (_, table) in dataset.tables().items():
            if table.height:
                table.write_parquet(folder / f"{name}.parquet")
            else:  # one of an earlier dataset would be read as a part of this one
                (folder / f"{name}.parquet").unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"cannot write the tables to {folder}: {error.strerror}; choose another folder") from error


def check_free(folder: Path) -> None:
    """Refuse a folder that holds a table in another format than Parquet: a second file of it could not be read.

    Raises:
        InputError: with the first such file in the message.
    """
    others = (f"{name}{suffix}" for name in RECORDS for suffix in SUFFIXES if suffix != ".parquet")
    found = next((other for other in others if (folder / other).exists()), None)
    if found:
        raise InputError(f"{folder} holds {found}, and would hold the same table twice: choose another folder")


def read_csv(file: Path, columns: list[str] | None = None) -> pl.DataFrame:
    """Read a CSV file as text, without guessing types. Blank lines are left out.

    Args:
        file: the file.
        columns: columns to keep; all of them if None.

    Raises:
        MissingInput: the file or one of `columns` is missing.
        InputError: the file is not CSV, or a row has more or fewer fields than the header.
    """
    if not file.is_file():
        raise MissingInput(f"{file} is missing: check the folder given with --data")
    try:
        found = csv_file.read(file, open_content(file), columns)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    if found.faults.height:
        line, column, rule, hint = found.faults.select("number", "column", "rule", "hint").row(0)
        where = f"{file}, line {line:,}" + (f", column {column}" if column else "")
        raise InputError(f"{where} {rule}" + (f" ({hint})" if hint else "") + ": correct the file and run again")
    table = found.table
    missing = [column for column in columns or [] if column not in table.columns]
    if missing:
        raise MissingInput(f"{file} has no column {', '.join(missing)}; its columns are {', '.join(table.columns)}")
    return table.select(columns) if columns else table


def _read_table(folder: Path, name: str, record: type[BaseModel]) -> tuple[pl.DataFrame, Origin | None]:
    files = [folder / f"{name}{suffix}" for suffix in SUFFIXES if (folder / f"{name}{suffix}").is_file()]
    if len(files) == 1:
        return read_table(files[0], name, record)
    if not files and name == "protected":
        return frame(record), None
    file, found = _absent(folder, name) if not files else (folder / f"{name}.csv", _twice(files))
    return frame(record), Origin(file, faults=found, is_whole=False)


def _twice(files: list[Path]) -> pl.DataFrame:
    return fault(f"there are both {files[0].name} and {files[1].name}: remove one of them")


def _absent(folder: Path, name: str) -> tuple[Path, pl.DataFrame]:
    """Return the place where the file should be, and the fault."""
    of_parts = next((folder / f"{name}{suffix}" for suffix in SUFFIXES if (folder / f"{name}{suffix}").is_dir()), None)
    if of_parts:
        return of_parts, fault(
            "is a folder", hint="put one file in its place; the parts that Spark writes must be joined"
        )
    return folder / f"{name}.csv", fault(MISSING_FILE, hint=_similar(folder, name))


def _similar(folder: Path, name: str) -> str | None:
    """Return a hint about a file in the folder that was probably meant, None if there is none."""
    by_stem = {file.name.split(".")[0]: file.name for file in folder.iterdir() if file.is_file()}
    found = by_stem.get(closest(name, by_stem.keys() - RECORDS.keys()) or name)
    if found is None:
        return None
    try:
        is_parquet = open_content(folder / found).is_parquet
    except InputError as error:
        return f"found {found}, but {error}; name it {name}.csv"
    return f"found {found}: rename it {name}.{'parquet' if is_parquet else 'csv'}"


SOURCE = Tables()
