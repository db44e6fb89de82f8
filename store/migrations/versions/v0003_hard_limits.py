"""Hard limits: those a logged pair breaks, and how many pairs each excluded from a ranking."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String

from store.migrations.unversioned import add_missing_columns

revision = "0003"
down_revision = "0002"

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Add the column and the table."""
    add_missing_columns("predictions", Column("broken_limits", String(200)))
    op.create_table(
        "exclusions",
        Column("request_id", String(64), primary_key=True),
        Column("broken_limit", String(40), primary_key=True),
        Column("pairs", Integer, nullable=False),
        Column("model", _NUMBER, ForeignKey("models.model"), nullable=False),
        Column("predicted_at", BigInteger, nullable=False),
        if_not_exists=True,
    )
