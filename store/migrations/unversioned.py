"""Databases made before versions were recorded: they may have what a version is about to add."""

from typing import Any

from alembic import op
from sqlalchemy import Column, inspect


def add_missing_columns(table: str, *columns: Column[Any]) -> None:
    """Add those of the columns that the table lacks; its rows hold null there."""
    known = {column["name"] for column in inspect(op.get_bind()).get_columns(table)}
    for column in columns:
        if column.name not in known:
            op.add_column(table, column)
