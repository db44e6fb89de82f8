"""A full or unwritable disk, told in one line whichever library met it first."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matching.errors import StorageError, TandemError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM}
# SQLite, polars and MLflow keep only the words of the operating system's error.
_FULL_WORDS = ("no space left on device", "database or disk is full", "disk quota exceeded")
_UNWRITABLE_WORDS = ("readonly database", "unable to open database file", "read-only file system")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that led to it."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        pending += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            pending += current.exceptions


def _is(error: BaseException, numbers: set[int], words: tuple[str, ...]) -> bool:
    if isinstance(error, OSError) and error.errno in numbers:
        return True
    text = str(error).lower()
    return any(word in text for word in words)


def explain(error: BaseException, folder: Path) -> StorageError | None:
    """The storage problem behind `error`, or None where there is none."""
    causes = list(_chain(error))
    if any(_is(cause, _FULL, _FULL_WORDS) for cause in causes):
        return StorageError(f"the disk that holds {folder} is full: free some space, then run the command again")
    if any(_is(cause, _UNWRITABLE, _UNWRITABLE_WORDS) for cause in causes):
        return StorageError(f"{folder} cannot be written to: check its owner and permissions, or set TANDEM_HOME")
    return None


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn any error caused by the storage under `folder` into a `StorageError`; pass every other on."""
    try:
        yield
    except TandemError:
        raise
    except Exception as error:
        problem = explain(error, folder)
        if problem is None:
            raise
        raise problem from error
