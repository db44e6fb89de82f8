"""Rejected rows as files: rows that break a rule, to correct and load again.

`<table>.parquet` holds the rows as they were read, `<table>.csv` as they were in the file. Both add the place in the
file as `line` or `row`, and the broken rules as `reason`. They contain personal data if the table does; only their
owner can read them.
"""

import errno
import json
from pathlib import Path

import polars as pl

from matching.data.dataset import Dataset
from matching.data.validation_report import ValidationReport
from matching.errors import StorageError

FORMS = ("parquet", "csv")


def write(dataset: Dataset, report: ValidationReport, folder: Path) -> None:
    """Write the rejected rows of every table, and remove the files of an earlier run.

    Raises:
        StorageError: a file cannot be written.
    """
    try:
        for name, (_, table) in dataset.tables().items():
            files = {form: folder / f"{name}.{form}" for form in FORMS}
            for file in filter(Path.exists, files.values()):
                # A read-only disk refuses to remove even what is not there.
                file.unlink()
            broken = report.faults.filter((pl.col("table") == name) & pl.col("row").is_not_null())
            if broken.height:
                _write_table(table, dataset, name, broken, files)
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "free some disk space" if is_full else "set TANDEM_HOME to a folder that can be written to"
        raise StorageError(
            f"cannot write the rejected rows to {folder}: {(error.strerror or str(error)).lower()}; {advice}"
        ) from error


def _write_table(
    table: pl.DataFrame, dataset: Dataset, name: str, broken: pl.DataFrame, files: dict[str, Path]
) -> None:
    rule = pl.concat_str(pl.col("column"), pl.col("rule"), separator=": ", ignore_nulls=True)
    found = broken.group_by("row").agg(pl.col("number").first(), reason=rule.str.join("; ")).sort("number")
    rows, origin = found["row"] - 1, dataset.origins.get(name)
    number, reason = found.select(pl.col("number").alias(origin.unit if origin else "row")), found.select("reason")
    source = origin.source[rows] if origin and origin.source.width else table[rows]
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    pl.concat([number, table[rows], reason], how="horizontal").write_parquet(files["parquet"])
    pl.concat([number, reason, _as_text(source)], how="horizontal").write_csv(files["csv"])


def _as_text(table: pl.DataFrame) -> pl.DataFrame:
    """Convert lists to JSON, and UUIDs and other bytes to hexadecimal digits."""
    columns = []
    for column in table.get_columns():
        if column.dtype.is_nested():
            values = [None if value is None else json.dumps(value, default=str) for value in column.to_list()]
            columns.append(pl.Series(column.name, values, dtype=pl.String))
        else:
            columns.append(column.bin.encode("hex") if column.dtype == pl.Binary else column)
    return pl.DataFrame(columns)
