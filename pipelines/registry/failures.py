"""A full or unwritable disk as one error, whichever library reports it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from home.disk import is_full, is_unwritable
from matching.errors import StorageError, TandemError


def explain(error: BaseException, folder: Path) -> StorageError | None:
    """Return the storage problem behind `error`; None if there is none."""
    if is_full(error):
        return StorageError(f"the disk that holds {folder} is full: free some space, then run the command again")
    if is_unwritable(error):
        return StorageError(f"{folder} cannot be written to: check its owner and permissions, or set TANDEM_HOME")
    return None


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn an error caused by the storage under `folder` into a `StorageError`; leave others alone."""
    try:
        yield
    except TandemError:
        raise
    except Exception as error:
        problem = explain(error, folder)
        if problem is None:
            raise
        raise problem from error
