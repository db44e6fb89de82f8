"""Fit and calibrate a model, and write it as data files that need no pickle."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from matching.arrays import Floats, Floats32
from matching.data.dataset import Pairs
from matching.data.labels import LabelledPairs
from matching.data.scores import Scores
from matching.data.tables import Direction
from matching.data.versions import newest_versions
from matching.errors import ModelError, UnusableData
from matching.features.encoded_tables import EncodedTables
from matching.features.feature_set import FeatureSet
from matching.model.calibration import fit_sigmoid
from matching.model.declared_features import DeclaredFeatures, Factory
from matching.model.manifest import SCORING_FOLDER
from matching.model.match_model import FORMAT, MatchModel
from matching.problems.estimators import fit_weighted, settings_of
from matching.problems.problem import Problem
from matching.training.direction_model import DirectionModel
from matching.training.onnx_graph import match_graph

ROUNDS_OF_BIAS_CORRECTION = 2
LARGEST_DIFFERENCE = 1e-5


@dataclass(frozen=True)
class FittedModel:
    """A fitted model in memory, before it is written.

    Attributes:
        tables: the profiles of all its splits, encoded by its features.
        models: one model for each labelled direction.
        factory: what made its features unfitted; the bundle names it.
    """

    tables: EncodedTables[Any]
    models: dict[Direction, DirectionModel]
    factory: Factory

    @property
    def features(self) -> FeatureSet[Any]:
        """The fitted features."""
        return self.tables.features

    def transform(self, pairs: Pairs) -> Floats32:
        """Features of pairs, shape (n_pairs, n_features)."""
        return self.tables.transform(pairs)

    def score_features(self, features: Floats32) -> Scores:
        """Score a feature matrix with scikit-learn itself, shape (n_pairs, n_features)."""
        answers = {d: model.predict(features).astype(np.float32) for d, model in self.models.items()}
        match = np.prod(np.stack(list(answers.values())), axis=0)
        return Scores(features, answers.get(Direction.COMPANY), answers.get(Direction.CANDIDATE), match)


def fit(train: LabelledPairs, calibration: LabelledPairs, *, seed: int, problem: Problem) -> FittedModel:
    """Fit encoders and both labelled directions on `train`, calibrate on the later `calibration`.

    Args:
        train: labelled pairs of the oldest slice.
        calibration: labelled pairs of the slice after it.
        seed: seed of the estimator.
        problem: the features and the estimator.

    Raises:
        UnusableData: a direction has one class only, or no direction is labelled.
    """
    tables = EncodedTables.of(fit_features(train, problem), train.pairs)
    slices = (train, tables.transform(train.pairs)), (calibration, tables.transform(calibration.pairs))
    models = fit_directions(*slices, seed=seed, problem=problem)
    if not models:
        raise UnusableData("no direction has labels: the log needs outreach and accept events, or views")
    return FittedModel(tables, models, problem.features)


def fit_directions(
    train: tuple[LabelledPairs, Floats32],
    calibration: tuple[LabelledPairs, Floats32],
    *,
    seed: int,
    problem: Problem,
) -> dict[Direction, DirectionModel]:
    """Fit and calibrate every labelled direction on rows with their feature matrices; raises UnusableData."""
    slices = train, calibration
    return {d: _fit_direction(d, *slices, seed=seed, problem=problem) for d in train[0].directions()}


def fit_features(train: LabelledPairs, problem: Problem) -> FeatureSet[Any]:
    """Fit the encoders on the profiles seen in the training slice, and on no others."""
    pairs = train.pairs
    # The newest version alone, so that the words of a profile that was edited often count once.
    people = newest_versions(pairs.candidates[np.unique(pairs.candidate_rows)])
    return problem.features().fit(people, newest_versions(pairs.jobs[np.unique(pairs.job_rows)]))


def _fit_direction(
    direction: Direction,
    train: tuple[LabelledPairs, Floats32],
    calibration: tuple[LabelledPairs, Floats32],
    *,
    seed: int,
    problem: Problem,
) -> DirectionModel:
    rows, X, label, propensity = _labelled(direction, *train)
    classifier = fit_classifier(X, label, propensity, seed=seed, problem=problem)
    rows, X, label, propensity = _labelled(direction, *calibration)
    scores = classifier.predict_proba(X)[:, 1]
    sigmoid = fit_sigmoid(scores, label, propensity=propensity, weight=rows.weight)
    return DirectionModel(classifier, sigmoid)


def _labelled(
    direction: Direction, shown: LabelledPairs, X: Floats32
) -> tuple[LabelledPairs, Floats32, Floats, Floats]:
    """Rows of a slice that are labelled in this direction; both classes must be there."""
    known = ~np.isnan(shown.label(direction))
    rows = shown.take(known)
    label = rows.label(direction)
    if len(np.unique(label)) < 2:
        only = "none" if not len(label) else ("yes" if label[0] == 1 else "no")
        raise UnusableData(
            f"direction {str(direction)!r} has {len(label)} labels and the only answer among them is {only!r}: "
            "a model needs both; use a longer log or check the events"
        )
    return rows, X[known], label, rows.label_propensity(direction)


def fit_classifier(X: Floats32, label: Floats, propensity: Floats, *, seed: int, problem: Problem) -> Any:
    """Fit P(yes | looked at) although a no may only mean that nobody looked.

    Expectation-maximisation for the position-based click model with known propensities (Wang et al. 2018, "Position
    bias estimation for unbiased learning to rank"): a no counts as much as the chance that it was looked at.
    """
    rate = np.full(len(label), label.sum() / propensity.sum())
    certain = bool((propensity == 1).all())
    for _ in range(1 if certain else ROUNDS_OF_BIAS_CORRECTION):
        looked = propensity * (1 - rate) / np.maximum(1 - propensity * rate, 1e-9)
        weight = np.where(label == 1, 1.0, looked)
        classifier = fit_weighted(problem.estimator(seed), X, label, weight)
        rate = np.asarray(classifier.predict_proba(X)[:, 1])
    return classifier


def write(fitted: FittedModel, folder: Path, *, source: str, facts: dict[str, Any], check: Floats32) -> None:
    """Write the files that decide the scores, `model.json`, `match.onnx` and `features/`, and `features.json`.

    Args:
        fitted: what `fit` returned.
        folder: an empty folder, made if missing.
        source: name of the source.
        facts: what else `model.json` should say, for example the time cuts.
        check: feature rows on which the written model must answer as scikit-learn does.

    Raises:
        InputError: the bundle cannot name what made its features.
        ModelError: the written model answers differently.
    """
    (folder / SCORING_FOLDER).mkdir(parents=True)
    some = next(iter(fitted.models.values())).classifier
    state = {
        "format": FORMAT,
        "source": source,
        "directions": [str(direction) for direction in fitted.models],
        "feature_names": list(fitted.features.feature_names),
        "encoder": fitted.features.save(folder / SCORING_FOLDER),
        "facts": {"settings": settings_of(some), **facts},
    }
    (folder / "model.json").write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
    (folder / "match.onnx").write_bytes(match_graph(fitted.models))
    DeclaredFeatures.of(fitted.features, fitted.factory).write(folder)
    expected, got = fitted.score_features(check).match, MatchModel.load(folder).score_features(check).match
    difference = float(np.abs(expected - got).max(initial=0.0))
    if difference > LARGEST_DIFFERENCE:
        raise ModelError(f"the ONNX form differs from scikit-learn by {difference:.1e}: please report this as a bug")
