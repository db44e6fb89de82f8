"""Writes predictions to the log beside the requests: a bounded queue and one thread that inserts in batches.

An answer waits for a place in the queue, never for the disk. A full queue makes requests wait and then fail: an
answer that cannot be logged is not given. A batch that cannot be written stays first in line and is tried again.
"""

import hashlib
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from matching.errors import StorageError
from store.database import exclusions, inputs, insert_new, microseconds, models, ping, predictions, unreachable

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.05  # how long answers are gathered into one transaction: what a killed process may lose
QUEUE_PREDICTIONS = 50_000
WAIT_SECONDS = 5.0
RETRY_SECONDS = 1.0
_BATCH_PREDICTIONS = 5_000
_REMEMBERED_INPUTS = 200_000

Payloads = Mapping[str, BaseModel | str]


@dataclass(frozen=True)
class LoggedModel:
    """The model that answers, as the log names it."""

    name: str
    version: str
    digest: str
    feature_names: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """The predictions of one request, as they are logged.

    Attributes:
        request_id: identifier of the request.
        predicted_at: when it was answered, UTC.
        prediction_ids: one per prediction, like everything below.
        candidate_ids: the candidates.
        job_ids: the jobs.
        features: float32, shape (n_predictions, n_features), as used.
        company: probabilities, shape (n_predictions,); None where the model has no such direction.
        candidate: like `company`.
        match: probabilities, shape (n_predictions,).
        candidates: profile, or its JSON, by candidate id.
        jobs: profile, or its JSON, by job id.
        ranked_from: how many a ranking compared, whose best these are, best first; None for scored pairs.
        broken_limits: limits that each prediction's pair breaks; of a ranking, those that were relaxed. Empty: none.
        excluded: of a ranking, how many pairs each limit ruled out.
    """

    request_id: str
    predicted_at: datetime
    prediction_ids: Sequence[str]
    candidate_ids: Sequence[str]
    job_ids: Sequence[str]
    features: NDArray[np.float32]
    company: NDArray[np.float32] | None
    candidate: NDArray[np.float32] | None
    match: NDArray[np.float32]
    candidates: Payloads
    jobs: Payloads
    ranked_from: int | None = None
    broken_limits: Sequence[Sequence[str]] = ()
    excluded: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.prediction_ids)


class LogWriter:
    """The queue and its thread.

    Args:
        engine: an engine of `store.database.connect`.
        model: the model whose predictions are written.

    Raises:
        StorageError: the database refuses the model's row.
    """

    def __init__(self, engine: Engine, model: LoggedModel) -> None:
        self.failures = 0
        self.written = 0
        self._engine = engine
        self._model = _model_key(engine, model)
        self._answers: deque[Answer] = deque()
        self._waiting = 0
        self._state = threading.Condition()
        self._is_failing = False
        self._is_closing = False
        self._is_abandoned = False
        self._is_urgent = False
        self._known_inputs: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Predictions that are not in the database yet."""
        return self._waiting

    def append(self, answer: Answer, timeout_seconds: float = WAIT_SECONDS) -> None:
        """Queue the predictions of one request.

        Raises:
            StorageError: the queue stayed full, or the log is closed.
        """
        with self._state:
            if not self._state.wait_for(lambda: self._has_room(len(answer)), timeout_seconds) or self._is_closing:
                raise StorageError(
                    "the prediction log cannot keep up or cannot be written: nothing is answered unlogged"
                )
            self._answers.append(answer)
            self._waiting += len(answer)
            self._state.notify_all()

    def flush(self, timeout_seconds: float = WAIT_SECONDS) -> bool:
        """Write what is queued now; return whether everything was written in time."""
        with self._state:
            self._is_urgent = True
            self._state.notify_all()
            return self._state.wait_for(lambda: self._waiting == 0, timeout_seconds)

    def close(self, timeout_seconds: float = 30.0) -> bool:
        """Write what is queued and stop; return whether everything was written."""
        with self._state:
            self._is_closing = True
            self._state.notify_all()
        self._thread.join(timeout_seconds)
        self._is_abandoned = True
        self._thread.join(2 * RETRY_SECONDS)
        if self._waiting:
            logger.error("the prediction log was closed with %d predictions not written", self._waiting)
        return self._waiting == 0

    def is_healthy(self) -> bool:
        """Whether the last write worked and the database answers."""
        return not self._is_failing and self._thread.is_alive() and ping(self._engine)

    def _has_room(self, size: int) -> bool:
        return self._is_closing or self._waiting == 0 or self._waiting + size <= QUEUE_PREDICTIONS

    def _run(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._answers or self._is_closing)
                if not self._answers:
                    return
                self._state.wait_for(self._should_write, GATHER_SECONDS)
                batch = self._next_batch()
            if not self._write_until_done(batch):
                return
            with self._state:
                size = sum(map(len, batch))
                self._waiting -= size
                self.written += size
                self._is_urgent = self._is_urgent and self._waiting > 0
                self._state.notify_all()

    def _should_write(self) -> bool:
        return self._is_urgent or self._is_closing or self._waiting >= _BATCH_PREDICTIONS

    def _next_batch(self) -> list[Answer]:
        batch = [self._answers.popleft()]
        size = len(batch[0])
        while self._answers and size < _BATCH_PREDICTIONS:
            batch.append(self._answers.popleft())
            size += len(batch[-1])
        return batch

    def _write_until_done(self, batch: list[Answer]) -> bool:
        """Write one batch, again and again until it works; only a close that was not waited for gives it up."""
        while not self._is_abandoned:
            try:
                self._write(batch)
            except Exception as error:  # the thread must outlive every failure of a driver
                self.failures += 1
                self._is_failing = True
                logger.error("the prediction log cannot be written (%s); it is tried again", _cause(error))
                time.sleep(RETRY_SECONDS)
            else:
                self._is_failing = False
                return True
        return False

    def _write(self, batch: list[Answer]) -> None:
        digests: dict[str, str] = {}
        rows = [row for answer in batch for row in self._rows(answer, digests)]
        new = {digest: payload for digest, payload in digests.items() if digest not in self._known_inputs}
        with self._engine.begin() as connection:
            insert_new(connection, inputs, [{"digest": d, "payload": p} for d, p in new.items()])
            insert_new(connection, predictions, rows)
            insert_new(connection, exclusions, [row for answer in batch for row in self._exclusions(answer)])
        if len(self._known_inputs) > _REMEMBERED_INPUTS:
            self._known_inputs.clear()
        self._known_inputs.update(new)

    def _rows(self, answer: Answer, digests: dict[str, str]) -> list[dict[str, Any]]:
        """Rows of the table `predictions`; adds the profiles' payloads to `digests`, by digest."""
        candidate_inputs, job_inputs = _payloads(answer.candidates, digests), _payloads(answer.jobs, digests)
        features = np.ascontiguousarray(answer.features, dtype="<f4")
        predicted_at = microseconds(answer.predicted_at)
        company, candidate, match = (_floats(p, len(answer)) for p in (answer.company, answer.candidate, answer.match))
        return [
            {
                "prediction_id": prediction_id,
                "request_id": answer.request_id,
                "model": self._model,
                "predicted_at": predicted_at,
                "candidate_id": answer.candidate_ids[row],
                "job_id": answer.job_ids[row],
                "candidate_input": candidate_inputs[answer.candidate_ids[row]],
                "job_input": job_inputs[answer.job_ids[row]],
                "company_probability": company[row],
                "candidate_probability": candidate[row],
                "match_probability": match[row],
                "features": features[row].tobytes(),
                "position": None if answer.ranked_from is None else row + 1,
                "ranked_from": answer.ranked_from,
                "broken_limits": ",".join(answer.broken_limits[row]) or None if answer.broken_limits else None,
            }
            for row, prediction_id in enumerate(answer.prediction_ids)
        ]

    def _exclusions(self, answer: Answer) -> list[dict[str, Any]]:
        """Rows of the table `exclusions`."""
        shared = {
            "request_id": answer.request_id,
            "model": self._model,
            "predicted_at": microseconds(answer.predicted_at),
        }
        return [shared | {"broken_limit": name, "pairs": count} for name, count in answer.excluded.items()]


def _cause(error: Exception) -> str:
    """Name a failure without its message, which may quote a row."""
    return type(getattr(error, "orig", None) or error).__name__


def _floats(values: NDArray[np.float32] | None, size: int) -> list[float | None]:
    return [None] * size if values is None else values.tolist()


def _payloads(profiles: Payloads, digests: dict[str, str]) -> dict[str, str]:
    """Digest of each profile's JSON by its id; adds the JSON to `digests`."""
    found = {}
    for key, profile in profiles.items():
        payload = profile if isinstance(profile, str) else profile.model_dump_json()
        digest = hashlib.sha256(payload.encode()).hexdigest()
        digests[digest] = payload
        found[key] = digest
    return found


def _model_key(engine: Engine, model: LoggedModel) -> int:
    """Store the model's names once and return the key of its row."""
    row = {"name": model.name, "version": model.version, "digest": model.digest}
    try:
        with engine.begin() as connection:
            insert_new(connection, models, [row | {"feature_names": json.dumps(model.feature_names)}])
            columns = models.c
            is_model = (
                (columns.name == model.name) & (columns.version == model.version) & (columns.digest == model.digest)
            )
            return int(connection.execute(select(columns.model).where(is_model)).scalar_one())
    except SQLAlchemyError as error:
        raise unreachable(engine.url, error) from None
