"""The values of one column, converted to the type of its record if they have exactly one meaning, else null."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from matching.data.validation_report import count
from matching.sources.reading import times

EXACT, EXACT_FLOAT32 = 2**53, 2**24
"""From here on, floats cannot represent every whole number: an id that became a float is lost."""

_EMPTY_WORDS = ("na", "n/a", "null", "none", "nan", "\\n", "-", "nil")
_TRUE, _FALSE = ("true", "t", "yes", "1", "1.0"), ("false", "f", "no", "0", "0.0")
_WITH_COMMA = r"^[+-]?\d*,\d+$|^[+-]?\d{1,3}(\.\d{3})+,\d+$"
_THOUSANDS_COMMA, _THOUSANDS_DOT = r"^[+-]?[1-9]\d{0,2}(,\d{3})+$", r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$"
_PLAIN = re.compile(r"[-+\d.,:/ TZ'eE$€£kK%\u00a0\u202f]{1,40}|[+-]?inf(inity)?")


@dataclass(frozen=True)
class Column:
    """One column after conversion.

    Attributes:
        values: converted values; null for a value without a single meaning.
        expected: what a value must be, in words.
        hint: returns what was found for a value that could not be read, without text that may be personal.
        note: what was interpreted; None if nothing was.
    """

    values: pl.Series
    expected: str
    hint: Callable[[Any], str | None] = lambda _: None
    note: str | None = None


def convert(
    values: pl.Series, kind: pl.DataType, *, is_id: bool = False, in_thousands: bool = False, delimiter: str = ","
) -> Column:
    """Convert one column.

    Args:
        values: values of the file, text in CSV and any type in Parquet.
        kind: type to convert to.
        is_id: whether the column holds identifiers of candidates, jobs or lists.
        in_thousands: whether the numbers are at least 1,000, so that `55.000` is hardly 55.
        delimiter: delimiter of the file; with semicolons, a comma may be a decimal comma.

    >>> convert(pl.Series(["55,5", "60,0"]), pl.Float64(), delimiter=";").values.to_list()
    [55.5, 60.0]
    """
    if values.dtype in (pl.Categorical, pl.Enum):
        values = values.cast(pl.String)
    if (values.dtype == kind and not is_id and not kind.is_float()) or values.dtype == pl.Null:
        return Column(values.cast(kind), _words(kind))
    if isinstance(kind, pl.List):
        return Column(_lists(values, kind), _words(kind), _not_a_list)
    if isinstance(kind, pl.Datetime):
        converted, note = times.read(values)
        return Column(converted, times.EXPECTED, times.hint, note)
    if kind.is_numeric():
        return _numbers(values, kind, in_thousands=in_thousands, delimiter=delimiter)
    if isinstance(kind, pl.Boolean):
        return Column(_booleans(values), "true or false", _found)
    return _ids(values) if is_id else Column(_texts(values), "text")


def _words(kind: pl.DataType) -> str:
    if isinstance(kind, pl.List):
        return "a list (a JSON array of names; skills may be {name, years})"
    return "a whole number" if kind.is_integer() else "a number" if kind.is_numeric() else "text"


def _not_a_list(value: Any) -> str | None:
    """Return what is wrong with a text in place of a list; its entries may be personal."""
    if not isinstance(value, str):
        return None
    if not value.lstrip().startswith("["):
        return 'found text that is no JSON array: write ["a", "b"]'
    if re.match(r"\s*\[\s*'", value):
        return "found a list as Python prints it, with single quotation marks: write it with json.dumps"
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return 'found a damaged list: write ["a", "b"]'
    return 'found a list with other entries than text: write ["a", "b"]'


def _found(value: Any) -> str | None:
    """Return a value that is a number or means none; of other text only the length, because it may be personal."""
    text = str(value).strip()
    if text.casefold() in _EMPTY_WORDS:
        return f"found {text}: leave the cell empty where there is no value"
    return f"found {text}" if _PLAIN.fullmatch(text) else f"found text of {count(len(text), 'character')}"


def _cast(values: pl.Series, kind: pl.DataType) -> pl.Series:
    """Cast values; what cannot be cast becomes null."""
    try:
        return values.cast(kind, strict=False)
    except pl.exceptions.PolarsError:
        return pl.Series(values.name, [None] * len(values), dtype=kind)


def _numbers(values: pl.Series, kind: pl.DataType, *, in_thousands: bool, delimiter: str) -> Column:
    note = None
    hint: Callable[[Any], str | None] = _found
    if values.dtype == pl.Boolean:
        converted = pl.Series(values.name, [None] * len(values), dtype=pl.Float64())
    elif values.dtype == pl.String:
        text = values.str.strip_chars()
        converted, note, hint = _numbers_in_text(text, splits_thousands=in_thousands or delimiter == ";")
    else:
        converted = _cast(values, pl.Float64() if values.dtype.is_float() else kind)
    if converted.dtype.is_float():
        converted = converted.fill_nan(None)
    if kind.is_integer() and converted.dtype.is_float():
        whole = (converted == converted.floor()) & (converted.abs() < EXACT)
        converted = pl.select(pl.when(whole).then(converted)).to_series().cast(kind, strict=False)
    return Column(converted.cast(kind, strict=False).alias(values.name), _words(kind), hint, note)


def _numbers_in_text(
    text: pl.Series, *, splits_thousands: bool
) -> tuple[pl.Series, str | None, Callable[[Any], str | None]]:
    """Read numbers with a decimal point, or with a decimal comma if the whole column shows that it is one.

    With `splits_thousands`, a point before three digits is a decimal one only if another number shows that it is.
    """
    plain = text.cast(pl.Float64, strict=False)
    lost = text.filter(plain.is_null() & text.is_not_null())
    thousands_dot = splits_thousands and bool(text.str.contains(_THOUSANDS_DOT).any())
    if not len(lost) and not thousands_dot:
        return plain, None, _found
    commas = lost.str.contains(_WITH_COMMA)
    decides = commas & ~lost.str.contains(_THOUSANDS_COMMA)
    with_point = text.filter(plain.is_not_null() & text.str.contains(".", literal=True))
    points = with_point.filter(~with_point.str.contains(_THOUSANDS_DOT))
    if decides.any() and not len(points):
        swapped = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        fits = text.str.contains(_WITH_COMMA) | text.str.contains(_THOUSANDS_DOT) | ~text.str.contains(r"[.,]")
        read = pl.select(pl.when(fits).then(swapped)).to_series().cast(pl.Float64, strict=False)
        return read, "numbers were read with a decimal comma", _found
    if thousands_dot and not len(points):
        plain = pl.select(pl.when(~text.str.contains(_THOUSANDS_DOT)).then(plain)).to_series()
    return plain, None, _ambiguous


def _ambiguous(value: Any) -> str | None:
    text = str(value).strip()
    if re.fullmatch(f"{_THOUSANDS_COMMA}|{_THOUSANDS_DOT}", text):
        whole, fraction = re.sub(r"[.,]", "", text), re.sub(r"[.,]", ".", text, count=1)
        return f"found {text}, which may mean {whole} or {fraction}: write it without separators"
    return _found(value)


def _booleans(values: pl.Series) -> pl.Series:
    """Read true and false as programs write them; other values become null."""
    words = _cast(values, pl.String()).str.strip_chars().str.to_lowercase()
    known = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
    return words.replace_strict(known, default=None, return_dtype=pl.Boolean)


def _texts(values: pl.Series) -> pl.Series:
    if values.dtype.is_nested() or values.dtype == pl.Object:
        return pl.Series(values.name, [None] * len(values), dtype=pl.String())
    return _cast(values, pl.String())


def _ids(values: pl.Series) -> Column:
    """Read ids: text, whole numbers, whole numbers that became floats, and UUIDs as bytes."""
    if values.dtype == pl.String:
        return _text_ids(values)
    if values.dtype == pl.Binary:
        return _bytes_as_ids(values)
    if values.dtype.is_decimal():
        whole = values.cast(pl.String).str.replace(r"\.0+$", "")
        return Column(
            pl.select(pl.when(~whole.str.contains(".", literal=True)).then(whole)).to_series(), "a whole number"
        )
    if values.dtype.is_float():
        exact = (values == values.floor()) & (values.abs() < (EXACT if values.dtype == pl.Float64 else EXACT_FLOAT32))
        whole = pl.select(pl.when(exact).then(values)).to_series().cast(pl.Int64, strict=False).cast(pl.String)
        note = _AS_FLOATS if exact.any() else None
        return Column(whole.alias(values.name), "an id with all its digits", _lost_id, note)
    return Column(_texts(values), "text")


_AS_FLOATS = "ids that are floats (123.0) were read as whole numbers (123)"
_FLOAT = r"^-?\d+\.0+$"
_SCIENTIFIC = r"^-?\d(\.\d+)?[eE]\+\d+$"


def _text_ids(values: pl.Series) -> Column:
    """Read text ids; ids that became floats are read if all of the column did and none has lost digits."""
    text = values.str.strip_chars()
    floats = text.str.contains(_FLOAT)
    lost = text.str.contains(_SCIENTIFIC)
    if not floats.any() and not lost.any():
        return Column(text if (text != values).any() else values, "text")
    note = None
    if (floats | lost | text.is_null() | text.str.contains(r"^-?\d+$")).all() and floats.any():
        text = text.str.replace(r"\.0+$", "")
        lost |= floats & (text.cast(pl.Float64, strict=False).abs() >= EXACT)
        note = _AS_FLOATS if (floats & ~lost).any() else None
    kept = pl.select(pl.when(~lost).then(text)).to_series()
    return Column(kept.alias(values.name), "an id with all its digits", _lost_id, note)


def _lost_id(value: Any) -> str | None:
    if isinstance(value, str) and re.fullmatch(_SCIENTIFIC, value.strip()):
        return f"found {value}, the scientific notation of Excel, which hides digits: export ids as text"
    return f"found {value}, a float that lost digits (beyond 2^53, or a fraction): export ids as text"


def _bytes_as_ids(values: pl.Series) -> Column:
    """Read bytes that are text or UUIDs of 16 bytes, high byte first as in Parquet."""
    text = _cast(values, pl.String())
    if (text.is_not_null() | values.is_null()).all() and not text.str.contains(r"[\x00-\x1f]").any():
        return Column(text, "text")
    digits = values.bin.encode("hex")
    uuid = digits.str.replace(r"^(.{8})(.{4})(.{4})(.{4})(.{12})$", "$1-$2-$3-$4-$5")
    read = pl.select(pl.when(values.bin.size() == 16).then(uuid)).to_series()
    note = "ids of 16 bytes were read as UUIDs"
    return Column(
        read.alias(values.name), "text or a UUID of 16 bytes", lambda v: f"found {count(len(v), 'byte')}", note
    )


def _lists(values: pl.Series, kind: pl.List) -> pl.Series:
    """Read lists from JSON text or from a list column; other values become null."""
    inner = kind.inner
    of_skills = isinstance(inner, pl.Struct)
    rows = [None if row is None else _entries(row, of_skills) for row in values.to_list()]
    # Flat columns and one grouping, because polars takes seconds to build as many lists of dictionaries one by one.
    flat = [entry for row in rows if row for entry in row]
    if isinstance(inner, pl.Struct):
        entries = pl.DataFrame(flat, schema=dict(inner)).to_struct()
    else:
        entries = pl.Series(flat, dtype=inner)
    of_row = np.repeat(np.arange(len(rows)), [len(row or ()) for row in rows])
    lists = pl.DataFrame({"row": of_row, "entry": entries}).group_by("row").agg("entry")
    every = pl.DataFrame({"row": np.arange(len(rows)), "known": [row is not None for row in rows]})
    joined = every.join(lists, on="row", how="left", maintain_order="left")
    filled = pl.when("known").then(pl.coalesce("entry", pl.lit(pl.Series([[]], dtype=kind)).first()))
    return joined.select(filled.alias(values.name)).to_series()


def _entries(row: Any, of_skills: bool) -> list[Any] | None:
    if isinstance(row, str):
        try:
            row = json.loads(row or "[]")
        except (ValueError, RecursionError):
            return None
    if not isinstance(row, list):
        return None
    entries = [_skill(entry) if of_skills else entry for entry in row]
    return entries if all(isinstance(entry, dict if of_skills else str) for entry in entries) else None


def _skill(entry: Any) -> dict[str, Any] | None:
    """Read a skill from its name, or from an object with name and years."""
    if isinstance(entry, str):
        return {"name": entry, "years": None}
    if not isinstance(entry, dict) or not {"name"} <= set(entry) <= {"name", "years"}:
        return None
    years = entry.get("years")
    numeric = years is None or (isinstance(years, int | float) and not isinstance(years, bool))
    known = isinstance(entry["name"], str) and numeric
    return {"name": entry["name"], "years": None if years is None else float(years)} if known else None
