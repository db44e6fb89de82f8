"""However a command fails, its user sees one line and gets an exit code."""

import errno
import sqlite3

import pytest

from matching.errors import GateRefused, InputError, NoChampion, TandemError
from store.schema import microseconds
from tandem.failures import reported


def ends(error: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended, reported():
        raise error
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize(("kind", "code"), [(NoChampion, 1), (InputError, 2), (GateRefused, 3)])
def test_an_error_raised_on_purpose(kind: type[TandemError], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(kind("what is wrong,\n  and what to do"), capsys) == (code, "error: what is wrong, and what to do\n")


def test_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(KeyboardInterrupt(), capsys) == (130, "error: interrupted: run the command again to start over\n")


@pytest.mark.parametrize(
    "cause",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
        ExceptionGroup(
            "two tasks failed", [ValueError("x"), RuntimeError("polars: No space left on device (os error 28)")]
        ),
    ],
)
def test_a_full_disk_under_whatever_a_library_made_of_it(cause: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    error = RuntimeError("flow run failed")
    error.__cause__ = cause
    assert ends(error, capsys) == (1, "error: the disk is full: make room and run the command again\n")


def test_a_file_named_like_a_full_disk_is_no_full_disk(capsys: pytest.CaptureFixture[str]) -> None:
    line = "no space left on device.csv has no column time: add it"
    assert ends(InputError(line), capsys) == (2, f"error: {line}\n")


def test_a_file_that_may_not_be_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    error = PermissionError(errno.EACCES, "Permission denied", "/some/file")
    assert ends(error, capsys) == (1, "error: permission denied: /some/file\n")


def test_an_unexpected_error_tells_its_place_but_not_the_data_it_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    code, line = ends(ValueError("could not convert 'Ms Secret, secret@example.com'"), capsys)
    assert code == 1
    assert line.startswith("error: unexpected ValueError at ")
    assert "TANDEM_DEBUG=1" in line
    assert "Secret" not in line


def test_the_place_of_an_unexpected_error_is_the_last_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TypeError) as caught:
        microseconds("yesterday")  # type: ignore[arg-type]
    assert "unexpected TypeError at store/schema.py:" in ends(caught.value, capsys)[1]


def test_debug_shows_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_DEBUG", "1")
    with pytest.raises(NoChampion), reported():
        raise NoChampion("no champion yet")
