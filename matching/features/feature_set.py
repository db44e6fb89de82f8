"""What any set of features can do, so that training, serving and the log do not know which one it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matching.data.dataset import Pairs, Rows


class FeatureSet(Protocol):
    """Turns profiles into the feature matrix of pairs; its fitted state is data only.

    Attributes:
        feature_names: columns of the matrix, in order.
        inputs: the profile columns each feature is computed from, such as `candidate.skills`.
        groups: features that belong together, by the name of their group.
    """

    feature_names: tuple[str, ...]
    inputs: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, tuple[str, ...]]

    def fit(self, candidates: pl.DataFrame, jobs: pl.DataFrame) -> "FeatureSet":
        """Learn from the profiles known before the cut, one row per person and job."""
        ...

    def encode_candidates(self, candidates: pl.DataFrame) -> Any:
        """Encode rows of `CandidateProfile`, to be paired many times."""
        ...

    def encode_jobs(self, jobs: pl.DataFrame) -> Any:
        """Encode rows of `JobProfile`, to be paired many times."""
        ...

    def pair(self, candidates: Any, jobs: Any, candidate_rows: Rows, job_rows: Rows) -> NDArray[np.float32]:
        """Features of pairs of encoded profiles, shape (n_pairs, n_features)."""
        ...

    def transform(self, pairs: Pairs) -> NDArray[np.float32]:
        """Encode both sides and compute the features of their pairs, shape (n_pairs, n_features)."""
        ...

    def save(self, folder: Path) -> dict[str, Any]:
        """Write large arrays into a folder that is there; return the rest of the state as JSON holds it."""
        ...

    def restore(self, state: dict[str, Any], folder: Path) -> "FeatureSet":
        """Set the fitted state from what `save` wrote and returned."""
        ...
