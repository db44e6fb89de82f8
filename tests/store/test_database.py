"""Connecting: both databases get the same tables; failures say what to do and hide the password."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from matching.errors import InputError, StorageError
from store.database import connect, ping
from store.inserts import insert_one
from store.migrations import VERSION_TABLE
from store.schema import metadata, microseconds, models


def test_tables_are_made_once_and_kept(database_url: str) -> None:
    for attempt in range(2):
        engine = connect(database_url)
        assert set(inspect(engine).get_table_names()) == {*metadata.tables, VERSION_TABLE}
        assert ping(engine)
        with engine.begin() as connection:
            row = {"name": "a", "version": "1", "digest": "d", "feature_names": "[]"}
            assert insert_one(connection, models, row) is (attempt == 0)
            assert connection.execute(text("SELECT count(*) FROM models")).scalar() == 1
        engine.dispose()


def test_services_that_start_together_do_not_collide(database_url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        engines = list(pool.map(connect, [database_url] * 8))
    assert all(map(ping, engines))
    for engine in engines:
        engine.dispose()


def test_sqlite_is_for_its_owner_alone_and_lets_readers_work_beside_the_writer(tmp_path: Path) -> None:
    file = tmp_path / "log" / "log.db"
    engine = connect(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert int(connection.execute(text("PRAGMA busy_timeout")).scalar() or 0) >= 10_000
    engine.dispose()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_sqlite_made_by_root_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    os.chown(folder, 1034, 1034)
    engine = connect(f"sqlite:///{folder / 'log.db'}")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO inputs VALUES ('a', 'b')"))
        owners = {file.name: file.stat().st_uid for file in folder.iterdir()}
    engine.dispose()
    assert owners == {"log.db": 1034, "log.db-wal": 1034, "log.db-shm": 1034}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_makes_no_file(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = connect(url)
    assert ping(engine)
    engine.dispose()
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_server_is_one_line_without_the_password() -> None:
    with pytest.raises(StorageError) as caught:
        connect("postgresql://tandem:hunter2@127.0.0.1:9/log")
    message = str(caught.value)
    assert "hunter2" not in message
    assert "127.0.0.1:9/log" in message
    assert "TANDEM_DATABASE_URL" in message
    assert "\n" not in message


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"log\.db"):
        connect(f"sqlite:///{tmp_path / 'file' / 'log.db'}")


@pytest.mark.parametrize("url", ["nonsense", "mysql://user:hunter2@host/name", "postgresql+asyncpg://u:hunter2@h/n"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(InputError) as caught:
        connect(url)
    assert "hunter2" not in str(caught.value)


def test_a_closed_database_does_not_answer(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'log.db'}")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE models RENAME TO elsewhere"))
    assert not ping(engine)
    engine.dispose()


def test_microseconds_are_exact_in_every_zone() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, 123_457, tzinfo=UTC)
    assert microseconds(moment) == 1_772_366_400_123_457
    assert microseconds(moment.astimezone(timezone(timedelta(hours=5, minutes=30)))) == microseconds(moment)
