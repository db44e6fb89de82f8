"""Inserts that skip rows whose key exists already, in the SQL of either database."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows and skip those whose key exists already; all rows have the same columns."""
    if not rows:
        return
    statement = _insert(connection, table).on_conflict_do_nothing().inline()
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(rows[0]))
    # Straight to the driver: SQLAlchemy's handling of each parameter costs more than the insert itself.
    order = compiled.positiontup
    ready: list[Any] = [tuple(row[name] for name in order) for row in rows] if order else [dict(row) for row in rows]
    connection.exec_driver_sql(str(compiled), ready)


def insert_one(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless its key exists already; return whether it was new."""
    statement = _insert(connection, table).on_conflict_do_nothing()
    done = connection.execute(statement, dict(row), execution_options={"preserve_rowcount": True})
    return bool(done.rowcount == 1)


def _insert(connection: Connection, table: Table) -> Any:
    """Return the insert statement of the connected database: each has a class of its own for `on conflict`."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
