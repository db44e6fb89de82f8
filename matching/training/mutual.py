"""Best of both: a model of the match itself, an alternative to the product of the two directions.

A second model learns from pseudo-labels: a quarter of the realised match plus three quarters of the product of the two
probabilities.

Nothing leaks. The probabilities that it learns from are out of fold: each half of the training lists is scored by
directions fitted and calibrated without it. The model is calibrated on the later calibration split.

Source: Goda, Hayashi and Saito (2024), "A best-of-both approach to improve match predictions and reciprocal
recommendations for job search", arXiv 2409.10992.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.arrays import Floats, Floats32, Integers
from matching.data.dataset import Pairs
from matching.data.labels import LabelledPairs
from matching.data.scores import Scores
from matching.data.tables import Direction
from matching.errors import UnusableData
from matching.features.feature_set import FeatureSet
from matching.model.calibration import Sigmoid, clipped_logit, fit_sigmoid
from matching.problems.estimators import fit_weighted
from matching.problems.problem import Problem
from matching.training.direction_model import DirectionModel
from matching.training.fit import FittedModel, fit_directions

REALISED_SHARE = 0.25
FOLDS = 2


@dataclass(frozen=True)
class BestOfBoth:
    """A fitted model that learns the match instead of multiplying the directions.

    Attributes:
        directions: the fitted directions, whose own probabilities do not change.
        classifier: the model of the match; its columns are the features, then the log odds of both directions.
        calibration: turns the probabilities of the classifier into calibrated ones.
    """

    directions: FittedModel
    classifier: Any
    calibration: Sigmoid

    @property
    def features(self) -> FeatureSet[Any]:
        """The fitted feature set of both directions."""
        return self.directions.features

    def transform(self, pairs: Pairs) -> Floats32:
        """Return the features of pairs, shape (n_pairs, n_features)."""
        return self.directions.transform(pairs)

    def score_features(self, features: Floats32) -> Scores:
        """Score a feature matrix, shape (n_pairs, n_features)."""
        scores = self.directions.score_features(features)
        raw = self.classifier.predict_proba(_columns(features, scores))[:, 1]
        return Scores(features, scores.company, scores.candidate, self.calibration.apply(raw).astype(np.float32))


def fit_best_of_both(
    fitted: FittedModel, train: LabelledPairs, calibration: LabelledPairs, *, seed: int, problem: Problem
) -> BestOfBoth:
    """Fit the model of the match on the training split, and calibrate it on the calibration split.

    Args:
        fitted: the result of `training.fit` for the same splits.
        train: labelled pairs of the training split.
        calibration: labelled pairs of the calibration split.
        seed: seed of the estimator and of the halves.
        problem: provides the estimator.

    Raises:
        UnusableData: only one direction has labels, or all labels in a half of the lists are the same.
    """
    if len(fitted.models) < len(Direction):
        raise UnusableData("best of both needs labels for both directions: use the product")
    X = fitted.transform(train.pairs)
    scores = _out_of_fold(train, X, seed=seed, problem=problem)
    rows, label, weight = pseudo_labels(train, scores.match.astype(np.float64))
    classifier = fit_weighted(problem.estimator(seed), _columns(X, scores)[rows], label, weight)
    newer = fitted.transform(calibration.pairs)
    raw = classifier.predict_proba(_columns(newer, fitted.score_features(newer)))[:, 1]
    known = ~np.isnan(calibration.match())
    sigmoid = fit_sigmoid(
        raw[known],
        calibration.match()[known],
        propensity=calibration.propensity[known],
        weight=calibration.weight[known],
    )
    return BestOfBoth(fitted, classifier, sigmoid)


def pseudo_labels(rows: LabelledPairs, product: Floats) -> tuple[Integers, Floats, Floats]:
    """Return every row twice, as a yes and as a no, with the weight of each.

    A realised no counts only by the probability that the pair was examined, as in `fit.fit_classifier`. The product
    applies to examined pairs, so it counts in full.

    Args:
        rows: labelled pairs.
        product: P(both say yes | examined), shape (n,).

    Returns:
        Row numbers, labels 0 and 1, and weights, shape (2 n_known,) each; a row without an answer is left out.
    """
    known = np.flatnonzero(~np.isnan(rows.match()))
    match, p, propensity = rows.match()[known], product[known], rows.propensity[known]
    examined = propensity * (1 - p) / np.maximum(1 - propensity * p, 1e-9)
    yes = REALISED_SHARE * match + (1 - REALISED_SHARE) * p
    no = REALISED_SHARE * (1 - match) * examined + (1 - REALISED_SHARE) * (1 - p)
    label = np.repeat([1.0, 0.0], len(known))
    return np.tile(known, 2), label, np.concatenate([yes, no]) * np.tile(rows.weight[known], 2)


def _out_of_fold(rows: LabelledPairs, X: Floats32, *, seed: int, problem: Problem) -> Scores:
    """Return the scores of rows by directions that were fitted and calibrated on other lists."""
    lists, codes = np.unique(rows.lists, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(lists))[codes] % FOLDS
    probabilities = {direction: np.empty(len(rows), np.float32) for direction in Direction}
    for part in range(FOLDS):
        other, mine = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
        # The later quarter of the other lists calibrates.
        cut = int(0.75 * len(other))
        older, newer = other[:cut], other[cut:]
        models: dict[Direction, DirectionModel] = fit_directions(
            (rows.take(older), X[older]), (rows.take(newer), X[newer]), seed=seed, problem=problem
        )
        for direction, model in models.items():
            probabilities[direction][mine] = model.predict(X[mine])
    company, candidate = probabilities[Direction.COMPANY], probabilities[Direction.CANDIDATE]
    return Scores(X, company, candidate, company * candidate)


def _columns(features: Floats32, scores: Scores) -> Floats32:
    """Return the features, then the log odds of both directions, shape (n_pairs, n_features + 2)."""
    sides = [scores.direction(direction) for direction in Direction]
    odds = [clipped_logit(np.asarray(p, dtype=np.float64)) for p in sides]
    return np.column_stack([features, *odds]).astype(np.float32)
