"""Direct reads of MLflow's database answer as MLflow's own client does, on registries made by MLflow."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from home.settings import Settings
from matching.errors import StorageError
from pipelines.registry import quick
from pipelines.registry.client import ClientReader, Connection
from pipelines.registry.registry import Registry
from store import reading

if TYPE_CHECKING:
    from mlflow import MlflowClient

NAMES = ("tandem-tables", "tandem-other", "it's a 50%_name", "tandem-renamed", "nobody")
ALIASES = ("champion", "challenger", "Champion", "moved", "missing", "on-deleted")


def fill(client: "MlflowClient") -> None:
    """Versions with and without tags, aliases, a deleted version, a renamed model, names that need quoting."""
    files = "file:///some/where"
    for name in ("tandem-tables", "tandem-other", "it's a 50%_name", "tandem-old"):
        client.create_registered_model(name)
        for number in range(1, 13):
            tags = {"tandem.digest": f"{name} {number}", "empty": "", "unicode": "日本 ü"} if number % 3 else {}
            client.create_model_version(name, f"{files}/{name}/{number}", f"run{number}", tags=tags)
        client.set_registered_model_alias(name, "champion", "10")
        client.set_registered_model_alias(name, "challenger", "2")
        client.set_registered_model_alias(name, "moved", "3")
        client.set_registered_model_alias(name, "moved", "4")
        client.set_registered_model_alias(name, "on-deleted", "5")
        client.delete_model_version(name, "5")
    client.rename_registered_model("tandem-old", "tandem-renamed")
    client.set_model_version_tag("tandem-other", "1", "tandem.digest", "changed")
    client.delete_model_version_tag("tandem-other", "2", "empty")
    client.delete_registered_model_alias("tandem-other", "challenger")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, empty_registry: Path) -> Connection:
    settings = Settings(home=tmp_path_factory.mktemp("filled registry #1 50%41") / "home", source="tables")
    settings.mlflow_folder.mkdir(parents=True)
    shutil.copy(empty_registry, settings.mlflow_folder / "mlflow.db")
    connection = Connection(settings)
    fill(connection.client)
    return connection


def test_a_registry_made_by_this_mlflow_is_known(filled: Connection) -> None:
    assert quick.knows(filled.settings.mlflow_uri)
    assert isinstance(filled.reader, quick.DatabaseReader)


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_that_of_mlflow(filled: Connection, name: str) -> None:
    ours, theirs = quick.DatabaseReader(filled.settings.mlflow_uri), ClientReader(filled.client)
    for alias in ALIASES:
        assert ours.holder(name, alias) == theirs.holder(name, alias)
    for number in ("1", "2", "5", "6", "12", "13", "0"):
        assert ours.version(name, number) == theirs.version(name, number)
    if "'" not in name:  # MLflow's own filter language cannot quote it
        assert ours.versions(name) == theirs.versions(name)


def test_what_the_cases_cover(filled: Connection) -> None:
    ours = filled.reader
    versions = ours.versions("tandem-other")
    assert [found.version for found in versions] == [str(n) for n in (12, 11, 10, 9, 8, 7, 6, 4, 3, 2, 1)]
    assert ours.versions("tandem-old") == []
    assert len(ours.versions("tandem-renamed")) == 11
    assert ours.holder("tandem-other", "challenger") is None
    assert ours.holder("tandem-other", "on-deleted") is None
    moved = ours.holder("tandem-other", "moved")
    assert moved is not None
    assert (moved.version, moved.tags["unicode"]) == ("4", "日本 ü")
    assert versions[-1].tags["tandem.digest"] == "changed"
    assert ours.version("tandem-other", "one") is None


@pytest.fixture
def copied(filled: Connection, tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home", source="tables")
    settings.mlflow_folder.mkdir(parents=True)
    shutil.copy(filled.settings.mlflow_folder / "mlflow.db", settings.mlflow_folder / "mlflow.db")
    return settings


def change(settings: Settings, statement: str) -> None:
    with sqlite3.connect(settings.mlflow_folder / "mlflow.db") as database:
        database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = 'later'",
        "DELETE FROM alembic_version",
        "INSERT INTO alembic_version VALUES ('another')",
        "DROP TABLE alembic_version",
    ],
)
def test_an_unknown_schema_is_left_to_mlflow(copied: Settings, statement: str) -> None:
    change(copied, statement)
    assert not quick.knows(copied.mlflow_uri)


def test_what_mlflow_answers_serves_as_well(filled: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "KNOWN_SCHEMAS", frozenset({"an older one"}))
    connection = Connection(filled.settings)
    assert isinstance(connection.reader, ClientReader)
    champion = Registry(filled.settings).aliases.champion()
    assert champion is not None
    assert (champion.version, champion.digest) == ("10", "tandem-tables 10")


def test_reading_never_writes_and_a_missing_file_is_not_made(copied: Settings, tmp_path: Path) -> None:
    file = copied.mlflow_folder / "mlflow.db"
    before = file.read_bytes()
    with pytest.raises(StorageError, match="readonly database"), reading.opened(copied.mlflow_uri) as ask:
        ask("DELETE FROM model_versions")
    assert file.read_bytes() == before
    with pytest.raises(StorageError, match="cannot be read"), reading.opened(f"sqlite:///{tmp_path / 'none.db'}"):
        pass
    assert not (tmp_path / "none.db").exists()


LOOK = """
import sys
from home.settings import Settings
from pipelines.registry.registry import Registry
found = Registry(Settings(home=sys.argv[1], source="tables"))
assert found.aliases.champion().version == found.versions.get("10").version
print([name for name in ("mlflow", "numpy", "pandas", "polars", "sklearn", "onnxruntime") if name in sys.modules])
"""


def test_looking_imports_nothing_heavy(copied: Settings, run_python: Callable[[str, str], str]) -> None:
    assert run_python(LOOK, str(copied.root)) == "[]"


@pytest.fixture
def run_python() -> Callable[[str, str], str]:
    def run(code: str, *arguments: str) -> str:
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
