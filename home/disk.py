"""Whether an error means a full or an unwritable disk, whichever library met it first."""

import errno
from collections.abc import Iterator

from matching.errors import TandemError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}
# SQLite, polars and MLflow keep only the words of the operating system's error.
_FULL_WORDS = ("no space left on device", "database or disk is full", "disk quota exceeded")
_UNWRITABLE_WORDS = ("readonly database", "unable to open database file", "read-only file system")


def is_full(error: BaseException) -> bool:
    """Whether a full disk, or a used-up quota, is behind the error."""
    return any(_means(link, _FULL, _FULL_WORDS) for link in _chain(error))


def is_unwritable(error: BaseException) -> bool:
    """Whether a place that may not be written to is behind the error."""
    return any(_means(link, _UNWRITABLE, _UNWRITABLE_WORDS) for link in _chain(error))


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


def _means(error: BaseException, numbers: set[int], words: tuple[str, ...]) -> bool:
    """Whether this error says so itself; our own errors may quote a file's name, which says nothing."""
    if isinstance(error, TandemError):
        return False
    if isinstance(error, OSError) and error.errno in numbers:
        return True
    text = str(error).lower()
    return any(word in text for word in words)
