"""What came of predictions: each outcome is recorded once, and none contradicts another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, Engine, select

from matching.errors import InputError
from store.database import writing
from store.inserts import insert_one
from store.predictions import UnknownPrediction
from store.schema import microseconds, outcomes, predictions

OutcomeName = Literal["outreach", "no_outreach", "accept", "decline", "interview", "hire"]
CLOCK_SKEW = timedelta(minutes=5)  # how far the clocks of service and client may differ

COMPANY_YES = frozenset({"outreach", "accept", "decline", "interview", "hire"})
CANDIDATE_YES = frozenset({"accept", "interview", "hire"})
_CONTRADICTIONS: dict[str, frozenset[str]] = {
    "no_outreach": COMPANY_YES,
    "outreach": frozenset({"no_outreach"}),
    "decline": CANDIDATE_YES | {"no_outreach"},
    **{yes: frozenset({"decline", "no_outreach"}) for yes in CANDIDATE_YES},
}


class ContradictingOutcome(InputError):
    """An outcome contradicts one that is recorded already.

    Attributes:
        position: index of the outcome in the list that was sent.
        outcome: its name.
        known: name of the recorded outcome.
    """

    def __init__(self, position: int, prediction_id: str, outcome: str, known: str) -> None:
        super().__init__(
            f"the outcome {outcome} contradicts {known}, which is recorded for prediction {prediction_id}: leave it out"
        )
        self.position, self.outcome, self.known = position, outcome, known


class EarlyOutcome(InputError):
    """An outcome is dated before its prediction.

    Attributes:
        position: index of the outcome in the list that was sent.
    """

    def __init__(self, position: int, prediction_id: str) -> None:
        super().__init__(
            f"an outcome is dated before its prediction {prediction_id}: send the time it happened, with its time zone"
        )
        self.position = position


@dataclass(frozen=True)
class Outcome:
    """What came of a prediction.

    Attributes:
        prediction_id: the prediction.
        outcome: what came of it.
        occurred_at: when it happened, UTC.
    """

    prediction_id: str
    outcome: OutcomeName
    occurred_at: datetime


def record_outcomes(engine: Engine, reported: Sequence[Outcome], *, received_at: datetime) -> list[bool]:
    """Record all outcomes or none; return for each whether it was new.

    A repeated outcome changes nothing: the time that was reported first stays.

    Raises:
        UnknownPrediction: a prediction id is not in the log.
        EarlyOutcome: an outcome is dated before its prediction, by more than `CLOCK_SKEW`.
        ContradictingOutcome: an outcome contradicts another one, recorded or reported.
        StorageError: the database cannot be reached.
    """
    with writing(engine) as connection:
        _check(connection, reported)
        received = microseconds(received_at)
        return [_record(connection, position, outcome, received) for position, outcome in enumerate(reported)]


def _check(connection: Connection, reported: Sequence[Outcome]) -> None:
    """Require that each prediction exists and was made before its outcome."""
    ids = sorted({outcome.prediction_id for outcome in reported})
    # The lock (Postgres) and the single writer (SQLite) keep contradictions out between check and commit.
    here = (
        select(predictions.c.prediction_id, predictions.c.predicted_at)
        .where(predictions.c.prediction_id.in_(ids))
        .order_by("prediction_id")
    )
    made = {row.prediction_id: row.predicted_at for row in connection.execute(here.with_for_update())}
    for position, outcome in enumerate(reported):
        if outcome.prediction_id not in made:
            raise UnknownPrediction(outcome.prediction_id, position)
        if microseconds(outcome.occurred_at + CLOCK_SKEW) < made[outcome.prediction_id]:
            raise EarlyOutcome(position, outcome.prediction_id)


def _record(connection: Connection, position: int, outcome: Outcome, received_at: int) -> bool:
    """Insert first, then compare: the insert takes SQLite's write lock."""
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
            raise ContradictingOutcome(position, outcome.prediction_id, outcome.outcome, known)
    return is_new
