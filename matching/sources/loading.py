"""Loading of any source: a failure inside it becomes one line with its file, and the column if known."""

import re
import traceback
from inspect import getfile, signature
from pathlib import Path
from typing import Any, NoReturn

import polars as pl

from matching.data.dataset import Dataset, Source
from matching.data.progress import Progress
from matching.data.validation import check_shape
from matching.errors import InvalidTable, TandemError
from matching.sources import faulty_code

# The words of polars around a column name; the rest of its message may quote values.
_COLUMN = re.compile(
    r"""(?:in column|column with name|unable to find column|column:?|at column) ['"`]([^'"`]{1,100})['"`]"""
)


def load(source: Source, data: Path | None, *, seed: int, progress: Progress) -> Dataset:
    """Read or simulate a dataset.

    A source with a method `read` keeps its faults instead of raising them, so that the validation reports all at once.

    Args:
        source: what loads the dataset.
        data: folder of its files; None if it needs none.
        seed: seed of a simulation.
        progress: called with a few words about each step.

    Raises:
        InputError: the data is missing or invalid.
        InvalidTable: the source itself fails, or returns tables with other columns.
    """
    reader = _reader(source, data, seed=seed, progress=progress)
    try:
        dataset = reader(data, seed=seed, progress=progress)
    except (TandemError, OSError, MemoryError):
        raise
    except Exception as error:
        _fail(source, data, error)
    if not isinstance(dataset, Dataset):
        line = reader.__code__.co_firstlineno
        raise InvalidTable(
            f"{_file(source)}, line {line}: {reader.__name__} returns {_kind(dataset)}, not a Dataset: correct the "
            "source; every path through it must end in `return Dataset(...)`"
        )
    try:
        for name, (record, table) in dataset.tables().items():
            if not isinstance(table, pl.DataFrame):
                raise InvalidTable(f"table {name} is {_kind(table)}, not a polars DataFrame: correct the source")
            check_shape(name, record, table)
    except InvalidTable as error:
        raise InvalidTable(f"{_file(source)}: {error}") from None
    return dataset


def _reader(source: Source, data: Path | None, **settings: Any) -> Any:
    """Return the method that reads.

    Raises:
        InvalidTable: there is none, or it takes other arguments.
    """
    reader = getattr(source, "read", None) or getattr(source, "load", None)
    try:
        signature(reader).bind(data, **settings)  # type: ignore[arg-type]  # not callable: a TypeError like the others
    except TypeError:
        raise InvalidTable(
            f"{_file(source)}: the source must be an object, such as SOURCE = MyBoard(), with a method "
            "`load(self, data, *, seed, progress)`"
        ) from None
    return reader


def _file(source: Source) -> str:
    return getfile(source if isinstance(source, type) else type(source))


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__module__}.{type(value).__qualname__}"


def _fail(source: Source, data: Path | None, error: Exception) -> NoReturn:
    """Raise an error with file and line of the source, and the column in the message of polars."""
    file = _file(source)
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == file), None)
    where = f"{file}, line {line}" if line else file
    if isinstance(error, ImportError | SyntaxError):
        raise InvalidTable(f"{faulty_code.place(error) or where}: {faulty_code.explained(error)}") from error
    name = _COLUMN.search(str(error))
    column = f" in column {name[1]}" if name else ""
    checked = f"check its values in {data}" if data else "check it"
    raise InvalidTable(
        f"{where}: the source fails with {type(error).__name__}{column}: {checked}, or correct the source; "
        "TANDEM_DEBUG=1 shows the whole trace"
    ) from error
