"""Shares of a whole that may be zero."""

import numpy as np

from matching.arrays import Floats


def share(part: Floats, whole: Floats) -> Floats:
    """`part / whole`; NaN where the whole is zero."""
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0))
