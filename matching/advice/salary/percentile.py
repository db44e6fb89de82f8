"""The salary percentile: the share of similar candidates who expect less."""

import numpy as np
from scipy.special import ndtr

from matching.arrays import Floats

QUARTILE_OF_NORMAL = 0.6744897501960817
NARROWEST = 0.01  # smallest half-width of the quartiles, in logs: equal quartiles still give a finite percentile


def percentile(salary: float, quartiles: Floats) -> float:
    """Return the share of similar candidates who expect less, 0 to 1.

    The distribution is log-normal on each side of the median, through the quartiles.

    Args:
        salary: the expected salary, in the unit of the quartiles.
        quartiles: shape (3,), the lower quartile, the median and the upper quartile.

    >>> quartiles = np.array([40_000.0, 50_000.0, 70_000.0])
    >>> [round(percentile(salary, quartiles), 2) for salary in (40_000, 50_000, 90_000)]
    [0.25, 0.5, 0.88]
    """
    low, middle, high = np.log(quartiles)
    gap = np.log(salary) - middle
    width = max(high - middle if gap > 0 else middle - low, NARROWEST)
    return float(ndtr(QUARTILE_OF_NORMAL * gap / width))
