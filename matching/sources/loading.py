"""Loading of any source: a failure inside it becomes one line with its file, and the column if known."""

import re
import traceback
from inspect import getfile
from pathlib import Path
from typing import NoReturn

from matching.data.dataset import Dataset, Source
from matching.data.progress import Progress
from matching.data.validation import check_shape
from matching.errors import InvalidTable, TandemError

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
    """Raise an error with file and line of the source, and the column in the message of polars."""
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
