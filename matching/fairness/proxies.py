"""Proxies: how well features predict a protected attribute, and which of them do."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from matching.arrays import Booleans, Codes, Floats

FOLDS = 5
SHOWN_FEATURES = 3


@dataclass(frozen=True)
class Proxy:
    """How well features distinguish one group from all others.

    Attributes:
        group: code of the group.
        auc: AUC on people left out of the fit; .5 is chance.
        standard_error: standard error of the AUC, by Hanley and McNeil (1982).
        features: the most important features, largest first, with the AUC lost when each is shuffled.
    """

    group: int
    auc: float
    standard_error: float
    features: tuple[tuple[str, float], ...]


def find_proxies(features: Floats, names: tuple[str, ...], groups: Codes, *, seed: int) -> tuple[Proxy, ...]:
    """Predict the group from the features by logistic regression in five folds, each group against the rest.

    The result is a lower bound: a model that is not linear may predict more.

    Args:
        features: shape (n, n_features), one row per person, NaN where missing.
        names: names of the features.
        groups: shape (n,), codes from 0 of at least two groups with at least five people each.
        seed: seed of folds and shuffles.
    """
    varies = np.nanmax(features, axis=0, initial=-np.inf) > np.nanmin(features, axis=0, initial=np.inf)
    features, varying = features[:, varies], [name for name, kept in zip(names, varies, strict=True) if kept]
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(features, groups))
    models = [_classifier().fit(features[rest], groups[rest]) for rest, _ in folds]
    base = _left_out(models, folds, features)
    generator = np.random.default_rng(seed)
    shuffled = [_left_out(models, folds, _shuffled(features, at, generator)) for at in range(len(varying))]
    found = []
    for code in range(base.shape[1]):
        member = groups == code
        auc = _auc(member, base[:, code])
        lost = [(name, auc - _auc(member, other[:, code])) for name, other in zip(varying, shuffled, strict=True)]
        important = tuple(sorted(lost, key=lambda item: -item[1])[:SHOWN_FEATURES])
        found.append(Proxy(code, auc, _standard_error(auc, member), important))
    return tuple(found)


def _classifier() -> Pipeline:
    impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(impute, StandardScaler(), LogisticRegression(C=0.1, max_iter=1_000))


def _left_out(models: list[Pipeline], folds: list[tuple[Codes, Codes]], features: Floats) -> Floats:
    """Return each person's probability of each group, by the model fitted without them, shape (n, n_groups)."""
    probability = np.empty((len(features), len(models[0].classes_)))
    for model, (_, left_out) in zip(models, folds, strict=True):
        probability[left_out] = model.predict_proba(features[left_out])
    return probability


def _shuffled(features: Floats, column: int, generator: np.random.Generator) -> Floats:
    changed = features.copy()
    changed[:, column] = generator.permutation(changed[:, column])
    return changed


def _auc(member: Booleans, score: Floats) -> float:
    """Return the AUC from ranks. There are hundreds of them, and the checks of scikit-learn cost more than the AUC."""
    n = int(member.sum())
    above = rankdata(score)[member].sum() - n * (n + 1) / 2
    return float(above / (n * (len(member) - n)))


def _standard_error(auc: float, member: Booleans) -> float:
    n, m = int(member.sum()), int((~member).sum())
    both_above, both_below = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (n - 1) * (both_above - auc**2) + (m - 1) * (both_below - auc**2)
    return float(np.sqrt(variance / (n * m)))
