"""Measures of how a ranking treats groups: skew, divergence and exposure.

`ranked` holds group codes from 0 in ranked order: shape (k,) for one list, (n_lists, k) for several. For skew and
exposure several lists count as one: a single list of ten cannot give each of five groups its exact share.

Sources: Geyik, Ambler, Kenthapadi (2019), arXiv 1905.01989 (skew, NDKL); Singh and Joachims (2018), "Fairness of
Exposure in Rankings" (exposure).
"""

import numpy as np

from matching.arrays import Codes, Floats

ROUNDING = 1e-9  # .29 * 100 is 28.999999999999996, and asks for 29


def skews(ranked: Codes, targets: Floats) -> Floats:
    """Skew@k of each group: log of its share of the places over its target, shape (n_groups,).

    0 is the exact share, below 0 is less, -inf is none at all; NaN if both target and share are 0.

    >>> skews(np.array([0, 0, 0, 1]), np.array([0.5, 0.5])).round(3)
    array([ 0.405, -0.693])
    """
    share = np.bincount(ranked.ravel(), minlength=len(targets)) / ranked.size
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(share / targets))


def min_skew(ranked: Codes, targets: Floats) -> float:
    """MinSkew@k: the skew of the group that is furthest below its target; 0 where all have theirs."""
    return float(np.nanmin(skews(ranked, targets)))


def max_skew(ranked: Codes, targets: Floats) -> float:
    """MaxSkew@k: the skew of the group that is furthest above its target; 0 where all have theirs."""
    return float(np.nanmax(skews(ranked, targets)))


def ndkl(ranked: Codes, targets: Floats) -> float:
    """NDKL: divergence of the shares in every prefix from the targets, early ones weighing more; mean over lists.

    0 is the exact share in every prefix, which no list reaches: at position 1 there is one group only.
    """
    shown = np.eye(len(targets))[ranked]
    length = ranked.shape[-1]
    share = shown.cumsum(axis=-2) / np.arange(1, length + 1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(share > 0, share * np.log(share / targets), 0.0)
    weight = position_exposure(length)
    return float(np.mean(terms.sum(axis=-1) @ weight / weight.sum()))


def infeasible_share(ranked: Codes, targets: Floats) -> float:
    """Share of the prefixes in which some group has fewer places than `floor(length * target)`; 0 is the best.

    The paper's InfeasibleIndex over the number of prefixes, mean over lists.
    """
    length = ranked.shape[-1]
    minimum = np.floor(np.arange(1, length + 1)[:, None] * targets + ROUNDING)
    held = np.eye(len(targets))[ranked].cumsum(axis=-2)
    return float((held < minimum).any(axis=-1).mean())


def position_exposure(length: int) -> Floats:
    """Attention that each position gets: 1 / log2(position + 1), shape (length,)."""
    return np.asarray(1 / np.log2(np.arange(length) + 2))


def mean_exposures(ranked: Codes, sizes: Codes) -> Floats:
    """Exposure in the top k per member of each group, mean over lists, shape (n_groups,); NaN for an empty group.

    Args:
        ranked: the k places that are seen; below them there is no exposure.
        sizes: shape (n_groups,), members of each group in what was ranked.
    """
    weight = np.broadcast_to(position_exposure(ranked.shape[-1]), ranked.shape)
    total = np.bincount(ranked.ravel(), weight.ravel(), minlength=len(sizes))
    lists = ranked.size / ranked.shape[-1]
    return np.asarray(np.divide(total / lists, sizes, out=np.full(len(sizes), np.nan), where=sizes > 0))


def exposure_ratio(ranked: Codes, sizes: Codes) -> float:
    """Smallest mean exposure of a group over the largest: 1 is equal, 0 means that a group is not seen at all."""
    exposures = mean_exposures(ranked, sizes)
    return float(np.nanmin(exposures) / np.nanmax(exposures))
