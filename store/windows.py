"""Windows of the log: predictions with their features, probabilities and labels as one table."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import ColumnElement, Engine, Row, Select, and_, select

from store.database import reading
from store.outcomes import CANDIDATE_YES, COMPANY_YES
from store.predictions import filters
from store.replay import feature_matrix
from store.schema import models, outcomes, predictions

_UTC = pl.Datetime("us", "UTC")
_SCHEMA: dict[str, pl.DataType] = {
    "prediction_id": pl.String(),
    "request_id": pl.String(),
    "predicted_at": pl.Int64(),
    "model_version": pl.String(),
    "candidate_id": pl.String(),
    "job_id": pl.String(),
    "company_probability": pl.Float64(),
    "candidate_probability": pl.Float64(),
    "match_probability": pl.Float64(),
    "position": pl.Int64(),
    "ranked_from": pl.Int64(),
}


def window(
    engine: Engine,
    *,
    model_name: str,
    model_version: str | None = None,
    last: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    ranked: bool = False,
    maturity: timedelta,
    now: datetime | None = None,
) -> pl.DataFrame:
    """Return predictions with the labels that their outcomes give, oldest first.

    A label is known once it is mature, that is, old enough for no response to mean no. The company's label ages from
    the prediction, the candidate's from the outreach. Until then an early yes stays out too: otherwise every known
    label of recent rows would be a yes. With a maturity of zero every reported outcome counts at once. For rows of a
    ranking, no response never counts as a no: they may not have been examined.

    Args:
        engine: an engine of `store.database.connect`.
        model_name: name of the registered model.
        model_version: only this version; None: all versions.
        last: only the N most recent predictions.
        since: only those made at or after this time.
        until: only those made before this time.
        ranked: include rows of rankings; as the best of a pool they do not represent it.
        maturity: age after which no response means no.
        now: time at which the labels are read; None: the current time.

    Raises:
        StorageError: the database cannot be reached.
    """
    conditions = filters(model_name, model_version, since, until)
    chosen = _chosen(conditions if ranked else [*conditions, predictions.c.ranked_from.is_(None)], last)
    numbered = chosen.subquery()
    joined = select(outcomes.c.prediction_id, outcomes.c.outcome, outcomes.c.occurred_at).join(
        numbered, numbered.c.prediction_id == outcomes.c.prediction_id
    )
    with reading(engine) as connection:
        rows = connection.execute(chosen).all()
        known = connection.execute(joined).all()
        names = {row.model: json.loads(row.feature_names) for row in connection.execute(select(models))}
    rows = sorted(rows, key=lambda row: row.number)
    labelled = _labelled(_frame(rows), known, maturity, now or datetime.now(UTC))
    return pl.concat([labelled, _features(rows, names)], how="horizontal")


def _chosen(conditions: Sequence[ColumnElement[bool]], last: int | None) -> Select[Any]:
    """Return the query for the predictions of a window, newest first."""
    columns = [models.c.version.label("model_version") if n == "model_version" else predictions.c[n] for n in _SCHEMA]
    query = select(*columns, predictions.c.number, predictions.c.model, predictions.c.features)
    query = query.join(models, models.c.model == predictions.c.model).where(and_(*conditions))
    return query.order_by(predictions.c.number.desc()).limit(last)


def _frame(rows: Sequence[Row[Any]]) -> pl.DataFrame:
    columns = [list(values) for values in zip(*rows, strict=True)] if rows else [[] for _ in range(len(_SCHEMA) + 3)]
    table = {name: pl.Series(columns[i], dtype=dtype) for i, (name, dtype) in enumerate(_SCHEMA.items())}
    return pl.DataFrame(table).with_columns(pl.col("predicted_at").cast(_UTC))


def _labelled(table: pl.DataFrame, known: Sequence[Row[Any]], maturity: timedelta, now: datetime) -> pl.DataFrame:
    """Add `company_label`, `candidate_label` (null: not known yet) and `propensity`."""
    schema = {"prediction_id": pl.String, "outcome": pl.String, "occurred_at": pl.Int64}
    reported = pl.DataFrame([tuple(row) for row in known], schema=schema, orient="row").with_columns(
        pl.col("occurred_at").cast(_UTC)
    )
    by_prediction = reported.group_by("prediction_id").agg(
        pl.col("outcome").is_in(list(COMPANY_YES)).any().alias("company_yes"),
        (pl.col("outcome") == "no_outreach").any().alias("company_no"),
        pl.col("outcome").is_in(list(CANDIDATE_YES)).any().alias("candidate_yes"),
        # If the outreach itself was not reported: the company reached out by the time of the response at the latest.
        pl.col("occurred_at").filter(pl.col("outcome").is_in(list(COMPANY_YES))).min().alias("outreach_at"),
    )
    is_mature, is_outreach_mature = (pl.col(name) <= now - maturity for name in ("predicted_at", "outreach_at"))
    is_no = pl.col("company_no") | pl.col("ranked_from").is_null()
    return table.join(by_prediction, on="prediction_id", how="left", maintain_order="left").select(
        *table.columns,
        pl.when(is_mature & pl.col("company_yes"))
        .then(True)
        .when(is_mature & is_no)
        .then(False)
        .alias("company_label"),
        pl.when(is_outreach_mature).then(pl.col("candidate_yes")).alias("candidate_label"),
        pl.lit(None, dtype=pl.Float64).alias("propensity"),
    )


def _features(rows: Sequence[Row[Any]], names: dict[int, list[str]]) -> pl.DataFrame:
    """Return the feature columns of a window; NaN where a version lacks the feature."""
    used = sorted({row.model for row in rows}) or sorted(names)
    columns = list(dict.fromkeys(name for model in used for name in names[model]))
    values = np.full((len(rows), len(columns)), np.nan, dtype=np.float32)
    for model in used:
        places = [place for place, row in enumerate(rows) if row.model == model]
        wanted = [columns.index(name) for name in names[model]]
        values[np.ix_(places, wanted)] = feature_matrix([rows[place] for place in places], len(wanted))
    return pl.DataFrame({name: values[:, place] for place, name in enumerate(columns)})
