"""Fit and calibrate a model, and write it as data files without pickle."""

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
        tables: the tables of the log, encoded by the fitted feature set.
        models: one model for each labelled direction.
        factory: makes the unfitted feature set; the bundle contains its name.
    """

    tables: EncodedTables[Any]
    models: dict[Direction, DirectionModel]
    factory: Factory

    @property
    def features(self) -> FeatureSet[Any]:
        """The fitted feature set."""
        return self.tables.features

    def transform(self, pairs: Pairs) -> Floats32:
        """Return the features of pairs, shape (n_pairs, n_features)."""
        return self.tables.transform(pairs)

    def score_features(self, features: Floats32) -> Scores:
        """Score a feature matrix, shape (n_pairs, n_features), with scikit-learn."""
        probabilities = {d: model.predict(features).astype(np.float32) for d, model in self.models.items()}
        match = np.prod(np.stack(list(probabilities.values())), axis=0)
        return Scores(features, probabilities.get(Direction.COMPANY), probabilities.get(Direction.CANDIDATE), match)


def fit(train: LabelledPairs, calibration: LabelledPairs, *, seed: int, problem: Problem) -> FittedModel:
    """Fit the feature set and every labelled direction on `train`, and calibrate them on the later `calibration`.

    Args:
        train: labelled pairs of the training split.
        calibration: labelled pairs of the calibration split.
        seed: seed of the estimator.
        problem: provides the feature set and the estimator.

    Raises:
        UnusableData: all labels of a direction are the same, or no direction has labels.
    """
    tables = EncodedTables.of(fit_features(train, problem), train.pairs)
    encoded = (train, tables.transform(train.pairs)), (calibration, tables.transform(calibration.pairs))
    models = fit_directions(*encoded, seed=seed, problem=problem)
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
    """Fit and calibrate every labelled direction, on pairs with their feature matrices; raises UnusableData."""
    return {d: _fit_direction(d, train, calibration, seed=seed, problem=problem) for d in train[0].directions()}


def fit_features(train: LabelledPairs, problem: Problem) -> FeatureSet[Any]:
    """Fit the feature set on the profiles of the training split, and on no others."""
    pairs = train.pairs
    # Only the newest versions, so that the words of a profile count once, however often it was edited.
    candidates = newest_versions(pairs.candidates[np.unique(pairs.candidate_rows)])
    return problem.features().fit(candidates, newest_versions(pairs.jobs[np.unique(pairs.job_rows)]))


def _fit_direction(
    direction: Direction,
    train: tuple[LabelledPairs, Floats32],
    calibration: tuple[LabelledPairs, Floats32],
    *,
    seed: int,
    problem: Problem,
) -> DirectionModel:
    rows, X, label, propensity = labelled_rows(direction, *train)
    classifier = fit_classifier(X, label, propensity, seed=seed, problem=problem)
    rows, X, label, propensity = labelled_rows(direction, *calibration)
    scores = classifier.predict_proba(X)[:, 1]
    sigmoid = fit_sigmoid(scores, label, propensity=propensity, weight=rows.weight)
    return DirectionModel(classifier, sigmoid)


def labelled_rows(
    direction: Direction, shown: LabelledPairs, X: Floats32
) -> tuple[LabelledPairs, Floats32, Floats, Floats]:
    """Return the pairs with a label in a direction, their features, labels and propensities.

    Raises:
        UnusableData: there are no labels, or all of them are the same.
    """
    known = ~np.isnan(shown.label(direction))
    rows = shown.take(known)
    label = rows.label(direction)
    if len(np.unique(label)) < 2:
        only = "none" if not len(label) else ("yes" if label[0] == 1 else "no")
        raise UnusableData(
            f"direction {str(direction)!r} has {len(label)} labels, and the only answer is {only!r}: "
            "a model needs both; use a longer log or check the events"
        )
    return rows, X[known], label, rows.label_propensity(direction)


def fit_classifier(X: Floats32, label: Floats, propensity: Floats, *, seed: int, problem: Problem) -> Any:
    """Fit P(yes | examined), although a no may also mean that nobody examined the pair.

    Expectation-maximisation for the position-based click model with known propensities (Wang et al. 2018, "Position
    bias estimation for unbiased learning to rank"): the weight of a no is the probability that it was examined.

    Args:
        X: shape (n, n_features).
        label: shape (n,), 0 or 1.
        propensity: shape (n,), probability that each pair was examined.
        seed: seed of the estimator.
        problem: provides the estimator.
    """
    rate = np.full(len(label), label.sum() / propensity.sum())
    certain = bool((propensity == 1).all())
    for _ in range(1 if certain else ROUNDS_OF_BIAS_CORRECTION):
        examined = propensity * (1 - rate) / np.maximum(1 - propensity * rate, 1e-9)
        weight = np.where(label == 1, 1.0, examined)
        classifier = fit_weighted(problem.estimator(seed), X, label, weight)
        rate = np.asarray(classifier.predict_proba(X)[:, 1])
    return classifier


def write(fitted: FittedModel, folder: Path, *, source: str, facts: dict[str, Any], check: Floats32) -> None:
    """Write the files that decide the scores, `model.json`, `match.onnx` and `features/`, and `features.json`.

    Args:
        fitted: the result of `fit`.
        folder: an empty folder; it is created if it is missing.
        source: name of the source.
        facts: further content of `model.json`, such as the times of the splits.
        check: feature rows for which the written model must return what scikit-learn returns.

    Raises:
        InputError: the feature set has no name that a bundle can contain.
        ModelError: the written model returns something else.
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
        raise ModelError(
            f"the model as ONNX differs from scikit-learn by {difference:.1e}: please report this as a bug"
        )
