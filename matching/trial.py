"""Trials: how well a way of fitting does on the newer part of the training slice, never on calibration or holdout.

The training slice is cut in time once more and encoded once; every trial is fitted on the older part and judged on the
newer one by the log loss of what happened there, so that two trials differ by nothing but the way of fitting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from matching import gate, metrics, training
from matching.errors import UnusableData
from matching.features import FEATURE_NAMES
from matching.labels import LabelledPairs
from matching.training import ModelSettings

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

OLDER_SHARE = 0.75
DRAWS = 1_000
RIDGE = 0.1  # inverse strength of the penalty: of 0.01 to 1 any does on a large log, and a small one needs some


class Classifier(Protocol):
    """A fitted classifier of two classes."""

    def predict_proba(self, X: Floats32) -> NDArray[Any]:
        """Probability of no and yes, shape (n, 2)."""
        ...


class Fit(Protocol):
    """A way of fitting P(yes | looked at)."""

    def __call__(self, X: Floats32, label: Floats, propensity: Floats) -> Classifier:
        """Fit on a feature matrix of shape (n, n_features), labels and propensities of shape (n,)."""
        ...


@dataclass(frozen=True)
class InnerSlices:
    """The training slice, cut in time and encoded.

    Attributes:
        older: rows to fit on.
        newer: rows to judge on.
        older_features: shape (n_older, n_features).
        newer_features: shape (n_newer, n_features).
        names: of the features.
    """

    older: LabelledPairs
    newer: LabelledPairs
    older_features: Floats32
    newer_features: Floats32
    names: tuple[str, ...]


@dataclass(frozen=True)
class Losses:
    """Log loss on the newer rows, in nats per shown pair.

    A pair that was asked counts with both answers, one that was not with the company's alone: the negative log
    likelihood of everything that happened. Each yes counts as seen only if looked at.

    Attributes:
        rows: shape (n_newer,).
        lists: shape (n_newer,), code of each row's list.
        weight: shape (n_newer,), how many rows each stands for.
        by_direction: mean over the rows labelled in each direction.
    """

    rows: Floats
    lists: NDArray[np.int64]
    weight: Floats
    by_direction: Mapping[str, float]

    def mean(self) -> float:
        """Nats per shown pair."""
        return float(np.average(self.rows, weights=self.weight))


@dataclass(frozen=True)
class Added:
    """Loss added to that of another way of fitting on the same rows, in nats per shown pair.

    Attributes:
        mean: above zero where it is worse.
        low: lower end of the interval, one-sided 95 %.
        high: upper end.
        standard_error: of the mean, over lists.
    """

    mean: float
    low: float
    high: float
    standard_error: float

    @property
    def is_noise(self) -> bool:
        """Whether the loss added is within one standard error: then the simpler of the two is to be preferred.

        The rule of Breiman et al. (1984), Classification and Regression Trees, section 3.4.3, with the standard error
        of the difference, since both are judged on the same rows.
        """
        return self.mean <= self.standard_error


def inner_slices(train: LabelledPairs) -> InnerSlices:
    """Cut the training slice at one moment, fit the encoders on the older part, and encode both.

    Args:
        train: labelled pairs, oldest first.

    Raises:
        UnusableData: everything was shown at one moment.
    """
    moment = np.sort(train.time)[int(OLDER_SHARE * len(train))]
    is_older = train.time < moment
    if not is_older.any():
        raise UnusableData("the training slice cannot be cut in time once more: settings are chosen on its newest part")
    older, newer = train.take(is_older), train.take(~is_older)
    encoder = training.fit_features(older)
    names: tuple[str, ...] = getattr(encoder, "feature_names", FEATURE_NAMES)
    return InnerSlices(older, newer, encoder.transform(older.pairs), encoder.transform(newer.pairs), names)


def losses(slices: InnerSlices, fit: Fit, *, without: frozenset[str] = frozenset()) -> Losses:
    """Fit every labelled direction on the older rows and judge it on the newer ones.

    Args:
        slices: the rows.
        fit: how to fit.
        without: features to leave out: they are made missing everywhere, so that nothing can be learned from them.

    Raises:
        UnusableData: a direction has one class only among the older rows, or no label among the newer ones.
    """
    X, Z = (_missing(features, slices.names, without) for features in (slices.older_features, slices.newer_features))
    total = np.zeros(len(slices.newer))
    means = {}
    for direction in slices.older.directions():
        _, known, label, propensity = training._labelled(direction, slices.older, X)
        classifier = fit(known, label, propensity)
        asked = ~np.isnan(slices.newer.label(direction))
        if not asked.any():
            raise UnusableData(
                f"direction {str(direction)!r} has no labels in the newest quarter of the training slice"
            )
        probability = classifier.predict_proba(Z[asked])[:, 1].astype(np.float64)
        truth = slices.newer.label(direction)[asked], slices.newer.label_propensity(direction)[asked]
        loss = metrics.log_losses(truth[0], probability, truth[1])
        total[asked] += loss
        means[str(direction)] = float(np.average(loss, weights=slices.newer.weight[asked]))
    return Losses(total, slices.newer.lists, slices.newer.weight, means)


def _missing(features: Floats32, names: tuple[str, ...], without: frozenset[str]) -> Floats32:
    if not without:
        return features
    kept = features.copy()
    kept[:, [name in without for name in names]] = np.nan
    return kept


def mean(several: Sequence[Losses]) -> Losses:
    """Mean of several fits on the same rows."""
    by_direction = {
        direction: float(np.mean([one.by_direction[direction] for one in several]))
        for direction in several[0].by_direction
    }
    return replace(several[0], rows=np.mean([one.rows for one in several], axis=0), by_direction=by_direction)


def added(one: Losses, other: Losses, *, seed: int) -> Added:
    """Compare `one` with `other` on the same rows, drawing whole lists."""
    differences = gate.by_list(one.rows - other.rows, one.lists, one.weight)
    means = gate.bootstrap(differences, draws=DRAWS, seed=seed)
    low, high = np.quantile(means, [0.05, 0.95])
    return Added(differences.mean(), float(low), float(high), float(means.std()))


def trees(settings: ModelSettings, *, seed: int) -> Fit:
    """Boosted trees, fitted as in a training."""

    def fit(X: Floats32, label: Floats, propensity: Floats) -> Classifier:
        fitted: Classifier = training._fit_classifier(X, label, propensity, seed=seed, settings=settings)
        return fitted

    return fit


def logistic(*, seed: int) -> Fit:
    """Logistic regression on standardised features, the simpler model: a missing value is the median, and marked."""

    def fit(X: Floats32, label: Floats, propensity: Floats) -> Classifier:
        # The expectation-maximisation of `training`: a no counts as much as the chance that it was looked at.
        rate = np.full(len(label), label.sum() / propensity.sum())
        for _ in range(1 if (propensity == 1).all() else training.ROUNDS_OF_BIAS_CORRECTION):
            looked = propensity * (1 - rate) / np.maximum(1 - propensity * rate, 1e-9)
            pipeline = Pipeline(
                [
                    ("impute", SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)),
                    ("scale", StandardScaler()),
                    ("classify", LogisticRegression(C=RIDGE, max_iter=1_000, random_state=seed)),
                ]
            )
            weight = np.where(label == 1, 1.0, looked)
            pipeline.fit(X, label.astype(int), classify__sample_weight=weight)
            rate = np.asarray(pipeline.predict_proba(X)[:, 1])
        fitted: Classifier = pipeline
        return fitted

    return fit
