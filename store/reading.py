"""Reading the database of another program with plain SQL; nothing in it is ever changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import quote

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from matching.errors import StorageError


class Query(Protocol):
    """Runs one query."""

    def __call__(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run SQL with `:named` parameters; return the rows by column."""
        ...


@contextmanager
def opened(url: str) -> Iterator[Query]:
    """Open a database for reading.

    Args:
        url: SQLAlchemy URL; a SQLite file is opened read-only.

    Raises:
        StorageError: it cannot be read, or has no such table or column.
    """
    engine = create_engine(_read_only(make_url(url)), poolclass=NullPool)
    try:
        with engine.connect() as connection:

            def run(query: str, **parameters: Any) -> list[dict[str, Any]]:
                return [dict(row) for row in connection.execute(text(query), parameters).mappings()]

            yield run
    except SQLAlchemyError as error:
        # Neither the address nor the values of a query: both may be secret.
        reason = str(getattr(error, "orig", None) or type(error).__name__)
        raise StorageError(f"the database cannot be read ({reason}): check that it exists and is whole") from error
    finally:
        engine.dispose()


def _read_only(url: URL) -> URL:
    if url.get_backend_name() != "sqlite" or not url.database:
        return url
    return url.set(database=f"file:{quote(url.database)}", query={"mode": "ro", "uri": "true"})
