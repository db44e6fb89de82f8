"""Writes predictions to the log while requests go on: a bounded queue, and one thread that inserts in batches.

An answer waits for room in the queue, never for the disk. While the queue is full, requests wait and then fail: no
answer leaves the service without being logged. A batch that cannot be written stays first in the queue and is retried.
"""

import logging
import threading
import time
from collections import deque

from sqlalchemy import Engine

from matching.errors import StorageError
from store.answers import Answer, LoggedModel, exclusion_rows, model_key, prediction_rows
from store.database import ping
from store.inserts import insert_new
from store.schema import exclusions, inputs, predictions

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.05  # how long answers are collected for one transaction; a killed process loses them
QUEUE_PREDICTIONS = 50_000
WAIT_SECONDS = 5.0
RETRY_SECONDS = 1.0
_BATCH_PREDICTIONS = 5_000
_REMEMBERED_INPUTS = 200_000


class LogWriter:
    """The queue and its thread.

    Attributes:
        written: predictions written so far.
        failures: attempts to write that failed.

    Args:
        engine: an engine of `store.database.connect`.
        model: the model whose predictions are written.

    Raises:
        StorageError: the model's row cannot be written.
    """

    def __init__(self, engine: Engine, model: LoggedModel) -> None:
        self.failures = 0
        self.written = 0
        self._engine = engine
        self._model = model_key(engine, model)
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
        """Number of predictions that are not in the database yet."""
        return self._waiting

    def append(self, answer: Answer, timeout_seconds: float = WAIT_SECONDS) -> None:
        """Queue the predictions of one request.

        Raises:
            StorageError: the queue stayed full, or the log is closed.
        """
        with self._state:
            if not self._state.wait_for(lambda: self._has_room(len(answer)), timeout_seconds) or self._is_closing:
                raise StorageError(
                    "the prediction log cannot keep up or cannot be written, and no answer is given without a log entry"
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
        """Write one batch, again and again until it works; only a `close` that timed out gives up."""
        while not self._is_abandoned:
            try:
                self._write(batch)
            except Exception as error:  # the thread must outlive every failure of a driver
                self.failures += 1
                self._is_failing = True
                logger.error("the prediction log cannot be written (%s): trying again", _cause(error))
                time.sleep(RETRY_SECONDS)
            else:
                self._is_failing = False
                return True
        return False

    def _write(self, batch: list[Answer]) -> None:
        digests: dict[str, str] = {}
        rows = [row for answer in batch for row in prediction_rows(answer, self._model, digests)]
        new = {digest: payload for digest, payload in digests.items() if digest not in self._known_inputs}
        with self._engine.begin() as connection:
            insert_new(connection, inputs, [{"digest": d, "payload": p} for d, p in new.items()])
            insert_new(connection, predictions, rows)
            insert_new(connection, exclusions, [row for answer in batch for row in exclusion_rows(answer, self._model)])
        if len(self._known_inputs) > _REMEMBERED_INPUTS:
            self._known_inputs.clear()
        self._known_inputs.update(new)


def _cause(error: Exception) -> str:
    """Name a failure without its message, which may quote a row."""
    return type(getattr(error, "orig", None) or error).__name__
