"""What one request adds to the log: its predictions, the profiles they were made from, and what limits excluded."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from pydantic import BaseModel
from sqlalchemy import Engine, select

from matching.arrays import Floats32
from store.database import writing
from store.inserts import insert_new
from store.schema import microseconds, models

Payloads = Mapping[str, BaseModel | str]


@dataclass(frozen=True)
class LoggedModel:
    """The model that answers, as the log names it.

    Attributes:
        name: name of the registered model.
        version: its version.
        digest: digest of the bundle.
        feature_names: names of the features, in the order of their values.
    """

    name: str
    version: str
    digest: str
    feature_names: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """The predictions of one request; all sequences are parallel to `prediction_ids`.

    Attributes:
        request_id: identifier of the request.
        predicted_at: when it was answered, UTC.
        prediction_ids: one per prediction.
        candidate_ids: the candidates.
        job_ids: the jobs.
        features: float32, shape (n_predictions, n_features), as the model used them.
        company: probabilities, shape (n_predictions,); None if the model lacks this direction.
        candidate: like `company`.
        match: probabilities, shape (n_predictions,).
        candidates: profile, or its JSON, by candidate id.
        jobs: profile, or its JSON, by job id.
        ranked_from: how many profiles a ranking compared, of which these are the best, best first; None for scored
            pairs.
        broken_limits: hard limits that each pair breaks; in a ranking, only relaxed ones occur. Empty: none at all.
        excluded: for a ranking, how many pairs each hard limit excluded.
    """

    request_id: str
    predicted_at: datetime
    prediction_ids: Sequence[str]
    candidate_ids: Sequence[str]
    job_ids: Sequence[str]
    features: Floats32
    company: Floats32 | None
    candidate: Floats32 | None
    match: Floats32
    candidates: Payloads
    jobs: Payloads
    ranked_from: int | None = None
    broken_limits: Sequence[Sequence[str]] = ()
    excluded: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.prediction_ids)


def model_key(engine: Engine, model: LoggedModel) -> int:
    """Store the model's names once and return the key of its row.

    Raises:
        StorageError: the database cannot be written.
    """
    row = {"name": model.name, "version": model.version, "digest": model.digest}
    is_model = (models.c.name == model.name) & (models.c.version == model.version) & (models.c.digest == model.digest)
    with writing(engine) as connection:
        insert_new(connection, models, [row | {"feature_names": json.dumps(model.feature_names)}])
        return int(connection.execute(select(models.c.model).where(is_model)).scalar_one())


def prediction_rows(answer: Answer, model: int, digests: dict[str, str]) -> list[dict[str, Any]]:
    """Return the rows of the table `predictions`, and add the JSON of the profiles to `digests`, by digest.

    Args:
        answer: what is logged.
        model: key of the model's row in the table `models`.
        digests: rows of the table `inputs`, payload by digest; added to.
    """
    candidate_inputs, job_inputs = _payloads(answer.candidates, digests), _payloads(answer.jobs, digests)
    features = np.ascontiguousarray(answer.features, dtype="<f4")
    predicted_at = microseconds(answer.predicted_at)
    company, candidate, match = (_floats(p, len(answer)) for p in (answer.company, answer.candidate, answer.match))
    return [
        {
            "prediction_id": prediction_id,
            "request_id": answer.request_id,
            "model": model,
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


def exclusion_rows(answer: Answer, model: int) -> list[dict[str, Any]]:
    """Return the rows of the table `exclusions`."""
    shared = {
        "request_id": answer.request_id,
        "model": model,
        "predicted_at": microseconds(answer.predicted_at),
    }
    return [shared | {"broken_limit": name, "pairs": count} for name, count in answer.excluded.items()]


def _floats(values: Floats32 | None, size: int) -> list[float | None]:
    return [None] * size if values is None else values.tolist()


def _payloads(profiles: Payloads, digests: dict[str, str]) -> dict[str, str]:
    """Return the digest of each profile's JSON by its id, and add the JSON to `digests`."""
    found = {}
    for key, profile in profiles.items():
        payload = profile if isinstance(profile, str) else profile.model_dump_json()
        digest = hashlib.sha256(payload.encode()).hexdigest()
        digests[digest] = payload
        found[key] = digest
    return found
