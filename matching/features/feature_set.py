"""The protocol of feature sets: training, serving and monitoring work with any of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import polars as pl

from matching.arrays import Floats32, Rows
from matching.data.dataset import Pairs
from matching.features.transformer import TransformerEncoder

Encoding = TypeVar("Encoding")


class FeatureSet(Protocol[Encoding]):
    """Turns profiles into the feature matrix of pairs. Its fitted state is data only.

    It is generic over the encoding of one side, which only the feature set itself reads.

    Attributes:
        feature_names: columns of the matrix, in order.
        encoder_name: name of the transformer encoder, or `tfidf`; empty if the features encode no text.
        inputs: the profile columns that each feature is computed from, such as `candidate.skills`.
        groups: names of the features in each group.
    """

    feature_names: tuple[str, ...]
    encoder_name: str
    inputs: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, tuple[str, ...]]

    def fit(self, candidates: pl.DataFrame, jobs: pl.DataFrame) -> "FeatureSet[Encoding]":
        """Learn from the profiles known before the end of the train split, one row per candidate and per job."""
        ...

    def encode_candidates(self, candidates: pl.DataFrame) -> Encoding:
        """Encode rows of `CandidateProfile` once, to pair them many times."""
        ...

    def encode_jobs(self, jobs: pl.DataFrame) -> Encoding:
        """Encode rows of `JobProfile` once, to pair them many times."""
        ...

    def pair(self, candidates: Encoding, jobs: Encoding, candidate_rows: Rows, job_rows: Rows) -> Floats32:
        """Features of pairs of encoded profiles, shape (n_pairs, n_features)."""
        ...

    def transform(self, pairs: Pairs) -> Floats32:
        """Encode both sides and compute the features of their pairs, shape (n_pairs, n_features)."""
        ...

    def save(self, folder: Path) -> dict[str, Any]:
        """Write large arrays into an existing folder; return the rest of the state as data for JSON."""
        ...

    def restore(self, state: dict[str, Any], folder: Path) -> "FeatureSet[Encoding]":
        """Restore the fitted state from what `save` wrote and returned."""
        ...


@runtime_checkable
class TakesEncoder(Protocol):
    """A feature set that can add the features of a transformer encoder to its own."""

    def use(self, text_encoder: TransformerEncoder | None) -> FeatureSet[Any]:
        """Add the features of an encoder, or remove them; return itself."""
        ...
