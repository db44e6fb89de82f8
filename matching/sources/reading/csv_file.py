"""A CSV file as a table of text: no types are guessed, and every row keeps its line."""

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from matching.arrays import Integers
from matching.data.origin import FAULTS, faults
from matching.data.validation_report import count
from matching.errors import InputError
from matching.sources.reading import scan
from matching.sources.reading.content import Bytes, Content
from matching.sources.reading.header import DELIMITERS, Header, read_header


@dataclass(frozen=True)
class CsvTable:
    """The content of a CSV file.

    Attributes:
        table: every value as text, or null if empty; blank rows are left out.
        lines: line of each row in the file, from 1, shape (n_rows,).
        faults: rows with more or fewer fields than the header, or with NUL characters; schema `FAULTS`.
        delimiter: what separates the fields.
        notes: what was interpreted.
        surplus: text of each row beyond the last column of the header, shape (n_rows,); None if no row has any.
    """

    table: pl.DataFrame
    lines: pl.Series
    faults: pl.DataFrame
    delimiter: str
    notes: tuple[str, ...] = ()
    surplus: pl.Series | None = None


def read(file: Path, content: Content, known: Collection[str] | None = None) -> CsvTable:
    """Read a CSV file.

    Args:
        file: read directly if its bytes need no conversion.
        content: content of the file.
        known: expected column names, which decide on the delimiter.

    Raises:
        InputError: the text is not CSV: it has no header, wrong quotation marks or endless lines, or it is binary.
    """
    data = _with_line_feeds(content.data)
    is_stored = content.is_as_stored and data is content.data
    header = read_header(data, known)
    _check_names(header)
    scan.check_lengths(data)
    records = scan.records(data, header.delimiter)
    # Blank lines before the header are records here, but polars skips them.
    starts, fields = records.lines[header.line :], records.fields[header.line :]
    table = _parsed(file if is_stored else data[:], header)
    if table.height != len(starts):
        raise InputError(f"{len(starts):,} records give {table.height:,} rows: check quotation marks and line ends")
    filled = _filled(table, fields)
    wrong = _field_faults(fields, header, filled)
    lines = pl.Series("line", starts, dtype=pl.Int64)
    surplus = _surplus(data, header, starts, fields)
    if not filled.all():
        table, lines = table.filter(filled), lines.filter(filled)
        surplus = None if surplus is None else surplus.filter(filled)
    notes = content.notes
    if header.delimiter != ",":
        notes = (*notes, f"read as separated by {DELIMITERS[header.delimiter]}s")
    found = pl.concat([wrong, _nul_faults(table) if data.find(b"\0") >= 0 else faults()])
    return CsvTable(table, lines, _with_lines(found, lines), header.delimiter, notes, surplus)


def _with_line_feeds(data: Bytes) -> Bytes:
    """Replace carriage returns by line feeds in a text that has no line feeds."""
    return data[:].replace(b"\r", b"\n") if data.find(b"\n") < 0 <= data.find(b"\r") else data


def _check_names(header: Header) -> None:
    if any("\0" in name for name in header.names):
        raise InputError(
            f"line {header.line}: NUL bytes in the header line; the file is not text: export it as CSV UTF-8"
        )
    repeated = sorted({name for name in header.names if name and header.names.count(name) > 1})
    if repeated:
        raise InputError(
            f"line {header.line}: column {', '.join(repeated)} appears twice: remove or rename one of them"
        )


def _parsed(source: Path | bytes, header: Header) -> pl.DataFrame:
    names = [name or f"Unnamed: {position}" for position, name in enumerate(header.names)]
    try:
        return pl.read_csv(
            source,
            separator=header.delimiter,
            infer_schema=False,
            truncate_ragged_lines=True,
            new_columns=names,
        )
    except pl.exceptions.PolarsError:
        raise InputError("the file cannot be parsed as CSV: check quotation marks and line ends") from None


def _filled(table: pl.DataFrame, fields: Integers) -> pl.Series:
    """Whether each row has a value, so that it is neither a blank line nor only delimiters."""
    anything = table.select(~pl.all_horizontal(pl.all().is_null())).to_series()
    blank = pl.Series(fields == 1) & (table.to_series(0).str.strip_chars() == "").fill_null(True)
    return anything & ~blank


def _field_faults(fields: Integers, header: Header, filled: pl.Series) -> pl.DataFrame:
    """Return a fault for each row with more or fewer fields than the header, except blank rows."""
    found = pl.DataFrame({"fields": fields, "filled": filled}).filter("filled").with_row_index("row", offset=1)
    return _as_faults(
        found.filter(pl.col("fields") != len(header.names)).select(
            "row",
            rule=pl.lit(f"must have {count(len(header.names), 'field')}, as the header has"),
            hint=pl.format("found {}", "fields"),
        )
    )


def _surplus(data: Bytes, header: Header, starts: Integers, fields: Integers) -> pl.Series | None:
    """Return what rows have beyond the header, as in the file: polars drops it, but a rejected row must keep it."""
    long = np.flatnonzero(fields > len(header.names))
    if not len(long):
        return None
    lines = data[:].split(b"\n")
    texts: list[str | None] = [None] * len(starts)
    for row in long.tolist():
        end = int(starts[row + 1]) - 1 if row + 1 < len(starts) else len(lines)
        record = b"\n".join(lines[int(starts[row]) - 1 : end]).decode("utf-8", "replace")
        texts[row] = _beyond(record, header)
    return pl.Series("beyond the header", texts, dtype=pl.String)


def _beyond(record: str, header: Header) -> str:
    """Return the fields of a record after those of the header, as CSV."""
    fields = next(csv.reader(io.StringIO(record), delimiter=header.delimiter))
    text = io.StringIO()
    # The empty first field keeps a single empty one from being written as "".
    csv.writer(text, delimiter=header.delimiter, lineterminator="").writerow(["", *fields[len(header.names) :]])
    return text.getvalue()[1:]


def _nul_faults(table: pl.DataFrame) -> pl.DataFrame:
    found = [
        pl.DataFrame(
            {"row": table[name].str.contains("\0", literal=True).fill_null(False).arg_true() + 1}
        ).with_columns(column=pl.lit(name), rule=pl.lit("must not contain NUL characters"))
        for name in table.columns
    ]
    return _as_faults(pl.concat(found))


def _as_faults(found: pl.DataFrame) -> pl.DataFrame:
    """Give faults the columns of `FAULTS`."""
    return pl.concat([faults(), found.with_columns(pl.col("row").cast(pl.Int64))], how="diagonal").select(
        FAULTS.names()
    )


def _with_lines(found: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
    return found.with_columns(number=lines.gather(found["row"] - 1)) if found.height else found
