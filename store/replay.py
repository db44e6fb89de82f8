"""Recomputing logged features from the logged profiles: training, serving and the log agree to the last bit."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, Engine, Row, select

from matching.arrays import Floats32
from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile
from matching.errors import UnusableData
from store.database import reading
from store.profiles import read_payloads
from store.schema import inputs, models, predictions

if TYPE_CHECKING:
    from matching.model.match_model import MatchModel

_CHUNK = 10_000


def replay(engine: Engine, model: "MatchModel") -> float:
    """Recompute the features of every prediction of this model from its logged profiles.

    Returns:
        The largest absolute difference from the logged features; infinite where one is missing and the other is not.

    Raises:
        UnusableData: the log holds no prediction of this model.
        StorageError: the database cannot be reached.
    """
    largest, total = 0.0, 0
    with reading(engine) as connection:
        for rows, payloads in _chunks(connection, model.digest):
            logged = feature_matrix(rows, len(model.feature_names))
            computed = model.score(_pairs(rows, payloads)).features
            largest = max(largest, _largest_difference(logged, computed))
            total += len(rows)
    if not total:
        raise UnusableData("the log holds no prediction of this model: send requests to the service first")
    return largest


def feature_matrix(rows: Sequence[Row[Any]], width: int) -> Floats32:
    """Return the logged features of rows, shape (n_rows, n_features)."""
    blob = b"".join(row.features for row in rows)
    return np.frombuffer(blob, dtype="<f4").reshape(len(rows), width)


def _chunks(connection: Connection, digest: str) -> Iterator[tuple[Sequence[Row[Any]], dict[str, str]]]:
    """Yield the predictions of the model with this digest in order, with the payloads of their inputs by digest."""
    wanted = select(predictions).join(models, models.c.model == predictions.c.model).where(models.c.digest == digest)
    after = 0
    while True:
        chunk = wanted.where(predictions.c.number > after).order_by(predictions.c.number).limit(_CHUNK)
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


def _largest_difference(logged: Floats32, computed: Floats32) -> float:
    """Return the largest absolute difference; two missing values are equal, a single one is infinitely far."""
    both = np.isnan(logged) & np.isnan(computed)
    with np.errstate(invalid="ignore"):
        difference = np.where(both | (logged == computed), 0.0, np.abs(logged - computed))
    return float(np.nan_to_num(difference, nan=np.inf).max(initial=0.0))
