"""Hints at what is wrong with a value. They show numbers, times, ids and allowed words, but never other text."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from matching.data.origin import FAULTS
from matching.data.suggestions import closest
from matching.data.validation_report import count
from matching.text.pay import likely_period
from matching.text.pay_rates import ARTICLES

Hint = Callable[[Any], str | None]
_HINTED_ROWS = 2_000  # of each rule; a report shows only a few


def of_column(described: Mapping[str, Any], schema: Mapping[str, Any]) -> Hint:
    """Choose the hint for a column's values from its JSON schema."""
    parts = [described, *described.get("anyOf", [])]
    parts += [schema["$defs"][part["$ref"].rpartition("/")[2]] for part in parts if "$ref" in part]
    words = next((part["enum"] for part in parts if "enum" in part), None)
    if words is not None:
        return lambda value: near_word(value, words)
    items = next((part["items"] for part in parts if "items" in part), None)
    if items is not None:
        return lambda value: _near_entry(value, items["enum"]) if "enum" in items else None
    if any(part.get("type") in ("number", "integer") for part in parts):
        return salary if described.get("unit") == "USD per year" else number
    if any(part.get("format") == "date-time" for part in parts):
        return moment
    return length


def number(value: Any) -> str | None:
    """Show a number."""
    return f"found {value:,.15g}" if isinstance(value, int | float) else None


def salary(value: Any) -> str | None:
    """Show a yearly salary, and say if it looks like one of a shorter period.

    >>> salary(60), salary(9_000_000)
    ('found 60, which looks like an hourly amount', 'found 9,000,000')
    """
    period = likely_period(value) if isinstance(value, int | float) and value > 0 else None
    return number(value) if period is None else f"{number(value)}, which looks like {ARTICLES[period]} amount"


def moment(value: Any) -> str | None:
    """Show a time, as `add` writes it."""
    return f"found {value}" if isinstance(value, str) else None


def length(value: Any) -> str | None:
    """Show the length of a text."""
    return f"found {count(len(value), 'character')}" if isinstance(value, str) else None


def near_word(value: Any, words: list[str]) -> str | None:
    """Suggest the allowed word that was probably meant; other text may be personal and is not shown."""
    meant = closest(str(value), words)
    return f"found {value}: did you mean {meant}?" if meant else None


def known_id(value: Any, ids: pl.Series) -> str:
    """Show an id, and suggest the known one that differs from it only in form."""
    form = str(value).strip().casefold().removesuffix(".0").lstrip("0")
    same = ids.filter(ids.str.strip_chars().str.to_lowercase().str.strip_chars_start("0") == form)
    return f"found {value}: did you mean {same[0]}?" if len(same) else f"found {value}"


def _near_entry(value: Any, words: list[str]) -> str | None:
    found = (near_word(entry, words) for entry in value if entry is not None and entry not in words)
    return next((hint for hint in found if hint), None)


def add(failures: pl.DataFrame, table: pl.DataFrame, by_rule: Mapping[tuple[str, str], Hint | None]) -> pl.DataFrame:
    """Add a hint to each failure.

    Args:
        failures: columns `row`, `column` and `rule`.
        table: the rows.
        by_rule: the hint for each column and rule.

    Returns:
        The failures, schema `FAULTS`; only the first rows of each rule have hints.
    """
    parts = []
    for (column, rule), part in failures.group_by("column", "rule", maintain_order=True):
        hint = by_rule.get((str(column), str(rule)))
        values = _printable(table[str(column)].gather(part["row"].head(_HINTED_ROWS) - 1)) if hint else None
        seen: dict[Any, str | None] = {}
        texts = [] if hint is None or values is None else [_once(hint, value, seen) for value in values.to_list()]
        hints = pl.Series("hint", texts, dtype=pl.String).extend_constant(None, part.height - len(texts))
        parts.append(part.with_columns(hints, number=pl.lit(None, pl.Int64)).select(FAULTS.names()))
    return pl.concat(parts).sort("row", maintain_order=True)


def _printable(values: pl.Series) -> pl.Series:
    """Write times in ISO 8601: Python has no years above 9999, and prints those below 1000 with fewer digits."""
    return values.dt.to_string("%Y-%m-%dT%H:%M:%SZ") if values.dtype.is_temporal() else values


def _once(hint: Hint, value: Any, seen: dict[Any, str | None]) -> str | None:
    """Compute the hint of each different value once."""
    key = str(value)
    if key not in seen:
        seen[key] = None if value is None else hint(value)
    return seen[key]
