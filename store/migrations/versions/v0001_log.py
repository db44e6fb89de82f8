"""Predictions with their model and inputs, outcomes, and stored profiles."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER counts up by itself in SQLite


def upgrade() -> None:
    """Create the tables that are missing."""
    op.create_table(
        "models",
        Column("model", _NUMBER, primary_key=True, autoincrement=True),
        Column("name", String(200), nullable=False),
        Column("version", String(200), nullable=False),
        Column("digest", String(200), nullable=False),
        Column("feature_names", Text, nullable=False),
        UniqueConstraint("name", "version", "digest"),
        if_not_exists=True,
    )
    op.create_table(
        "inputs",
        Column("digest", String(64), primary_key=True),
        Column("payload", Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "predictions",
        Column("number", _NUMBER, primary_key=True, autoincrement=True),
        Column("prediction_id", String(64), nullable=False, unique=True),
        Column("request_id", String(64), nullable=False),
        Column("model", _NUMBER, ForeignKey("models.model"), nullable=False),
        Column("predicted_at", BigInteger, nullable=False),
        Column("candidate_id", String(128), nullable=False),
        Column("job_id", String(128), nullable=False),
        Column("candidate_input", String(64), nullable=False),
        Column("job_input", String(64), nullable=False),
        Column("company_probability", Double),
        Column("candidate_probability", Double),
        Column("match_probability", Double, nullable=False),
        Column("features", LargeBinary, nullable=False),
        if_not_exists=True,
    )
    op.create_index("predictions_by_time", "predictions", ["model", "predicted_at"], if_not_exists=True)
    op.create_table(
        "outcomes",
        Column("prediction_id", String(64), ForeignKey("predictions.prediction_id"), primary_key=True),
        Column("outcome", String(16), primary_key=True),
        Column("occurred_at", BigInteger, nullable=False),
        Column("received_at", BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "profiles",
        Column("source", String(64), primary_key=True),
        Column("kind", String(16), primary_key=True),
        Column("id", String(128), primary_key=True),
        Column("payload", Text, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
        if_not_exists=True,
    )
