"""Trials: how well a way of fitting does on the newer part of the training slice, never on calibration or holdout.

The training slice is cut in time once more and encoded once; every trial is fitted on the older part and judged on the
newer one by the log loss of what happened there, so that two trials differ by nothing but the way of fitting.
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
ROUNDING = 1e-12  # the mean of equal losses is not exactly equal to them


@dataclass(frozen=True)
class Logistic:
    """Logistic regression on standardised features, the simpler model: a missing value is the median, and marked.

    Attributes:
        inverse_penalty: of 0.01 to 1 any does on a large log, and a small one needs some penalty.
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
class InnerSlices:
    """The training slice, cut in time and encoded.

    Attributes:
        older: rows to fit on.
        newer: rows to judge on.
        older_features: shape (n_older, n_features).
        newer_features: shape (n_newer, n_features).
        problem: what is learned; every trial brings an estimator of its own.
        names: of the features.
        groups: of features that belong together, by name.
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
    lists: Integers
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
        return self.mean <= max(self.standard_error, ROUNDING)


def inner_slices(train: LabelledPairs, problem: Problem) -> InnerSlices:
    """Cut the training slice at one moment, fit the encoders on the older part, and encode both.

    Args:
        train: labelled pairs, oldest first.
        problem: the features.

    Raises:
        UnusableData: everything was shown at one moment.
    """
    moment = np.sort(train.time)[int(OLDER_SHARE * len(train))]
    is_older = train.time < moment
    if not is_older.any():
        raise UnusableData("the training slice cannot be cut in time once more: settings are chosen on its newest part")
    older, newer = train.take(is_older), train.take(~is_older)
    encoder = fit.fit_features(older, problem)
    tables = EncodedTables.of(encoder, older.pairs)
    encoded = tables.transform(older.pairs), tables.transform(newer.pairs)
    return InnerSlices(older, newer, *encoded, problem, encoder.feature_names, encoder.groups)


def losses(slices: InnerSlices, estimator: Estimator, *, seed: int, without: frozenset[str] = frozenset()) -> Losses:
    """Fit every labelled direction on the older rows and judge it on the newer ones.

    Args:
        slices: the rows.
        estimator: what to fit.
        seed: its seed.
        without: features to leave out: they are made missing everywhere, so that nothing can be learned from them.

    Raises:
        UnusableData: a direction has one class only among the older rows, or no label among the newer ones.
    """
    X, Z = (_missing(features, slices.names, without) for features in (slices.older_features, slices.newer_features))
    tried = replace(slices.problem, estimator=estimator)
    total = np.zeros(len(slices.newer))
    means = {}
    for direction in slices.older.directions():
        _, known, label, propensity = fit._labelled(direction, slices.older, X)
        classifier = fit.fit_classifier(known, label, propensity, seed=seed, problem=tried)
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
    differences = by_list(one.rows - other.rows, one.lists, one.weight)
    means = bootstrap(differences, draws=DRAWS, seed=seed)
    low, high = np.quantile(means, [0.05, 0.95])
    return Added(differences.mean(), float(low), float(high), float(means.std()))
