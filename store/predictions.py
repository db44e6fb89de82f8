"""Predictions in the log: one by its id, and how many there are."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Engine, and_, func, select

from matching.errors import InputError
from store.database import reading
from store.schema import inputs, microseconds, models, predictions

if TYPE_CHECKING:  # to count predictions needs no numpy
    from matching.arrays import Floats32

EXAMPLE = "example"  # request and prediction id of the documented example, which no window contains


class UnknownPrediction(InputError):
    """No prediction in the log has this id.

    Attributes:
        prediction_id: the id.
        position: index of the outcome that names it, in the list that was sent; None for a single look-up.

    >>> print(UnknownPrediction("p-17"))
    the log holds no prediction p-17: use the prediction_id of an earlier answer
    """

    def __init__(self, prediction_id: str, position: int | None = None) -> None:
        super().__init__(f"the log holds no prediction {prediction_id}: use the prediction_id of an earlier answer")
        self.prediction_id, self.position = prediction_id, position


@dataclass(frozen=True)
class LoggedPrediction:
    """One prediction as it was made.

    Attributes:
        digest: digest of the model that made it.
        features: as the model used them, shape (n_features,).
        candidate: JSON of the candidate as sent.
        job: JSON of the job as sent.
    """

    digest: str
    features: "Floats32"
    candidate: str
    job: str


def find_prediction(engine: Engine, prediction_id: str) -> LoggedPrediction:
    """Return one prediction.

    Raises:
        UnknownPrediction: the log holds no prediction with this id.
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
    with reading(engine) as connection:
        row = connection.execute(wanted).first()
    if row is None:
        raise UnknownPrediction(prediction_id)
    import numpy as np

    return LoggedPrediction(row.digest, np.frombuffer(row.features, dtype="<f4"), row.candidate, row.job)


def count(engine: Engine) -> int:
    """Count the predictions in the log; raises StorageError."""
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(predictions)).scalar_one())


def count_ranked(engine: Engine, *, model_name: str, model_version: str, since: datetime) -> int:
    """Count the rows of rankings that a version answered at or after a time.

    Raises:
        StorageError: the database cannot be reached.
    """
    conditions = [*filters(model_name, model_version, since, None), predictions.c.ranked_from.is_not(None)]
    counted = select(func.count()).select_from(predictions).join(models, models.c.model == predictions.c.model)
    with reading(engine) as connection:
        return int(connection.execute(counted.where(and_(*conditions))).scalar_one())


def filters(
    model_name: str, model_version: str | None, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    """Return the conditions on `predictions` joined with `models`; the documented example never satisfies them."""
    conditions = [models.c.name == model_name, predictions.c.request_id != EXAMPLE]
    if model_version is not None:
        conditions.append(models.c.version == model_version)
    if since is not None:
        conditions.append(predictions.c.predicted_at >= microseconds(since))
    if until is not None:
        conditions.append(predictions.c.predicted_at < microseconds(until))
    return conditions
