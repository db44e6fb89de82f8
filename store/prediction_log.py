"""The log of what was answered, joined with what came of it: outcomes, windows, replay."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Engine, Row, Select, and_, func, select
from sqlalchemy.exc import SQLAlchemyError

from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile
from matching.errors import InputError, UnusableData
from store.database import (
    exclusions,
    inputs,
    insert_one,
    microseconds,
    models,
    outcomes,
    predictions,
    unreachable,
)
from store.profiles import read_payloads

if TYPE_CHECKING:
    from matching.model.match_model import MatchModel

OutcomeName = Literal["outreach", "no_outreach", "accept", "decline", "interview", "hire"]
EXAMPLE = "example"  # request and prediction id of the documented example: kept out of every window
CLOCK_SKEW = timedelta(minutes=5)  # how far the clocks of service and client may be apart

_COMPANY_YES = frozenset({"outreach", "accept", "decline", "interview", "hire"})
_CANDIDATE_YES = frozenset({"accept", "interview", "hire"})
_CONTRADICTIONS: dict[str, frozenset[str]] = {
    "no_outreach": _COMPANY_YES,
    "outreach": frozenset({"no_outreach"}),
    "decline": _CANDIDATE_YES | {"no_outreach"},
    **{yes: frozenset({"decline", "no_outreach"}) for yes in _CANDIDATE_YES},
}
_REPLAY_CHUNK = 10_000
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


class UnknownPrediction(InputError):
    """An outcome names a prediction that is not in the log."""

    def __init__(self, position: int) -> None:
        super().__init__(f"no prediction has the id of outcome {position}: use a prediction_id of an earlier answer")
        self.position = position


class ContradictingOutcome(InputError):
    """An outcome says the opposite of one that is known already."""

    def __init__(self, position: int, outcome: str, known: str) -> None:
        super().__init__(f"outcome {position} is {outcome}, but {known} is already recorded for this prediction")
        self.position, self.outcome, self.known = position, outcome, known


class EarlyOutcome(InputError):
    """An outcome is said to have happened before its prediction."""

    def __init__(self, position: int) -> None:
        super().__init__(f"outcome {position} happened before its prediction: give the time it happened, in its zone")
        self.position = position


@dataclass(frozen=True)
class Outcome:
    """What came of a prediction."""

    prediction_id: str
    outcome: OutcomeName
    occurred_at: datetime


def feedback(engine: Engine, given: Sequence[Outcome], *, received_at: datetime) -> list[bool]:
    """Record outcomes, all of them or none; return for each whether it was new.

    A repeated outcome changes nothing: the first time it was told to have happened stays.

    Raises:
        UnknownPrediction: a prediction id is not in the log.
        EarlyOutcome: an outcome happened before its prediction, by more than `CLOCK_SKEW`.
        ContradictingOutcome: an outcome says the opposite of another one, known or given.
        StorageError: the database cannot be reached.
    """
    try:
        with engine.begin() as connection:
            ids = sorted({outcome.prediction_id for outcome in given})
            # The lock (Postgres) and the single writer (SQLite) let no contradiction in between check and commit.
            here = (
                select(predictions.c.prediction_id, predictions.c.predicted_at)
                .where(predictions.c.prediction_id.in_(ids))
                .order_by("prediction_id")
            )
            made = {row.prediction_id: row.predicted_at for row in connection.execute(here.with_for_update())}
            for position, outcome in enumerate(given):
                if outcome.prediction_id not in made:
                    raise UnknownPrediction(position)
                if microseconds(outcome.occurred_at + CLOCK_SKEW) < made[outcome.prediction_id]:
                    raise EarlyOutcome(position)
            return [
                _record(connection, position, outcome, microseconds(received_at))
                for position, outcome in enumerate(given)
            ]
    except SQLAlchemyError as error:
        raise unreachable(engine.url, error) from None


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
    """Return predictions with what is known of their outcomes, oldest first: "the log as a table".

    A label is known once its row is old enough that silence would mean no: the row itself for the company, its
    outreach for the candidate. Until then a yes that came early stays out too, or young rows would hold nothing but
    yes. With a maturity of zero all that was told counts at once. Silence about a row of a ranking never means no:
    nobody may have looked at it.

    Args:
        engine: the log's database.
        model_name: name of the registered model.
        model_version: only this version; all versions where None.
        last: only so many of the newest.
        since: only those made at or after this time.
        until: only those made before this time.
        ranked: also the rows of rankings, the best of a pool: they differ from the pool by their very choice.
        maturity: age after which no answer means no.
        now: when the labels are looked at; the current time where None.

    Raises:
        StorageError: the database cannot be reached.
    """
    conditions = _conditions(model_name, model_version, since, until)
    chosen = _chosen(conditions if ranked else [*conditions, predictions.c.ranked_from.is_(None)], last)
    try:
        with engine.connect() as connection:
            rows = connection.execute(chosen).all()
            numbered = chosen.subquery()
            joined = select(outcomes.c.prediction_id, outcomes.c.outcome, outcomes.c.occurred_at).join(
                numbered, numbered.c.prediction_id == outcomes.c.prediction_id
            )
            known = connection.execute(joined).all()
            names = {row.model: json.loads(row.feature_names) for row in connection.execute(select(models))}
    except SQLAlchemyError as error:
        raise unreachable(engine.url, error) from None
    rows = sorted(rows, key=lambda row: row.number)
    labelled = _labelled(_frame(rows), known, maturity, now or datetime.now(UTC))
    return pl.concat([labelled, _features(rows, names)], how="horizontal")


def count_ranked(engine: Engine, *, model_name: str, model_version: str, since: datetime) -> int:
    """Count the rows of rankings that a version answered from a time on.

    Raises:
        StorageError: the database cannot be reached.
    """
    conditions = [*_conditions(model_name, model_version, since, None), predictions.c.ranked_from.is_not(None)]
    counted = select(func.count()).select_from(predictions).join(models, models.c.model == predictions.c.model)
    try:
        with engine.connect() as connection:
            return int(connection.execute(counted.where(and_(*conditions))).scalar_one())
    except SQLAlchemyError as error:
        raise unreachable(engine.url, error) from None


@dataclass(frozen=True)
class Logged:
    """One prediction as it was made.

    Attributes:
        digest: digest of the model that made it.
        features: as used, shape (n_features,).
        candidate: JSON of the candidate as sent.
        job: JSON of the job as sent.
    """

    digest: str
    features: NDArray[np.float32]
    candidate: str
    job: str


def logged(engine: Engine, prediction_id: str) -> Logged:
    """Return one prediction.

    Raises:
        UnknownPrediction: the log has none of this id.
        StorageError: the database cannot be reached.
    """
    person, post = inputs.alias("person"), inputs.alias("post")
    wanted = (
        select(
            models.c.digest, predictions.c.features, person.c.payload.label("candidate"), post.c.payload.label("job")
        )
        .join(models, models.c.model == predictions.c.model)
        .join(person, person.c.digest == predictions.c.candidate_input)
        .join(post, post.c.digest == predictions.c.job_input)
        .where(predictions.c.prediction_id == prediction_id)
    )
    try:
        with engine.connect() as connection:
            row = connection.execute(wanted).first()
    except SQLAlchemyError as error:
        raise unreachable(engine.url, error) from None
    if row is None:
        raise UnknownPrediction(0)
    return Logged(row.digest, np.frombuffer(row.features, dtype="<f4"), row.candidate, row.job)


@dataclass(frozen=True)
class LimitCount:
    """How often a hard limit spoke.

    Attributes:
        excluded: pairs it ruled out of rankings; a pair may break several limits.
        relaxed: pairs of rankings that break it and were answered all the same, because the request relaxed it.
        scored: scored pairs that break it.
    """

    excluded: int = 0
    relaxed: int = 0
    scored: int = 0


def count_limits(engine: Engine, *, model_name: str, since: datetime | None = None) -> dict[str, LimitCount]:
    """Count what the hard limits did, by limit, for an audit.

    Args:
        engine: the log's database.
        model_name: name of the registered model, all versions.
        since: only answers made at or after this time.

    Raises:
        StorageError: the database cannot be reached.
    """
    asked = select(predictions.c.broken_limits, predictions.c.ranked_from.is_(None).label("is_scored"), func.count())
    asked = asked.join(models, models.c.model == predictions.c.model).where(
        predictions.c.broken_limits.is_not(None), *_conditions(model_name, None, since, None)
    )
    out = select(exclusions.c.broken_limit, func.sum(exclusions.c.pairs))
    out = out.join(models, models.c.model == exclusions.c.model).where(models.c.name == model_name)
    if since is not None:
        out = out.where(exclusions.c.predicted_at >= microseconds(since))
    try:
        with engine.connect() as connection:
            told = connection.execute(asked.group_by(predictions.c.broken_limits, "is_scored")).all()
            excluded = connection.execute(out.group_by(exclusions.c.broken_limit)).all()
    except SQLAlchemyError as error:
        raise unreachable(engine.url, error) from None
    counts = {name: LimitCount(excluded=int(pairs)) for name, pairs in excluded}
    for names, is_scored, rows in told:
        for name in names.split(","):
            one = counts.get(name, LimitCount())
            more = replace(one, scored=one.scored + rows) if is_scored else replace(one, relaxed=one.relaxed + rows)
            counts[name] = more
    return counts


def replay(engine: Engine, model: "MatchModel") -> float:
    """Recompute the features of every prediction of this model from its stored inputs.

    Returns:
        The largest absolute difference to the logged features; infinite where one is missing and the other is not.

    Raises:
        UnusableData: the log holds no prediction of this model.
        StorageError: the database cannot be reached.
    """
    largest, total = 0.0, 0
    try:
        for rows, payloads in _replay_chunks(engine, model.digest):
            logged = _matrix(rows, len(model.feature_names))
            computed = model.score(_pairs(rows, payloads)).features
            largest = max(largest, _largest_difference(logged, computed))
            total += len(rows)
    except SQLAlchemyError as error:
        raise unreachable(engine.url, error) from None
    if not total:
        raise UnusableData("the log holds no prediction of this model: send requests to the service first")
    return largest


def _record(connection: Any, position: int, outcome: Outcome, received_at: int) -> bool:
    """Insert first, then look: the insert takes SQLite's write lock."""
    row = {
        "prediction_id": outcome.prediction_id,
        "outcome": outcome.outcome,
        "occurred_at": microseconds(outcome.occurred_at),
        "received_at": received_at,
    }
    is_new = insert_one(connection, outcomes, row)
    others = select(outcomes.c.outcome).where(outcomes.c.prediction_id == outcome.prediction_id)
    for known in sorted(connection.execute(others).scalars()):
        if known in _CONTRADICTIONS[outcome.outcome]:
            raise ContradictingOutcome(position, outcome.outcome, known)
    return is_new


def _conditions(
    model_name: str, model_version: str | None, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    """Say which predictions of which time; the documented example is none."""
    conditions = [models.c.name == model_name, predictions.c.request_id != EXAMPLE]
    if model_version is not None:
        conditions.append(models.c.version == model_version)
    if since is not None:
        conditions.append(predictions.c.predicted_at >= microseconds(since))
    if until is not None:
        conditions.append(predictions.c.predicted_at < microseconds(until))
    return conditions


def _chosen(conditions: Sequence[ColumnElement[bool]], last: int | None) -> Select[Any]:
    """Build the query of a window's predictions, newest first."""
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
    told = pl.DataFrame([tuple(row) for row in known], schema=schema, orient="row").with_columns(
        pl.col("occurred_at").cast(_UTC)
    )
    by_prediction = told.group_by("prediction_id").agg(
        pl.col("outcome").is_in(list(_COMPANY_YES)).any().alias("company_yes"),
        (pl.col("outcome") == "no_outreach").any().alias("company_no"),
        pl.col("outcome").is_in(list(_CANDIDATE_YES)).any().alias("candidate_yes"),
        # An answer without a word of the outreach: the candidate was asked then at the latest.
        pl.col("occurred_at").filter(pl.col("outcome").is_in(list(_COMPANY_YES))).min().alias("asked_at"),
    )
    is_mature, is_ask_mature = (pl.col(name) <= now - maturity for name in ("predicted_at", "asked_at"))
    is_no = pl.col("company_no") | pl.col("ranked_from").is_null()
    return table.join(by_prediction, on="prediction_id", how="left", maintain_order="left").select(
        *table.columns,
        pl.when(is_mature & pl.col("company_yes"))
        .then(True)
        .when(is_mature & is_no)
        .then(False)
        .alias("company_label"),
        pl.when(is_ask_mature).then(pl.col("candidate_yes")).alias("candidate_label"),
        pl.lit(None, dtype=pl.Float64).alias("propensity"),
    )


def _features(rows: Sequence[Row[Any]], names: dict[int, list[str]]) -> pl.DataFrame:
    """Feature columns of a window; one that a version does not have is missing (NaN) there."""
    used = sorted({row.model for row in rows}) or sorted(names)
    columns = list(dict.fromkeys(name for model in used for name in names[model]))
    values = np.full((len(rows), len(columns)), np.nan, dtype=np.float32)
    for model in used:
        places = [place for place, row in enumerate(rows) if row.model == model]
        wanted = [columns.index(name) for name in names[model]]
        values[np.ix_(places, wanted)] = _matrix([rows[place] for place in places], len(wanted))
    return pl.DataFrame({name: values[:, place] for place, name in enumerate(columns)})


def _matrix(rows: Sequence[Row[Any]], width: int) -> NDArray[np.float32]:
    """Read the logged features of rows, shape (n_rows, n_features)."""
    blob = b"".join(row.features for row in rows)
    return np.frombuffer(blob, dtype="<f4").reshape(len(rows), width)


def _replay_chunks(engine: Engine, digest: str) -> Iterator[tuple[Sequence[Row[Any]], dict[str, str]]]:
    """Predictions of the model with this digest in order, with the payloads of their inputs by digest."""
    wanted = select(predictions).join(models, models.c.model == predictions.c.model).where(models.c.digest == digest)
    after = 0
    with engine.connect() as connection:
        while True:
            chunk = wanted.where(predictions.c.number > after).order_by(predictions.c.number).limit(_REPLAY_CHUNK)
            rows = connection.execute(chunk).all()
            if not rows:
                return
            after = rows[-1].number
            used = chunk.subquery()
            here = select(inputs).where(
                inputs.c.digest.in_(select(used.c.candidate_input)) | inputs.c.digest.in_(select(used.c.job_input))
            )
            yield rows, {row.digest: row.payload for row in connection.execute(here)}


def _pairs(rows: Sequence[Row[Any]], payloads: dict[str, str]) -> Pairs:
    candidates = list(dict.fromkeys(row.candidate_input for row in rows))
    jobs = list(dict.fromkeys(row.job_input for row in rows))
    candidate_row, job_row = ({d: i for i, d in enumerate(digests)} for digests in (candidates, jobs))
    return Pairs(
        read_payloads([payloads[digest] for digest in candidates], CandidateProfile),
        read_payloads([payloads[digest] for digest in jobs], JobProfile),
        np.array([candidate_row[row.candidate_input] for row in rows], dtype=np.int64),
        np.array([job_row[row.job_input] for row in rows], dtype=np.int64),
    )


def _largest_difference(logged: NDArray[np.float32], computed: NDArray[np.float32]) -> float:
    """Largest absolute difference; two missing values are equal, one missing value is infinitely far."""
    both = np.isnan(logged) & np.isnan(computed)
    with np.errstate(invalid="ignore"):
        difference = np.where(both | (logged == computed), 0.0, np.abs(logged - computed))
    return float(np.nan_to_num(difference, nan=np.inf).max(initial=0.0))


def count(engine: Engine) -> int:
    """Count the predictions in the log."""
    try:
        with engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(predictions)).scalar_one())
    except SQLAlchemyError as error:
        raise unreachable(engine.url, error) from None
