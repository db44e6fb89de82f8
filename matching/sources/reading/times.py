"""Times as programs write them (ISO 8601, Postgres, Excel, Unix), read if they have exactly one meaning."""

import re
from typing import Any

import polars as pl

from matching.data.tables import EARLIEST, LATEST
from matching.data.validation_report import count

EXPECTED = "a time in ISO 8601, such as 2026-01-31T09:00:00Z"

_UTC = pl.Datetime("us", "UTC")
_CLOCK = r"(?:[T ]+(\d{1,2}:\d\d)(:\d\d)?(?:[.,](\d{1,9}))?(?:[\s\u00a0\u202f]*([AaPp])\.?[Mm]\.?)?)?"
# Java adds the name of the zone: 2026-01-31T09:00:00+01:00[Europe/Paris]. Without the offset it is not enough.
_ZONE = r"\s*(?:(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)(?:\[[\w/+-]{1,40}\])?)?$"
_YEAR_FIRST = rf"^(\d{{4}})[-/](\d{{1,2}})[-/](\d{{1,2}}){_CLOCK}{_ZONE}"
_DOTTED = rf"^(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}}){_CLOCK}{_ZONE}"
_SLASHED = rf"^(\d{{1,2}})/(\d{{1,2}})/(\d{{4}}){_CLOCK}{_ZONE}"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = r"(?:(?i:mon|tue|wed|thu|fri|sat|sun),\s*)?"
_MAIL = rf"^{_WEEKDAY}(\d{{1,2}})[ -]((?i:{'|'.join(_MONTHS)}))[ -](\d{{4}}){_CLOCK}{_ZONE}"
_NUMBER = r"^\d+([.,]\d+)?$"
_EXCEL_EPOCH_DAYS = 25_569  # days from Excel's day 0, 1899-12-30, to 1970-01-01
_DAY = 86_400.0
_SHOWN = re.compile(
    r"(?:[-+\d.,:/ TZ\u00a0\u202f]|[ap]\.?m\b\.?|utc|gmt|[cew]es?t\b|[ecmp][sd]t\b"
    r"|\[(?:utc|gmt|(?:africa|america|asia|atlantic|australia|europe|indian|pacific|etc)/[\w/+-]{1,40})\]"
    r"|\((?:[a-z]+ ){1,3}(?:standard|daylight|summer|universal) time\)|\(coordinated universal time\)"
    r"|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b"
    rf"|(?:{'|'.join(_MONTHS)})\b|january|february|march|april|june|july|august|sept(?:ember)?|october"
    r"|november|december)+",
    re.IGNORECASE,
)
_LONGEST_SHOWN = 40


def read(values: pl.Series) -> tuple[pl.Series, str | None]:
    """Read a column of times; one without an offset is UTC.

    Returns:
        The times, null for a value without a single meaning; and what was interpreted.
    """
    if isinstance(values.dtype, pl.Datetime | pl.Date):
        times = values.cast(pl.Datetime("us")) if values.dtype == pl.Date else values.dt.cast_time_unit("us")
        zoned = times.dt.replace_time_zone("UTC") if times.dtype == pl.Datetime("us") else times
        return zoned.dt.convert_time_zone("UTC"), None
    if values.dtype.is_nested() or values.dtype in (pl.Boolean, pl.Binary, pl.Object, pl.Time, pl.Duration):
        return pl.Series(values.name, [None] * len(values), dtype=_UTC), None
    text = values.cast(pl.String).str.strip_chars()
    found = text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    left = (found.is_null() & text.is_not_null()).arg_true()
    if not len(left):
        return found.alias(values.name), None
    rest, note = _other_forms(text.gather(left))
    return found.scatter(left, rest).alias(values.name), note


def hint(value: Any) -> str | None:
    """Return what was found in place of a time; of other text only the length, because it may be personal."""
    text = str(value).strip()
    if text.casefold() in _NO_TIMES:
        return f"found {text}: leave the cell empty where there is no time"
    if text.casefold().lstrip("+-") == "infinity":
        return f"found {text}, which is no moment"
    if not _is_shown(text):
        return f"found text of {count(len(text), 'character')}"
    if re.match(r"\d{1,2}([/.-])\d{1,2}\1\d\d(?!\d)", text):
        return f"found {text}, whose year is not certain: write it with four digits"
    slashed = re.match(r"(\d{1,2})/(\d{1,2})/(\d{4})", text)
    if slashed:
        first, second, year = slashed.groups()
        if int(first) <= 12 and int(second) <= 12:
            return f"found {text}, which may mean {year}-{second:0>2}-{first:0>2} or {year}-{first:0>2}-{second:0>2}"
    return f"found {text}" if len(text) <= _LONGEST_SHOWN else f"found {text[:_LONGEST_SHOWN]}..."


_NO_TIMES = ("na", "n/a", "null", "none", "nan", "nat", "-")


def _is_shown(text: str) -> bool:
    """Whether a text is made of digits and the words of times only, so that it is no personal data."""
    return bool(_SHOWN.fullmatch(text)) and any(character.isdigit() for character in text)


def _other_forms(text: pl.Series) -> tuple[pl.Series, str | None]:
    """Read times in other forms than RFC 3339."""
    frame = pl.DataFrame({"text": text})
    day_first = _slashes_are_day_first(text)
    slashed = None if day_first is None else (_parts(_SLASHED, "321") if day_first else _parts(_SLASHED, "312"))
    forms = (_parts(_YEAR_FIRST, "123"), _parts(_DOTTED, "321"), _parts(_MAIL, "321"), slashed)
    iso = pl.coalesce(*(form for form in forms if form is not None))
    written = iso.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False)
    # A comma is a decimal one: read as a separator of thousands, no number has so many digits before it.
    digits = pl.col("text").str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    counted = _counted(pl.when(pl.col("text").str.contains(_NUMBER)).then(digits))
    found = frame.select(written=written, serial=counted["serial"], unix=counted["unix"])
    notes = []
    if day_first is not None:
        notes.append(f"times such as 31/01/2026 were read as {'day/month' if day_first else 'month/day'}/year")
    if found["serial"].is_not_null().any():
        notes.append("numbers were read as Excel's serial dates, counted from 1900, in UTC")
    if found["unix"].is_not_null().any():
        notes.append("numbers were read as Unix times")
    times = found.select(pl.coalesce("written", "serial", "unix")).to_series()
    return times, "; ".join(notes) or None


def _parts(pattern: str, order: str) -> pl.Expr:
    """Return a time in ISO 8601, null if the pattern does not match; `order` has the groups of year, month and day."""
    text = pl.col("text")
    year, month, day = (text.str.extract(pattern, int(group)).str.zfill(2) for group in order)
    numbered = {word: f"{number:02}" for number, word in enumerate(_MONTHS, start=1)}
    month = month.str.to_lowercase().replace(numbered)
    clock = _in_24_hours(text.str.extract(pattern, 4).fill_null("00:00").str.zfill(5), text.str.extract(pattern, 7))
    seconds, fraction = text.str.extract(pattern, 5).fill_null(":00"), text.str.extract(pattern, 6).fill_null("0")
    zone = text.str.extract(pattern, 8).fill_null("+00:00").str.replace("^(Z|z|UTC|GMT)$", "+00:00")
    return pl.format("{}-{}-{}T{}{}.{}{}", year, month, day, clock, seconds, fraction, zone)


def _in_24_hours(clock: pl.Expr, half: pl.Expr) -> pl.Expr:
    """Return a time of day such as 14:51; `half` is the A of AM or the P of PM, if any. 14:51 PM becomes null."""
    hour = clock.str.head(2).cast(pl.Int64)
    later = pl.when(half.str.to_lowercase() == "p").then(12).otherwise(0)
    named = pl.when(hour.is_between(1, 12)).then(hour % 12 + later).cast(pl.String).str.zfill(2)
    return pl.when(half.is_null()).then(clock).otherwise(named + clock.str.tail(3))


def _slashes_are_day_first(text: pl.Series) -> bool | None:
    """Whether the column has dates like 31/01/2026; None if its values leave this open or contradict each other."""
    slashed = text.filter(text.str.contains(_SLASHED))
    first = (slashed.str.extract(_SLASHED, 1).cast(pl.Int64) > 12).any()
    second = (slashed.str.extract(_SLASHED, 2).cast(pl.Int64) > 12).any()
    return None if first == second else first


def _counted(number: pl.Expr) -> dict[str, pl.Expr]:
    """Read numbers as days since 1900 or as seconds, milli-, micro- or nanoseconds since 1970.

    Between 1990 and 2100 the five ranges do not overlap, so a number has at most one meaning.
    """

    def moment(seconds: pl.Expr) -> pl.Expr:
        known = (seconds >= EARLIEST.timestamp()) & (seconds < LATEST.timestamp())
        micros = (pl.when(known).then(seconds) * 1_000).round() * 1_000
        return micros.cast(pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")

    units = [moment(number / scale) for scale in (1.0, 1e3, 1e6, 1e9)]
    return {"serial": moment((number - _EXCEL_EPOCH_DAYS) * _DAY), "unix": pl.coalesce(*units)}
