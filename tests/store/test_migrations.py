"""Databases of earlier versions gain what they lack and lose nothing; an interrupted upgrade leaves no trace."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text

from matching.errors import StorageError
from store import migrations
from store.database import connect, ping
from store.schema import metadata

OLD_TABLES = Path(__file__).parent / "old_tables"  # what the code of that time created
STAGES = ("first", "rankings", "limits")
ROWS = """
INSERT INTO models VALUES (1, 'tandem-marketplace', '1', 'd', '["years"]');
INSERT INTO inputs VALUES ('c', '{"candidate_id": "c0"}'), ('j', '{"job_id": "j0"}');
INSERT INTO predictions (number, prediction_id, request_id, model, predicted_at, candidate_id, job_id, candidate_input,
    job_input, company_probability, match_probability, features)
    VALUES (7, 'p', 'r', 1, 1772366400123457, 'c0', 'j0', 'c', 'j', 0.1, 0.25, FEATURES);
INSERT INTO outcomes VALUES ('p', 'outreach', 1772366400123458, 1772366400123459);
INSERT INTO profiles (source, kind, id, payload, updated_at) VALUES ('marketplace', 'job', 'j0', '{"title": "t"}', 3);
"""
KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from store.database import connect

def kill(_connection, _cursor, statement, *_rest):
    if "exclusions" in statement:
        print("killed", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "before_cursor_execute", kill)
connect(sys.argv[1])
"""


def raw(url: str) -> Engine:
    """The database without Tandem's migrations."""
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def run_script(url: str, script: str) -> None:
    engine = raw(url)
    with engine.begin() as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()


def make_old(url: str, stage: str) -> None:
    """Make a database as an earlier version left it, with a row in each table."""
    kind = "sqlite" if url.startswith("sqlite") else "postgres"
    if kind == "sqlite":
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    script = (OLD_TABLES / f"{stage}.{kind}.sql").read_text() + ROWS
    features = "x'31323334'" if kind == "sqlite" else "'\\x31323334'::bytea"
    run_script(url, script.replace("FEATURES", features))


def contents(url: str) -> dict[str, Any]:
    """Every table with its columns and rows."""
    engine = raw(url)
    with engine.connect() as connection:
        found = {
            name: (
                sorted(column["name"] for column in inspect(connection).get_columns(name)),
                [row._asdict() for row in connection.execute(text(f"SELECT * FROM {name}"))],  # noqa: S608
            )
            for name in inspect(connection).get_table_names()
        }
    engine.dispose()
    return found


def differences(connection: Connection) -> list[Any]:
    """Where the tables differ from `store.schema`; comments do not count."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "version_table": "schema_version"})
    return [found for found in compare_metadata(context, metadata) if "comment" not in str(found[0])]


def assert_up_to_date(url: str) -> None:
    engine = connect(url)
    with engine.connect() as connection:
        assert differences(connection) == []
        assert connection.execute(text("SELECT version_num FROM schema_version")).scalars().all() == [migrations.HEAD]
    engine.dispose()


def test_the_head_is_the_newest_version() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert script.get_heads() == [migrations.HEAD]
    numbers = [revision.revision for revision in script.walk_revisions()][::-1]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)], "they are compared as text"
    files = [Path(script.get_revision(number).path).name for number in numbers]
    assert [name[:6] for name in files] == [f"v{number}_" for number in numbers]


def test_a_new_database_has_the_tables_of_the_schema(database_url: str) -> None:
    assert_up_to_date(database_url)


def test_a_missing_column_would_be_noticed(database_url: str) -> None:
    engine = connect(database_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE predictions DROP COLUMN ranked_from"))
        connection.execute(text("DROP INDEX predictions_by_time"))
        assert {found[0] for found in differences(connection)} == {"add_column", "add_index"}
    engine.dispose()


@pytest.mark.parametrize("stage", STAGES)
def test_a_database_of_an_earlier_version_keeps_every_row(database_url: str, stage: str) -> None:
    make_old(database_url, stage)
    before = contents(database_url)
    assert_up_to_date(database_url)
    after = contents(database_url)
    for name, (columns, rows) in before.items():
        assert [{key: row[key] for key in columns} for row in after[name][1]] == rows, name
    (prediction,) = after["predictions"][1]
    assert bytes(prediction["features"]) == b"1234"
    assert {prediction[name] for name in ("position", "ranked_from", "broken_limits")} == {None}


@pytest.mark.parametrize("half", ["position INTEGER", "broken_limits VARCHAR(200)"])
def test_a_database_that_was_extended_by_half_is_completed(database_url: str, half: str) -> None:
    make_old(database_url, "first")
    run_script(database_url, f"ALTER TABLE predictions ADD COLUMN {half}")
    assert_up_to_date(database_url)


@pytest.mark.parametrize("stage", STAGES)
def test_services_that_start_together_migrate_once(database_url: str, stage: str) -> None:
    make_old(database_url, stage)
    with ThreadPoolExecutor(4) as pool:
        engines = list(pool.map(connect, [database_url] * 4))
    assert all(map(ping, engines))
    for engine in engines:
        engine.dispose()
    assert_up_to_date(database_url)


def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    make_old(database_url, "first")
    command = [sys.executable, "-c", "import sys; from store.database import connect; connect(sys.argv[1]).dispose()"]
    started = [subprocess.Popen([*command, database_url], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=300)[1] for process in started] == ["", "", ""]
    assert_up_to_date(database_url)
    assert len(contents(database_url)["predictions"][1]) == 1


@pytest.fixture
def fail_at() -> Any:
    """Fail at the n-th statement that changes the database, counted from 0."""
    listeners: list[Callable[..., None]] = []

    def fail(number: int) -> None:
        left = [number]

        def before(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.strip().split()[0] in ("CREATE", "ALTER", "INSERT", "UPDATE"):
                left[0] -= 1
                if left[0] < 0:
                    raise KeyboardInterrupt

        listeners.append(before)
        event.listen(Engine, "before_cursor_execute", before)

    yield fail
    for listener in listeners:
        event.remove(Engine, "before_cursor_execute", listener)


@pytest.mark.parametrize("stage", ["first", "limits"])
@pytest.mark.parametrize("number", range(4))
def test_an_interrupted_upgrade_leaves_the_database_as_it_was(
    database_url: str, stage: str, number: int, fail_at: Callable[[int], None]
) -> None:
    make_old(database_url, stage)
    before = contents(database_url)
    fail_at(number)
    with pytest.raises(KeyboardInterrupt):
        connect(database_url)
    assert contents(database_url) == before


def test_a_killed_upgrade_leaves_the_database_as_it_was_and_is_done_next_time(database_url: str) -> None:
    make_old(database_url, "first")
    before = contents(database_url)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, database_url], capture_output=True, text=True, check=False, env=os.environ
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "killed\n")
    assert contents(database_url) == before
    assert_up_to_date(database_url)


@pytest.mark.parametrize("version", ["0004", "9999", "0002a"])
def test_a_database_of_a_newer_version_is_refused_and_left_alone(database_url: str, version: str) -> None:
    connect(database_url).dispose()
    run_script(database_url, f"UPDATE schema_version SET version_num = '{version}'")  # noqa: S608
    before = contents(database_url)
    with pytest.raises(StorageError, match=r"another Tandem .* TANDEM_DATABASE_URL") as caught:
        connect(database_url)
    assert "secret" not in str(caught.value)
    assert contents(database_url) == before


def test_an_up_to_date_database_costs_one_query_and_no_alembic(database_url: str) -> None:
    connect(database_url).dispose()
    program = (
        "import sys; from sqlalchemy import Engine, event; from store.database import connect; seen = []\n"
        "event.listen(Engine, 'before_cursor_execute', lambda *arguments: seen.append(arguments[2]))\n"
        "connect(sys.argv[1]).dispose(); print(len(seen), 'alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", program, database_url]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1 False\n"
