"""A feature set of functions of profile columns: nothing is learned or encoded."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from matching.arrays import Floats32, Rows
from matching.data.dataset import Pairs

Column = Callable[[pl.DataFrame, pl.DataFrame], ArrayLike]


class TableFeatures:
    """A feature set made of functions; see `matching.features.feature_set.FeatureSet`.

    The encoding of one side is the table itself.

    >>> def same_city(candidates, jobs):
    ...     return candidates["city"] == jobs["city"]
    >>> features = TableFeatures({"same_city": same_city}, inputs={"same_city": ("candidate.city", "job.city")})
    >>> candidates, jobs = pl.DataFrame({"city": ["Lyon", "Rome"]}), pl.DataFrame({"city": ["Rome"]})
    >>> features.transform(Pairs(candidates, jobs, np.array([0, 1]), np.array([0, 0]))).tolist()
    [[0.0], [1.0]]

    Args:
        columns: by feature, a function of the candidates and the jobs of all pairs, two tables with one row per pair,
            that returns one number per pair.
        inputs: by feature, the profile columns it is computed from.
        groups: names of the features that are explained together, by group; None for a group per feature.
    """

    encoder_name = ""

    def __init__(
        self,
        columns: Mapping[str, Column],
        inputs: Mapping[str, tuple[str, ...]],
        groups: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.columns = dict(columns)
        self.feature_names = tuple(self.columns)
        self.inputs: Mapping[str, tuple[str, ...]] = inputs
        self.groups: Mapping[str, tuple[str, ...]] = groups or {name: (name,) for name in self.columns}

    def fit(self, candidates: pl.DataFrame, jobs: pl.DataFrame) -> "TableFeatures":  # noqa: ARG002 - nothing to learn
        """Return itself."""
        return self

    def encode_candidates(self, candidates: pl.DataFrame) -> pl.DataFrame:
        """Return the table itself."""
        return candidates

    def encode_jobs(self, jobs: pl.DataFrame) -> pl.DataFrame:
        """Return the table itself."""
        return jobs

    def pair(self, candidates: pl.DataFrame, jobs: pl.DataFrame, candidate_rows: Rows, job_rows: Rows) -> Floats32:
        """Features of pairs of rows, shape (n_pairs, n_features)."""
        left, right = candidates[candidate_rows], jobs[job_rows]
        values = [np.asarray(column(left, right), dtype=np.float32) for column in self.columns.values()]
        return np.column_stack(values)

    def transform(self, pairs: Pairs) -> Floats32:
        """Features of pairs, shape (n_pairs, n_features)."""
        return self.pair(pairs.candidates, pairs.jobs, pairs.candidate_rows, pairs.job_rows)

    def save(self, folder: Path) -> dict[str, Any]:  # noqa: ARG002 - nothing to write
        """Return no state."""
        return {}

    def restore(self, state: dict[str, Any], folder: Path) -> "TableFeatures":  # noqa: ARG002 - nothing to read
        """Return itself."""
        return self
