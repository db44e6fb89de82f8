"""Measures of how a ranking treats groups: skew, divergence and exposure.

`ranked` holds group codes from 0 in ranked order, shape (k,) for one list, (n_lists, k) for several. For skew and
exposure, several lists count as one, because a single list of ten cannot give each of five groups its exact share.
`targets` holds the target share of each group, shape (n_groups,).

Sources: Geyik, Ambler, Kenthapadi (2019), arXiv 1905.01989 (skew, NDKL); Singh and Joachims (2018), "Fairness of
Exposure in Rankings" (exposure).
"""

import numpy as np

from matching.arrays import Codes, Floats

ROUNDING = 1e-9  # .29 * 100 is 28.999999999999996, and its floor must be 29


def skews(ranked: Codes, targets: Floats) -> Floats:
    """Return Skew@k of each group: the log of its share of the places over its target, shape (n_groups,).

    0 is the exact share, a negative value is less, -inf is none; NaN if both target and share are 0.

    >>> skews(np.array([0, 0, 0, 1]), np.array([0.5, 0.5])).round(3)
    array([ 0.405, -0.693])
    """
    share = np.bincount(ranked.ravel(), minlength=len(targets)) / ranked.size
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(share / targets))


def min_skew(ranked: Codes, targets: Floats) -> float:
    """Return MinSkew@k, the skew of the group furthest below its target; 0 if every group has its share."""
    return float(np.nanmin(skews(ranked, targets)))


def max_skew(ranked: Codes, targets: Floats) -> float:
    """Return MaxSkew@k, the skew of the group furthest above its target; 0 if every group has its share."""
    return float(np.nanmax(skews(ranked, targets)))


def ndkl(ranked: Codes, targets: Floats) -> float:
    """Return NDKL: the divergence of the shares in every prefix from the targets, mean over lists.

    Earlier prefixes weigh more. 0 is the exact share in every prefix, which no list of several groups reaches: a prefix
    of one position holds one group only.
    """
    shown = np.eye(len(targets))[ranked]
    length = ranked.shape[-1]
    share = shown.cumsum(axis=-2) / np.arange(1, length + 1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(share > 0, share * np.log(share / targets), 0.0)
    weight = position_exposure(length)
    return float(np.mean(terms.sum(axis=-1) @ weight / weight.sum()))


def infeasible_share(ranked: Codes, targets: Floats) -> float:
    """Return the share of prefixes in which a group has fewer than `floor(length * target)` places; 0 is the best.

    It is the paper's InfeasibleIndex divided by the number of prefixes, mean over lists.
    """
    length = ranked.shape[-1]
    minimum = np.floor(np.arange(1, length + 1)[:, None] * targets + ROUNDING)
    held = np.eye(len(targets))[ranked].cumsum(axis=-2)
    return float((held < minimum).any(axis=-1).mean())


def position_exposure(length: int) -> Floats:
    """Return the exposure of each position, 1 / log2(position + 1), shape (length,)."""
    return np.asarray(1 / np.log2(np.arange(length) + 2))


def mean_exposures(ranked: Codes, sizes: Codes) -> Floats:
    """Return the exposure in the top k per member of each group, mean over lists, shape (n_groups,).

    Args:
        ranked: the k places that count; the places below have no exposure.
        sizes: shape (n_groups,), members of each group in the ranked pool.

    Returns:
        NaN for a group without members.
    """
    weight = np.broadcast_to(position_exposure(ranked.shape[-1]), ranked.shape)
    total = np.bincount(ranked.ravel(), weight.ravel(), minlength=len(sizes))
    lists = ranked.size / ranked.shape[-1]
    return np.asarray(np.divide(total / lists, sizes, out=np.full(len(sizes), np.nan), where=sizes > 0))


def exposure_ratio(ranked: Codes, sizes: Codes) -> float:
    """Return the smallest mean exposure of a group over the largest: 1 is equal, 0 means a group without exposure."""
    exposures = mean_exposures(ranked, sizes)
    return float(np.nanmin(exposures) / np.nanmax(exposures))
