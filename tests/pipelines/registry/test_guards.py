"""Lock, trail, process identity and storage errors."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from home import lock
from home.settings import Settings
from matching.errors import BusyError, MissingInput, StorageError
from pipelines.registry import audit
from pipelines.registry.failures import explain, explained
from pipelines.registry.registry import Registry


def test_a_lock_names_its_holder_and_is_free_again_after_an_error(settings: Settings) -> None:
    def fail_while_holding() -> None:
        with lock.held(settings, "train", "a training"):
            with (
                pytest.raises(BusyError, match=rf"a training is running already \(process {os.getpid()}"),
                lock.held(settings, "train", "another"),
            ):
                pass
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail_while_holding()
    with lock.held(settings, "train", "a training"):
        pass


@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_a_home_is_its_owners_alone_and_one_that_is_there_stays_as_it_is(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        for first in (
            lambda s: lock.held(s, "train", "a training").__enter__(),
            lambda s: Registry(s).client,
            lambda s: move(s, "1"),
        ):
            settings = Settings(home=tmp_path / str(id(first)) / "home")
            first(settings)
            assert settings.root.stat().st_mode & 0o777 == 0o700
        settings.root.chmod(0o750)
        move(settings, "2")
        assert settings.root.stat().st_mode & 0o777 == 0o750
    finally:
        os.umask(before)


def move(settings: Settings, to_version: str) -> audit.Move:
    return audit.record(
        settings,
        action="promote",
        model="m",
        alias="champion",
        from_version=None,
        to_version=to_version,
        digest="d",
        why="because",
    )


def test_the_trail_keeps_what_was_recorded_in_order(settings: Settings) -> None:
    made = [move(settings, "1"), move(settings, "2")]
    assert audit.moves(settings, "m", "champion") == made
    assert audit.moves(settings, "m", "challenger") == []
    assert made[0].who
    assert made[0].at.endswith("+00:00")


def test_a_line_cut_short_by_a_crash_is_dropped_and_damage_elsewhere_is_reported(settings: Settings) -> None:
    move(settings, "1")
    path = audit.trail_file(settings)
    with path.open("a") as file:
        file.write('{"at": "2026-')
    assert [found.to_version for found in audit.moves(settings, "m", "champion")] == ["1"]
    move(settings, "2")
    assert [found.to_version for found in audit.moves(settings, "m", "champion")] == ["1", "2"]
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["not a move", *lines]) + "\n")
    with pytest.raises(StorageError, match="line 1 is damaged"):
        audit.moves(settings, "m", "champion")


def test_history_is_walked_as_a_rollback_walks_it() -> None:
    def made(action: audit.Action, to_version: str) -> audit.Move:
        return audit.Move("", "", action, "m", "champion", None, to_version, None, "")

    trail = [made("promote", "1"), made("promote", "2"), made("promote", "3")]
    assert audit.history(trail) == ["1", "2", "3"]
    trail.append(made("rollback", "2"))
    assert audit.history(trail) == ["1", "2"]
    trail.append(made("rollback", "1"))
    assert audit.history(trail) == ["1"]
    trail.append(made("found", "9"))
    assert audit.history(trail) == ["1", "9"]


def test_storage_errors_are_found_behind_other_errors(tmp_path: Path) -> None:
    def wrapped(cause: Exception) -> Exception:
        outer = RuntimeError("a library gave up")
        outer.__cause__ = cause
        return outer

    full = OSError(errno.ENOSPC, "No space left on device")
    for error in (full, wrapped(full), wrapped(sqlite3.OperationalError("database or disk is full"))):
        assert "is full" in str(explain(error, tmp_path))
    assert "cannot be written" in str(explain(OSError(errno.EROFS, "Read-only"), tmp_path))
    assert explain(ValueError("something else"), tmp_path) is None


def test_errors_raised_on_purpose_pass_through(tmp_path: Path) -> None:
    with pytest.raises(MissingInput), explained(tmp_path):
        raise MissingInput("database or disk is full, says the user's file name")
    with pytest.raises(StorageError), explained(tmp_path):
        raise OSError(errno.ENOSPC, "x")
    with pytest.raises(ValueError, match="own"), explained(tmp_path):
        raise ValueError("its own")
