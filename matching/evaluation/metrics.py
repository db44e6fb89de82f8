"""Measures of ranking, discrimination and calibration. All arrays have shape (n,) unless noted otherwise."""

import numpy as np
from sklearn.metrics import roc_auc_score

from matching.arrays import Floats, Integers

CALIBRATION_BINS = 15
EDGE = 1e-7


def auc(label: Floats, score: Floats, weight: Floats | None = None) -> float:
    """Area under the ROC curve; NaN for a single class.

    >>> auc(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    >>> auc(np.ones(2), np.array([0.1, 0.4]))
    nan
    """
    if len(np.unique(label)) < 2:
        return float("nan")
    return float(roc_auc_score(label, score, sample_weight=weight))


def log_losses(label: Floats, probability: Floats, propensity: Floats) -> Floats:
    """Log loss of each row, where a yes can be observed only if the pair was examined.

    >>> log_losses(np.array([1.0, 0.0]), np.array([0.8, 0.8]), np.array([1.0, 0.5])).round(3)
    array([0.223, 0.511])
    """
    seen = np.clip(propensity * probability, EDGE, 1 - EDGE)
    return np.asarray(-(label * np.log(seen) + (1 - label) * np.log1p(-seen)))


def reliability(
    label: Floats, probability: Floats, propensity: Floats, weight: Floats, bins: int = CALIBRATION_BINS
) -> tuple[Floats, Floats, Floats]:
    """Return predicted and observed probability in bins of equal mass, and the share of each bin; shapes (n_bins,).

    Observed probabilities are corrected for pairs that were not examined.
    """
    examined = weight * propensity
    order = np.argsort(probability, kind="stable")
    mass = np.cumsum(examined[order])
    codes = np.empty(len(order), dtype=np.int64)
    codes[order] = np.minimum((mass / mass[-1] * bins).astype(np.int64), bins - 1)
    total = np.bincount(codes, examined, bins)
    kept = total > 0
    predicted = np.bincount(codes, examined * probability, bins)[kept] / total[kept]
    observed = np.bincount(codes, weight * label, bins)[kept] / total[kept]
    return predicted, observed, total[kept] / total.sum()


def calibration_error(
    label: Floats, probability: Floats, propensity: Floats, weight: Floats, bins: int = CALIBRATION_BINS
) -> float:
    """Expected calibration error over bins of equal mass (Naeini et al. 2015).

    >>> label, ones = np.array([1.0, 0.0, 0.0, 0.0]), np.ones(4)
    >>> round(calibration_error(label, np.full(4, 0.25), ones, ones, bins=1), 6)
    0.0
    >>> round(calibration_error(label, np.full(4, 0.35), ones, ones, bins=1), 6)
    0.1
    """
    predicted, observed, share = reliability(label, probability, propensity, weight, bins)
    return float(np.sum(share * np.abs(predicted - observed)))


def ndcg_by_list(lists: Integers, score: Floats, gain: Floats, k: int = 10) -> tuple[Integers, Floats]:
    """Return the code and the nDCG@k of each list, with linear gains; lists without any gain are left out.

    >>> lists, gain = np.array([1, 1, 1]), np.array([0.0, 0.0, 1.0])
    >>> ndcg_by_list(lists, np.array([3.0, 2.0, 1.0]), gain)
    (array([1]), array([0.5]))

    Source: Järvelin and Kekäläinen (2002), "Cumulated gain-based evaluation of IR techniques".
    """
    codes, inverse = np.unique(lists, return_inverse=True)
    achieved = _dcg(inverse, score, gain, k, len(codes))
    ideal = _dcg(inverse, gain, gain, k, len(codes))
    kept = ideal > 0
    return codes[kept], achieved[kept] / ideal[kept]


def _dcg(groups: Integers, score: Floats, gain: Floats, k: int, n_groups: int) -> Floats:
    order = np.lexsort((-score, groups))
    sizes = np.bincount(groups, minlength=n_groups)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rank = np.arange(len(order)) - np.repeat(starts, sizes)
    discounted = np.where(rank < k, gain[order] / np.log2(rank + 2), 0.0)
    return np.asarray(np.bincount(groups[order], discounted, n_groups), dtype=np.float64)
