"""The database of answers, outcomes and stored profiles: its tables, and how to connect to it.

SQLite (embedded) and Postgres (scale) hold the same tables. Times are whole microseconds since 1970 in UTC, so that
both databases compare and return them alike and a window of a million rows needs no date parsing.
"""

import os
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from matching.errors import InputError, StorageError

Database = Engine  # what `connect` opens, for those who only hand it on
_BUSY_SECONDS = 30
_SCHEMA_LOCK = 7_264_311  # any constant: two services that start together must not create the tables at once
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

metadata = MetaData()
_Number = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER counts up by itself in SQLite

models = Table(
    "models",
    metadata,
    Column("model", _Number, primary_key=True, autoincrement=True),
    Column("name", String(200), nullable=False),
    Column("version", String(200), nullable=False),
    Column("digest", String(200), nullable=False),
    Column("feature_names", Text, nullable=False, comment="JSON list, in the order of the feature values"),
    UniqueConstraint("name", "version", "digest"),
)
inputs = Table(
    "inputs",
    metadata,
    Column("digest", String(64), primary_key=True, comment="SHA-256 of the payload"),
    Column("payload", Text, nullable=False, comment="JSON of a profile as sent; personal data"),
)
predictions = Table(
    "predictions",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("prediction_id", String(64), nullable=False, unique=True),
    Column("request_id", String(64), nullable=False),
    Column("model", ForeignKey("models.model"), nullable=False),
    Column("predicted_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
    Column("candidate_id", String(128), nullable=False),
    Column("job_id", String(128), nullable=False),
    Column("candidate_input", String(64), nullable=False),
    Column("job_input", String(64), nullable=False),
    Column("company_probability", Double),
    Column("candidate_probability", Double),
    Column("match_probability", Double, nullable=False),
    Column("features", LargeBinary, nullable=False, comment="float32, little-endian, as used"),
    Column("position", Integer, comment="place in a ranking, from 1; null for a scored pair"),
    Column("ranked_from", Integer, comment="how many the ranking compared; null for a scored pair"),
    Column("broken_limits", String(200), comment="limits the pair breaks, by commas; null for none or not known"),
    Index("predictions_by_time", "model", "predicted_at"),
)
outcomes = Table(
    "outcomes",
    metadata,
    Column("prediction_id", ForeignKey("predictions.prediction_id"), primary_key=True),
    Column("outcome", String(16), primary_key=True),
    Column("occurred_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
    Column("received_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
)
exclusions = Table(
    "exclusions",
    metadata,
    Column("request_id", String(64), primary_key=True, comment="a ranking"),
    Column("broken_limit", String(40), primary_key=True),
    Column("pairs", Integer, nullable=False, comment="how many it ruled out; a pair may break several limits"),
    Column("model", ForeignKey("models.model"), nullable=False),
    Column("predicted_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
)
profiles = Table(
    "profiles",
    metadata,
    Column("source", String(64), primary_key=True, comment="name of the source the profile is from"),
    Column("kind", String(16), primary_key=True, comment="candidate or job"),
    Column("id", String(128), primary_key=True),
    Column("payload", Text, nullable=False, comment="JSON of the profile; personal data"),
    Column("updated_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
)


def connect(url: str) -> Engine:
    """Open the database and create the tables that are missing.

    The file and folder of an SQLite database made by root are given to the owner of the folder, so that a container
    that runs as that user can write too; SQLite itself then keeps its side files with the same owner.

    Args:
        url: SQLAlchemy URL; `sqlite:///file` or `postgresql://user:password@host/name`.

    Raises:
        InputError: the URL is not one of SQLite or Postgres.
        StorageError: the database cannot be reached or written; the message masks the password.
    """
    parsed = _parsed(url)
    try:
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgres(parsed)
        _create_tables(engine)
    except (SQLAlchemyError, OSError) as error:
        raise unreachable(parsed, error) from None
    return engine


def unreachable(url: URL, error: Exception) -> StorageError:
    """Describe a failure of the database in one line, without its password and without any row."""
    cause = getattr(error, "orig", None) or error
    # Only failures of the connection or the disk: what the database says of a row may quote the row.
    is_connection = isinstance(error, (OperationalError, OSError))
    reason = str(cause).strip().partition("\n")[0] if is_connection else ""
    shown = url.render_as_string(hide_password=True)
    detail = f"{type(cause).__name__}: {reason}" if reason else type(cause).__name__
    return StorageError(f"cannot use the database {shown} ({detail}): check TANDEM_DATABASE_URL and that it is running")


def ping(engine: Engine) -> bool:
    """Whether the database answers a query on Tandem's tables."""
    try:
        with engine.connect() as connection:
            connection.execute(models.select().limit(1)).first()
    except SQLAlchemyError:
        return False
    return True


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, which all name the same columns, and skip those whose key is already there."""
    if not rows:
        return
    statement = _insert(connection, table).on_conflict_do_nothing().inline()
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(rows[0]))
    # Straight to the driver: SQLAlchemy's handling of each parameter costs more than the insert itself.
    order = compiled.positiontup
    ready: list[Any] = [tuple(row[name] for name in order) for row in rows] if order else [dict(row) for row in rows]
    connection.exec_driver_sql(str(compiled), ready)


def insert_one(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless its key is already there; return whether it was new."""
    statement = _insert(connection, table).on_conflict_do_nothing()
    done = connection.execute(statement, dict(row), execution_options={"preserve_rowcount": True})
    return bool(done.rowcount == 1)


def microseconds(moment: datetime) -> int:
    """Convert a time with a zone to microseconds since 1970 in UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _insert(connection: Connection, table: Table) -> Any:
    """Build the insert of the connected database: both know `on conflict`, through their own classes."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError("the database URL cannot be read: use sqlite:///file or postgresql://...") from None
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return parsed
    raise InputError(f"the database {parsed.drivername} is not supported: use sqlite:///file or postgresql://...")


def _postgres(url: URL) -> Engine:
    return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10}, hide_parameters=True)


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        _make_file(Path(url.database))
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    """Let readers and the writer work side by side, and survive a crash of the process."""
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "wal_autocheckpoint=8000"):
        connection.execute(f"PRAGMA {pragma}")


def _make_file(path: Path) -> None:
    """Create the file for its owner alone: the log holds personal data."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return
    path.touch(mode=0o600)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)


def _create_tables(engine: Engine) -> None:
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})"))
        for table in metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            _add_columns(connection, table)
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))


def _add_columns(connection: Connection, table: Table) -> None:
    """Add the columns that a log of an earlier version does not have; its rows hold null there."""
    known = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in known:
            type_ = column.type.compile(connection.dialect)
            connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {type_}"))
