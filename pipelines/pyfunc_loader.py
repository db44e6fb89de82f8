"""How MLflow loads a registered bundle: `mlflow.pyfunc.load_model(...).predict(frame)` scores raw profiles.

A row of the frame is a pair: the columns of `CandidateProfile` behind `candidate.` and those of `JobProfile` behind
`job.`; lists and booleans travel as JSON, times as ISO 8601. Needs no mlflow, but `matching` must be importable.
"""

import json
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from pydantic import BaseModel

from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile, frame, polars_schema
from matching.model import manifest
from matching.model.match_model import MatchModel

SIDES: dict[str, type[BaseModel]] = {"candidate": CandidateProfile, "job": JobProfile}


def input_columns() -> list[tuple[str, Literal["string", "double"], bool]]:
    """Return name, type and whether it is required, for each column of the frame."""
    return [
        (f"{side}.{name}", "double" if dtype.is_numeric() else "string", record.model_fields[name].is_required())
        for side, record in SIDES.items()
        for name, dtype in polars_schema(record).items()
    ]


def flatten(case: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return one row of the frame from `{"candidate": {...}, "job": {...}}`; missing values are left out."""
    return {
        f"{side}.{name}": json.dumps(value) if isinstance(value, list | bool) else value
        for side in SIDES
        for name, value in case[side].items()
        if value is not None
    }


def _profile(row: dict[str, Any], side: str) -> dict[str, Any]:
    """Return the validated profile of one side of a row."""
    record = SIDES[side]
    schema = polars_schema(record)
    values = {}
    for name, dtype in schema.items():
        value = row.get(f"{side}.{name}")
        if value is None or (isinstance(value, float) and math.isnan(value)):  # how pandas represents a missing value
            continue
        values[name] = json.loads(value) if isinstance(dtype, pl.List | pl.Boolean) else value
    return record.model_validate(values).model_dump()


class ProfileScorer:
    """The object that `mlflow.pyfunc` calls: probabilities for rows of raw profiles."""

    def __init__(self, model: MatchModel) -> None:
        self._model = model

    def predict(self, model_input: Any) -> Any:
        """Score pairs.

        Args:
            model_input: pandas DataFrame with one pair per row and the columns of `input_columns`.

        Returns:
            pandas DataFrame of float32 with `match` and the labelled directions of `company` and `candidate`.

        Raises:
            pydantic.ValidationError: a profile breaks the rules of its table.
        """
        rows = model_input.to_dict(orient="records")
        numbers = np.arange(len(rows), dtype=np.int64)
        pairs = Pairs(
            frame(CandidateProfile, [_profile(row, "candidate") for row in rows]),
            frame(JobProfile, [_profile(row, "job") for row in rows]),
            numbers,
            numbers,
        )
        scores = self._model.score(pairs)
        columns = {"match": scores.match, "company": scores.company, "candidate": scores.candidate}
        # The class of what came in: only the registry's module may import pandas.
        return type(model_input)({name: values for name, values in columns.items() if values is not None})


def _load_pyfunc(path: str) -> ProfileScorer:
    """Load the bundle in `path`; called by MLflow.

    Raises:
        TamperedModel: a file is not what it was when the bundle was sealed.
    """
    manifest.verify(Path(path))
    return ProfileScorer(MatchModel.load(Path(path)))
