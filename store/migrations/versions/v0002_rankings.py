"""Rankings: the position of a prediction, and how many profiles were compared."""

from sqlalchemy import Column, Integer

from store.migrations.unversioned import add_missing_columns

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; predictions made before are taken for scored pairs."""
    add_missing_columns("predictions", Column("position", Integer), Column("ranked_from", Integer))
