"""The tables of the database: answers, their outcomes and the stored profiles.

SQLite (embedded) and Postgres (scale) hold the same tables. Times are whole microseconds since 1970 in UTC: both
databases compare and return them alike, and a window of a million rows needs no date parsing.

A change here needs a migration: see `store.migrations`.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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
    Column("features", LargeBinary, nullable=False, comment="float32, little-endian, as the model used them"),
    Column("position", Integer, comment="position in a ranking, from 1; null for a scored pair"),
    Column("ranked_from", Integer, comment="how many profiles the ranking compared; null for a scored pair"),
    Column("broken_limits", String(200), comment="hard limits it breaks, separated by commas; null: none or unknown"),
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
    Column("pairs", Integer, nullable=False, comment="how many it excluded; a pair may break several limits"),
    Column("model", ForeignKey("models.model"), nullable=False),
    Column("predicted_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
)
profiles = Table(
    "profiles",
    metadata,
    Column("source", String(64), primary_key=True, comment="source of the profile"),
    Column("kind", String(16), primary_key=True, comment="candidate or job"),
    Column("id", String(128), primary_key=True),
    Column("payload", Text, nullable=False, comment="JSON of the profile; personal data"),
    Column("updated_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
)


def microseconds(moment: datetime) -> int:
    """Convert a time with a zone to microseconds since 1970 in UTC.

    Examples:
        >>> microseconds(datetime(2026, 3, 1, 12, tzinfo=UTC))
        1772366400000000
    """
    return (moment - _EPOCH) // timedelta(microseconds=1)
