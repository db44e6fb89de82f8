"""A trained model, loaded from data files and run by onnxruntime."""

from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from matching.arrays import Floats32, Rows
from matching.data.dataset import Pairs
from matching.data.scores import Scores
from matching.data.tables import Direction
from matching.errors import InputError, ModelError
from matching.features.encoded_tables import EncodedTables
from matching.features.feature_set import FeatureSet
from matching.model import declared_features
from matching.model.declared_features import DeclaredFeatures
from matching.model.manifest import SCORING_FOLDER, model_digest
from matching.model.state import read_state
from matching.onnx_session import open_session

FORMAT = 2


class MatchModel:
    """Scores candidate-job pairs with a bundle of data files; no pickle is read.

    >>> from matching.data.tables import frame
    >>> model = MatchModel.load(bundle)
    >>> ada = {"candidate_id": "ada", "headline": "Go engineer", "skills": [{"name": "Go", "years": 4.0}]}
    >>> backend = {"job_id": "backend", "title": "Go developer", "must_have_skills": ["Go"]}
    >>> candidates, jobs = frame(CandidateProfile, [ada]), frame(JobProfile, [backend])
    >>> scores = model.score(Pairs(candidates, jobs, np.array([0]), np.array([0])))
    >>> round(scores.match[0].item(), 2)
    0.68

    Attributes:
        source: name of the source it was trained on.
        directions: directions it was trained for.
        feature_names: columns of the feature matrix.
        digest: digest of the files that decide the scores.
        facts: the rest of `model.json`: settings and time cuts.
        text_encoder: name of its transformer encoder, or `tfidf`; empty if its features encode no text.
        inputs: the profile columns that each feature is computed from.
        groups: names of the features in each group.
        features: the restored feature set.
    """

    def __init__(self, folder: Path) -> None:
        self.digest = model_digest(folder)
        state = read_state(folder / "model.json", FORMAT)
        self.source: str = state["source"]
        self.directions = tuple(Direction(name) for name in state["directions"])
        self.feature_names: tuple[str, ...] = tuple(state["feature_names"])
        self.facts: dict[str, Any] = state["facts"]
        declared = declared_features.read(folder)
        self.text_encoder, self.inputs, self.groups = declared.text_encoder, declared.inputs, declared.groups
        self.features = _restored(declared, state, folder / SCORING_FOLDER)
        self._tables: EncodedTables[Any] | None = None
        self._session = open_session((folder / "match.onnx").read_bytes())

    @classmethod
    def load(cls, folder: Path) -> "MatchModel":
        """Load a bundle. First verify it with `matching.model.manifest.verify`, against the digest in the registry.

        Raises:
            ModelError: a file is missing, or its format is not supported.
        """
        return cls(folder)

    def with_tables(self, tables: EncodedTables[Any]) -> "MatchModel":
        """Return a copy of the model that uses the encodings of these tables for their pairs."""
        model = copy(self)
        model._tables = tables
        return model

    def encode_candidates(self, candidates: pl.DataFrame) -> Any:
        """Encode `CandidateProfile` rows once, to score them with many jobs."""
        return self.features.encode_candidates(candidates)

    def encode_jobs(self, jobs: pl.DataFrame) -> Any:
        """Encode `JobProfile` rows once, to score them with many candidates."""
        return self.features.encode_jobs(jobs)

    def score_encoded(self, candidates: Any, jobs: Any, candidate_rows: Rows, job_rows: Rows) -> Scores:
        """Score pairs of encoded profiles."""
        return self.score_features(self.features.pair(candidates, jobs, candidate_rows, job_rows))

    def score(self, pairs: Pairs) -> Scores:
        """Score pairs of profiles."""
        return self.score_features(self.transform(pairs))

    def transform(self, pairs: Pairs) -> Floats32:
        """Features of pairs, shape (n_pairs, n_features)."""
        return (self._tables or self.features).transform(pairs)

    def score_features(self, features: Floats32) -> Scores:
        """Score a feature matrix, shape (n_pairs, n_features)."""
        names = [*(str(direction) for direction in self.directions), "match"]
        if len(features):
            found = dict(zip(names, self._session.run(names, {"features": features}), strict=True))
        else:
            found = {name: np.empty(0, np.float32) for name in names}
        return Scores(features, found.get("company"), found.get("candidate"), found["match"])


def _restored(declared: DeclaredFeatures, state: dict[str, Any], folder: Path) -> FeatureSet[Any]:
    """Restore the feature set that the model was trained with."""
    try:
        features = declared.make().restore(state["encoder"], folder)
    except (InputError, OSError, KeyError) as error:
        raise ModelError(f"the features of {folder.parent} cannot be restored ({error}): run `make train`") from error
    if features.feature_names != tuple(state["feature_names"]):
        raise ModelError(
            f"{folder.parent} was trained with other features than this version computes: run `make train`"
        )
    return features
