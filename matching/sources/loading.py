"""Loads a source of any kind: what goes wrong inside one is a line that names its file, and the column where known."""

import re
import traceback
from inspect import getfile
from pathlib import Path
from typing import NoReturn

from matching.data.dataset import Dataset, Source
from matching.data.progress import Progress
from matching.data.validation import check_shape
from matching.errors import InvalidTable, TandemError

# What polars writes around the name of a column; the rest of its message may quote values.
_COLUMN = re.compile(
    r"""(?:in column|column with name|unable to find column|column:?|at column) ['"`]([^'"`]{1,100})['"`]"""
)


def load(source: Source, data: Path | None, *, seed: int, progress: Progress) -> Dataset:
    """Read or generate a dataset.

    A source that can keep its faults (`read`) does, so that the examination reports all of them at once.

    Raises:
        InputError: the data is missing or wrong.
        InvalidTable: the source itself fails on the data, or returns other columns than the tables have.
    """
    reader = getattr(source, "read", source.load)
    try:
        dataset: Dataset = reader(data, seed=seed, progress=progress)
    except (TandemError, OSError, MemoryError, ImportError):
        raise
    except Exception as error:
        _fail(source, data, error)
    try:
        for name, (record, table) in dataset.tables().items():
            check_shape(name, record, table)
    except InvalidTable as error:
        raise InvalidTable(f"{getfile(type(source))}: {error}") from None
    return dataset


def _fail(source: Source, data: Path | None, error: Exception) -> NoReturn:
    """Name file and line of the source, and the column that polars complains of."""
    file = getfile(type(source))
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == file), None)
    where = f"{file}, line {line}" if line else file
    name = _COLUMN.search(str(error))
    column = f" in column {name[1]}" if name else ""
    checked = f"check its values in {data}" if data else "check it"
    raise InvalidTable(
        f"{where}: the source fails with {type(error).__name__}{column}: {checked}, or correct the source; "
        "TANDEM_DEBUG=1 shows the whole trace"
    ) from error
