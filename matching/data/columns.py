"""Columns of a table as numpy and Python values, with the missing ones marked."""

import numpy as np
import polars as pl

from matching.arrays import Floats


def floats(values: pl.Series) -> Floats:
    """Return numbers, shape (n,); null becomes NaN.

    >>> floats(pl.Series([2, None]))
    array([ 2., nan])
    """
    return np.array([np.nan if value is None else value for value in values.to_list()], dtype=np.float64)


def singletons(values: pl.Series) -> list[list[str]]:
    """Wrap each value in a list of its own; null becomes an empty list.

    >>> singletons(pl.Series(["Lyon", None]))
    [['Lyon'], []]
    """
    return [[] if value is None else [value] for value in values.to_list()]
