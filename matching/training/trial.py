"""Trials: how well an estimator does on the newer part of the training split, without calibration split or holdout.

The training split is split by time again and encoded once. Every trial fits an estimator on the older part and measures
its log loss on the newer part, so that two trials differ by the estimator alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from matching.arrays import Floats, Floats32, Integers
from matching.data.labels import LabelledPairs
from matching.errors import UnusableData
from matching.evaluation import metrics
from matching.evaluation.bootstrap import bootstrap, by_list
from matching.features.encoded_tables import EncodedTables
from matching.problems.estimators import Estimator
from matching.problems.problem import Problem
from matching.training import fit

OLDER_SHARE = 0.75
DRAWS = 1_000
ROUNDING = 1e-12  # the mean of equal losses can differ from them by rounding


@dataclass(frozen=True)
class Logistic:
    """Logistic regression on standardised features, the simpler model; a missing value becomes the median and a mark.

    Attributes:
        inverse_penalty: inverse strength of the L2 penalty; on a large log any value from 0.01 to 1 will do, a small
            log needs some penalty.
    """

    inverse_penalty: float = 0.1

    def __call__(self, seed: int) -> Pipeline:
        """Return the unfitted pipeline."""
        return Pipeline(
            [
                ("impute", SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)),
                ("scale", StandardScaler()),
                ("classify", LogisticRegression(C=self.inverse_penalty, max_iter=1_000, random_state=seed)),
            ]
        )


@dataclass(frozen=True)
class InnerSplit:
    """The training split, split by time again and encoded.

    Attributes:
        older: pairs to fit on.
        newer: pairs to evaluate on.
        older_features: shape (n_older, n_features).
        newer_features: shape (n_newer, n_features).
        problem: the matching problem; each trial has an estimator of its own.
        names: names of the features.
        groups: names of the features in each group.
    """

    older: LabelledPairs
    newer: LabelledPairs
    older_features: Floats32
    newer_features: Floats32
    problem: Problem
    names: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Losses:
    """Log loss on the newer pairs, in nats per shown pair.

    It is the negative log likelihood of everything that happened: a pair with an outreach counts with both answers,
    another one with the company's alone. A yes can only be observed if the pair was examined.

    Attributes:
        rows: shape (n_newer,).
        lists: shape (n_newer,), code of each pair's list.
        weight: shape (n_newer,), number of pairs that each row represents.
        by_direction: mean over the pairs labelled in each direction.
    """

    rows: Floats
    lists: Integers
    weight: Floats
    by_direction: Mapping[str, float]

    def mean(self) -> float:
        """Return the mean in nats per shown pair."""
        return float(np.average(self.rows, weights=self.weight))


@dataclass(frozen=True)
class AddedLoss:
    """Loss of one trial minus the loss of another on the same pairs, in nats per shown pair.

    Attributes:
        mean: positive if the trial is worse.
        low: lower end of the interval, one-sided 95 %.
        high: upper end of the interval, one-sided 95 %.
        standard_error: standard error of the mean, over lists.
    """

    mean: float
    low: float
    high: float
    standard_error: float

    @property
    def is_noise(self) -> bool:
        """Whether the added loss is within one standard error, so that the simpler of the two trials is better.

        This is the rule of Breiman et al. (1984), Classification and Regression Trees, section 3.4.3, with the standard
        error of the difference, because both trials are evaluated on the same pairs.
        """
        return self.mean <= max(self.standard_error, ROUNDING)


def inner_split(train: LabelledPairs, problem: Problem) -> InnerSplit:
    """Split the training split by time, fit the feature set on the older part, and encode both parts.

    Args:
        train: labelled pairs, oldest first.
        problem: provides the feature set.

    Raises:
        UnusableData: all pairs were shown at the same time.
    """
    boundary = np.sort(train.time)[int(OLDER_SHARE * len(train))]
    is_older = train.time < boundary
    if not is_older.any():
        raise UnusableData("the training split cannot be split by time again: use a longer log")
    older, newer = train.take(is_older), train.take(~is_older)
    encoder = fit.fit_features(older, problem)
    tables = EncodedTables.of(encoder, older.pairs)
    encoded = tables.transform(older.pairs), tables.transform(newer.pairs)
    return InnerSplit(older, newer, *encoded, problem, encoder.feature_names, encoder.groups)


def losses(inner: InnerSplit, estimator: Estimator, *, seed: int, without: frozenset[str] = frozenset()) -> Losses:
    """Fit every labelled direction on the older pairs, and measure the loss on the newer ones.

    Args:
        inner: the pairs and their features.
        estimator: makes what is fitted.
        seed: seed of the estimator.
        without: features to leave out; they become missing everywhere, so that nothing can be learned from them.

    Raises:
        UnusableData: all older labels of a direction are the same, or it has no newer labels.
    """
    X, Z = (_missing(features, inner.names, without) for features in (inner.older_features, inner.newer_features))
    tried = replace(inner.problem, estimator=estimator)
    total = np.zeros(len(inner.newer))
    means = {}
    for direction in inner.older.directions():
        _, known, label, propensity = fit.labelled_rows(direction, inner.older, X)
        classifier = fit.fit_classifier(known, label, propensity, seed=seed, problem=tried)
        is_labelled = ~np.isnan(inner.newer.label(direction))
        if not is_labelled.any():
            raise UnusableData(
                f"direction {str(direction)!r} has no labels in the newest quarter of the training split"
            )
        probability = classifier.predict_proba(Z[is_labelled])[:, 1].astype(np.float64)
        truth = inner.newer.label(direction)[is_labelled], inner.newer.label_propensity(direction)[is_labelled]
        loss = metrics.log_losses(truth[0], probability, truth[1])
        total[is_labelled] += loss
        means[str(direction)] = float(np.average(loss, weights=inner.newer.weight[is_labelled]))
    return Losses(total, inner.newer.lists, inner.newer.weight, means)


def _missing(features: Floats32, names: tuple[str, ...], without: frozenset[str]) -> Floats32:
    if not without:
        return features
    kept = features.copy()
    kept[:, [name in without for name in names]] = np.nan
    return kept


def mean(several: Sequence[Losses]) -> Losses:
    """Return the mean losses of several trials on the same pairs."""
    by_direction = {
        direction: float(np.mean([one.by_direction[direction] for one in several]))
        for direction in several[0].by_direction
    }
    return replace(several[0], rows=np.mean([one.rows for one in several], axis=0), by_direction=by_direction)


def added(one: Losses, other: Losses, *, seed: int) -> AddedLoss:
    """Return the loss of `one` minus that of `other` on the same pairs, with a bootstrap of whole lists."""
    differences = by_list(one.rows - other.rows, one.lists, one.weight)
    means = bootstrap(differences, draws=DRAWS, seed=seed)
    low, high = np.quantile(means, [0.05, 0.95])
    return AddedLoss(differences.mean(), float(low), float(high), float(means.std()))
