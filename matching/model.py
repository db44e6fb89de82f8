"""A registered model: loaded from data files, run by onnxruntime."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matching.dataset import Pairs, Rows
from matching.errors import ModelError
from matching.features import FEATURE_NAMES, Encoded, PairFeatures
from matching.manifest import model_digest
from matching.tables import Direction

FORMAT = 1

Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class Scores:
    """Answers for pairs; arrays have shape (n_pairs,).

    Attributes:
        features: shape (n_pairs, n_features), exactly as the model used them.
        company: calibrated P(the company reaches out, once it looked); None where the source has no such label.
        candidate: calibrated P(the candidate accepts, once asked); None where the source has no such label.
        match: calibrated P(both say yes); of a one-sided source, of its one side.
    """

    features: Floats32
    company: Floats32 | None
    candidate: Floats32 | None
    match: Floats32

    def direction(self, direction: Direction) -> Floats32 | None:
        """Probabilities of one direction."""
        return self.company if direction is Direction.COMPANY else self.candidate


class MatchModel:
    """Scores candidate-job pairs with a bundle of data files; no pickle is read.

    Attributes:
        source: name of the source it was trained on.
        directions: directions it was trained for.
        feature_names: columns of the feature matrix.
        digest: digest of the files that decide the scores.
        facts: the rest of `model.json`: settings and time cuts.
    """

    def __init__(self, folder: Path) -> None:
        self.digest = model_digest(folder)
        state = _read(folder / "model.json")
        self.source: str = state["source"]
        self.directions = tuple(Direction(name) for name in state["directions"])
        self.feature_names: tuple[str, ...] = tuple(state["feature_names"])
        self.facts: dict[str, Any] = state["facts"]
        self.features = load_features(state["encoder"], folder / "text.npz")
        self._session = _session(folder / "match.onnx")

    @classmethod
    def load(cls, folder: Path) -> "MatchModel":
        """Load a bundle. Verify it first with `matching.manifest.verify`, against the digest its registry recorded.

        Raises:
            ModelError: a file is missing or of another format.
        """
        return cls(folder)

    def encode_candidates(self, candidates: pl.DataFrame) -> Encoded:
        """Encode `CandidateProfile` rows, to be scored against many jobs."""
        return self.features.encode_candidates(candidates)

    def encode_jobs(self, jobs: pl.DataFrame) -> Encoded:
        """Encode `JobProfile` rows, to be scored against many candidates."""
        return self.features.encode_jobs(jobs)

    def score_encoded(self, candidates: Encoded, jobs: Encoded, candidate_rows: Rows, job_rows: Rows) -> Scores:
        """Score pairs of encoded profiles."""
        return self.score_features(self.features.pair(candidates, jobs, candidate_rows, job_rows))

    def score(self, pairs: Pairs) -> Scores:
        """Score pairs of profiles."""
        return self.score_features(self.features.transform(pairs))

    def score_features(self, features: Floats32) -> Scores:
        """Score a feature matrix, shape (n_pairs, n_features)."""
        names = [*(str(direction) for direction in self.directions), "match"]
        if len(features):
            answers = dict(zip(names, self._session.run(names, {"features": features}), strict=True))
        else:
            answers = {name: np.empty(0, np.float32) for name in names}
        return Scores(features, answers.get("company"), answers.get("candidate"), answers["match"])


def save_features(features: PairFeatures, text_path: Path) -> dict[str, Any]:
    """Write the arrays of a fitted encoder beside the returned JSON state."""
    np.savez(text_path, words=features.words.idf_, spelling=features.spelling.idf_)
    return {
        "words": features.words.terms_,
        "spelling": features.spelling.terms_,
        "skill_idf": features.skill_idf_,
    }


def load_features(state: dict[str, Any], text_path: Path) -> PairFeatures:
    """Restore an encoder from data."""
    features = PairFeatures()
    with np.load(text_path, allow_pickle=False) as arrays:
        features.words.restore(state["words"], arrays["words"])
        features.spelling.restore(state["spelling"], arrays["spelling"])
    return features.restore_skills(state["skill_idf"])


def _read(path: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if state.get("format") != FORMAT:
        raise ModelError(f"{path} has format {state.get('format')}, this version reads {FORMAT}: run `make train`")
    if tuple(state["feature_names"]) != FEATURE_NAMES:
        raise ModelError(f"{path} was trained with other features than this version computes: run `make train`")
    return state


def _session(path: Path) -> Any:
    """Open the graph on one thread: a request is small, and the workers are the parallelism."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
