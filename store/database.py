"""Connecting to the database: SQLite in a file (embedded) or a Postgres server (scale)."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from matching.errors import InputError, StorageError
from store import migrations
from store.schema import models

Database = Engine  # what `connect` opens, for those who only pass it on
_BUSY_SECONDS = 30


def connect(url: str) -> Engine:
    """Open the database and bring its tables to the version of this code.

    Where root creates an SQLite database, the file belongs to the owner of its folder, so that a container that runs
    as that user can write too; SQLite gives its side files the same owner.

    Args:
        url: SQLAlchemy URL; `sqlite:///file` or `postgresql://user:password@host/name`.

    Raises:
        InputError: the URL is of neither SQLite nor Postgres.
        StorageError: the database cannot be reached or written, or a newer Tandem made its tables; the message masks
            the password.
    """
    parsed = _parsed(url)
    engine = None
    try:
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgres(parsed)
        migrations.upgrade(engine)
    except BaseException as error:
        if engine is not None:
            engine.dispose()
        if isinstance(error, (SQLAlchemyError, OSError)):
            raise unreachable(parsed, error) from None
        raise
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Connect for one read.

    Raises:
        StorageError: the database cannot be reached or read.
    """
    with _storage_errors(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Connect for one transaction: everything in the block is stored, or nothing.

    Raises:
        StorageError: the database cannot be reached or written.
    """
    with _storage_errors(engine), engine.begin() as connection:
        yield connection


@contextmanager
def _storage_errors(engine: Engine) -> Iterator[None]:
    """Raise StorageError for whatever the database or its driver raises."""
    try:
        yield
    except SQLAlchemyError as error:
        raise unreachable(engine.url, error) from None


def unreachable(url: URL, error: Exception) -> StorageError:
    """Describe a failure of the database in one line, without its password and without any row."""
    cause = getattr(error, "orig", None) or error
    # Only failures of the connection or the disk: what the database says about a row may quote the row.
    is_connection = isinstance(error, (OperationalError, OSError))
    reason = str(cause).strip().partition("\n")[0] if is_connection else ""
    shown = url.render_as_string(hide_password=True)
    detail = f"{type(cause).__name__}: {reason}" if reason else type(cause).__name__
    return StorageError(f"cannot use the database {shown} ({detail}): check TANDEM_DATABASE_URL and that it is running")


def ping(engine: Engine) -> bool:
    """Return whether the database answers a query on Tandem's tables."""
    try:
        with engine.connect() as connection:
            connection.execute(models.select().limit(1)).first()
    except SQLAlchemyError:
        return False
    return True


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
