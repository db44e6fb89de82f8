"""Kinds of arrays by name; the docstring of a function gives their shapes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Rows = NDArray[np.int64]  # row numbers of a table
Codes = NDArray[np.int64]  # numbers that stand for the values of a category
Keys = NDArray[np.uint64]  # hashes, and sets as bits
