"""Numbers that JSON can represent."""

import math
from collections.abc import Mapping
from typing import Any


def finite_or_null(content: Any) -> Any:
    """Replace every NaN and infinity in nested content with None, because JSON has neither.

    Keys become strings, tuples become lists.

    >>> finite_or_null({"auc": float("nan"), "draws": (1, 2.5)})
    {'auc': None, 'draws': [1, 2.5]}
    """
    if isinstance(content, Mapping):
        return {str(key): finite_or_null(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite_or_null(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
