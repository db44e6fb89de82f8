"""Full and unwritable disks are recognised behind whatever a library made of them."""

import errno
import sqlite3

import pytest

from home.disk import is_full, is_unwritable
from matching.errors import MissingInput


def behind(cause: Exception) -> Exception:
    outer = RuntimeError("a library gave up")
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "x"),
        OSError(errno.EDQUOT, "x"),
        sqlite3.OperationalError("database or disk is full"),
        RuntimeError("No space left on device (os error 28)"),
    ],
)
def test_a_full_disk(error: Exception) -> None:
    for seen in (error, behind(error), behind(ExceptionGroup("tasks", [ValueError("x"), error]))):
        assert is_full(seen)
        assert not is_unwritable(seen)


def test_a_place_that_may_not_be_written_to() -> None:
    for error in (OSError(errno.EROFS, "x"), sqlite3.OperationalError("attempt to write a readonly database")):
        assert is_unwritable(behind(error))
        assert not is_full(behind(error))


def test_what_we_say_ourselves_is_no_sign() -> None:
    assert not is_full(MissingInput("no space left on device.csv is not there"))
    assert not is_full(ValueError("something else"))


def test_errors_that_led_to_each_other_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert not is_full(first)
