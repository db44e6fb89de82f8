"""Reading the database of another program: its rows come back by column, and nothing in it changes."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from matching.errors import StorageError
from store.reading import opened


@pytest.fixture
def url(database_url: str) -> str:
    """A database with one table."""
    url = database_url.replace("postgresql://", "postgresql+psycopg://")
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE runs (name VARCHAR(20), steps INTEGER)"))
        connection.execute(text("INSERT INTO runs VALUES ('long', 9), ('short', 2)"))
    engine.dispose()
    return url


def test_rows_come_back_by_column(url: str) -> None:
    with opened(url) as query:
        assert query("SELECT name, steps FROM runs WHERE steps > :least", least=5) == [{"name": "long", "steps": 9}]
        assert query("SELECT name FROM runs WHERE steps > :least", least=9) == []


def test_a_missing_table_is_reported_without_the_address_or_any_value(url: str) -> None:
    with pytest.raises(StorageError, match="the database cannot be read") as caught, opened(url) as query:
        query("SELECT * FROM elsewhere WHERE name = :name", name="hunter2")
    assert "hunter2" not in str(caught.value)
    assert url not in str(caught.value)


def test_a_sqlite_file_is_neither_changed_nor_created(tmp_path: Path) -> None:
    file = tmp_path / "a database.db"
    with pytest.raises(StorageError, match="unable to open"), opened(f"sqlite:///{file}") as query:
        query("SELECT 1")
    assert not file.exists()
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE runs (name VARCHAR(20))"))
    engine.dispose()
    with pytest.raises(StorageError, match="readonly database"), opened(f"sqlite:///{file}") as query:
        query("DROP TABLE runs")
    with opened(f"sqlite:///{file}") as query:
        assert query("SELECT * FROM runs") == []
