"""Versions of the tables; Alembic applies those that a database lacks when Tandem connects to it.

To change the tables: change `store.schema`, add `versions/vNNNN_noun.py` with the next number, and raise `HEAD`. A
test compares the migrated tables with `store.schema` on SQLite and on Postgres. There is no way down: what is logged
is kept, so a version only adds tables, indexes and nullable columns. Alembic needs no `alembic.ini`.
"""

import threading

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from matching.errors import StorageError

HEAD = "0003"
VERSION_TABLE = "schema_version"  # not Alembic's usual name: MLflow may live in the same database
_LOCK = 7_264_311  # any constant: two services that start together must not migrate at once
_alone = threading.Lock()  # Alembic's `op` is global to the process


def upgrade(engine: Engine) -> None:
    """Bring the tables to `HEAD` in one transaction; an interrupted upgrade leaves the database as it was.

    An up-to-date database costs one query; Alembic is imported only for others.

    Raises:
        StorageError: the database is of a version this code does not know.
        sqlalchemy.exc.SQLAlchemyError: the database cannot be reached or written.
    """
    if _version(engine) == HEAD:
        return
    with _alone, engine.connect() as connection:
        _lock(connection)
        _apply(connection)
        connection.commit()


def _version(engine: Engine) -> str | None:
    """Return the version of the tables; None for an empty database, or one made before versions were recorded."""
    with engine.connect() as connection:
        try:
            version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 a constant
        except (OperationalError, ProgrammingError):  # what SQLite and Postgres raise for an unknown table
            return None
    if version is not None and version > HEAD:
        raise _unknown(engine, version)
    return version


def _lock(connection: Connection) -> None:
    """Wait until no other process migrates; the lock ends with the transaction."""
    is_sqlite = connection.dialect.name == "sqlite"
    # SQLite's driver begins no transaction for a change of the tables: begin it here.
    connection.execute(text("BEGIN IMMEDIATE" if is_sqlite else f"SELECT pg_advisory_xact_lock({_LOCK})"))


def _apply(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "store:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise _unknown(connection.engine, "unknown to this Tandem") from None


def _unknown(engine: Engine, version: str) -> StorageError:
    shown = engine.url.render_as_string(hide_password=True)
    return StorageError(
        f"the database {shown} was written by another Tandem (version {version} of its tables, this one reads up to "
        f"{HEAD}): use the newer Tandem, or set TANDEM_DATABASE_URL to another database"
    )
