"""Periods in a line: "2019", "Mar 2021", "03/2021", "seit Mai 2020", "2015 to present", with any dash."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from intake.resumes.words import WORDS, any_of, folded

EARLIEST_YEAR = 1950
_MIDDLE = 6
"""Month at which a year without a month is taken to begin and to end, from 0: on average right for both."""

_TIME = WORDS["time"]
_MONTHS: dict[str, int] = {name: place for place, names in enumerate(_TIME["months"]) for name in names}
_YEAR = r"(?:19[5-9]\d|20\d\d)"
_NAME = rf"(?:{any_of(_MONTHS)})"
_DATE = (
    rf"(?:(?P<iso_year{{0}}>{_YEAR})[-/.](?P<iso_month{{0}}>0?[1-9]|1[0-2])(?:[-/.](?:[0-2]?\d|3[01]))?(?!\d)"
    rf"|(?:(?:[0-2]?\d|3[01])[./-])?(?<!\d)(?P<month{{0}}>0?[1-9]|1[0-2])\s?[./-]\s?(?P<year{{0}}>{_YEAR}|'?\d\d)(?!\d)"
    rf"|(?:(?:[0-2]?\d|3[01])\.?\s)?(?P<name{{0}}>{_NAME})\b\.?,?\s?(?:(?:[0-2]?\d|3[01])(?:st|nd|rd|th)?,\s)?"
    rf"(?:de\s|del\s|of\s|/\s?|-)?(?P<named_year{{0}}>{_YEAR}|'\d\d|\d\d(?!\d))"
    rf"|(?<![\d.,])(?P<plain_year{{0}}>{_YEAR})(?![\d%+]|[.,]\d))"
)
_DASH = r"(?:\s*(?:[-~\u2010-\u2015\u2212\u2192\uff0d>]|->)+\s*)"
_TO = rf"(?:{_DASH}|\s+(?:{any_of(_TIME['to'])})\s+)"
_PRESENT = rf"(?P<present>(?:{any_of(_TIME['present'])})(?!\w))"
_RANGE = re.compile(
    rf"(?<!\w)(?:(?:{any_of(_TIME['from'])})\s+)?(?:{_DATE.format(1)}|(?P<bare>{_NAME})\b\.?)"
    rf"{_TO}(?:{_DATE.format(2)}|{_PRESENT}|(?P<short>\d\d)(?!\d|[./-]\d))(?!\w)"
)
_SINCE = re.compile(rf"(?<!\w)(?:{any_of(_TIME['since'])})\s+{_DATE.format(1)}(?!\w)")
_OPEN = re.compile(rf"(?<!\w){_DATE.format(1)}{_DASH}$")
_SINGLE = re.compile(rf"(?<!\w){_DATE.format(1)}(?!\w)")


@dataclass(frozen=True)
class Period:
    """A period of time, in months since year 0.

    Attributes:
        first: the first month.
        end: the month after the last; None for the present.
        start_character, end_character: where it is written in its line.
        is_exact: whether both ends have a month.
    """

    first: int
    end: int | None
    start_character: int
    end_character: int
    is_exact: bool


def ranges(line: str) -> list[Period]:
    r"""Return the ranges in a line that have two ends, or one and the present.

    >>> [(one.first % 12 + 1, one.end) for one in ranges("M\u00e4r. 2019 \u2013 heute")]
    [(3, None)]
    >>> [(one.end or 0) - one.first for one in ranges("Engineer, 03/2021 - 06/2021; before that 2015 to 2018")]
    [4, 36]
    """
    text = folded(line)
    found = [period for match in _RANGE.finditer(text) if (period := _range(match))]
    found = found or [_open(match) for match in (*_SINCE.finditer(text), *_OPEN.finditer(text))]
    return [one for one in found if one.first // 12 >= EARLIEST_YEAR]


def single(line: str) -> Period | None:
    """Return the one date in a line, as a period of a month or a year; None if there is none or more than one.

    >>> single("Trainee, 2019").is_exact, single("no date") is None
    (False, True)
    """
    matches = list(_SINGLE.finditer(folded(line)))
    if len(matches) != 1:
        return None
    year, month = _point(matches[0], 1)
    first, length = (year * 12 + month, 1) if month is not None else (year * 12, 12)
    return Period(first, first + length, *matches[0].span(), month is not None)


def month_of(day: date) -> int:
    """Return the month of a day, counted since year 0."""
    return day.year * 12 + day.month - 1


def _range(match: re.Match[str]) -> Period | None:
    """Return the period of a match; None if it ends before it begins."""
    end: int | None = None
    is_exact = True
    if not match["present"]:
        year, month = _point(match, 2) if not match["short"] else (_short_year(match), None)
        end = year * 12 + (month + 1 if month is not None else _MIDDLE)
        is_exact = month is not None
    if match["bare"]:  # "March – June 2021"
        if end is None:
            return None
        first = (end - 1) // 12 * 12 + _MONTHS[match["bare"]]
    else:
        year, month = _point(match, 1)
        first = year * 12 + (month if month is not None else _MIDDLE)
        is_exact = is_exact and month is not None
        if end is not None and end == first and month is None:
            first, end = year * 12, year * 12 + 12  # "2019 - 2019"
    if end is not None and end <= first:
        return None
    return Period(first, end, *match.span(), is_exact)


def _open(match: re.Match[str]) -> Period:
    year, month = _point(match, 1)
    return Period(year * 12 + (month if month is not None else _MIDDLE), None, *match.span(), month is not None)


def _short_year(match: re.Match[str]) -> int:
    """Return the second year of "2019-21"."""
    start, _ = _point(match, 1) if not match["bare"] else (2000, None)
    return start // 100 * 100 + int(match["short"])


def _point(match: re.Match[str], side: int) -> tuple[int, int | None]:
    """Return year and month, from 0, of one side of a match; the month is None if it is not written."""
    for year, month in (("iso_year", "iso_month"), ("year", "month"), ("named_year", "name"), ("plain_year", None)):
        written = match[f"{year}{side}"]
        if written:
            return _full_year(written), _month(match[f"{month}{side}"]) if month else None
    raise AssertionError("every branch of a date has a year")


def _full_year(written: str) -> int:
    number = int(written.lstrip("'"))
    if number >= 100:
        return number
    return number + (1900 if number >= 60 else 2000)


def _month(written: str) -> int:
    return int(written) - 1 if written.isdecimal() else _MONTHS[written]


def union(periods: Iterable[Period], today: date) -> int:
    """Return the months that lie in at least one period; overlaps count once, gaps not at all.

    >>> union([Period(0, 12, 0, 0, True), Period(6, 18, 0, 0, True), Period(24, 30, 0, 0, True)], date(2026, 1, 1))
    24
    """
    now = month_of(today) + 1
    spans = sorted((one.first, min(one.end if one.end is not None else now, now)) for one in periods)
    return sum(end - first for first, end in _merged(spans))


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    reached = -1
    for first, end in spans:
        begin = max(first, reached)
        if end > begin:
            yield begin, end
            reached = end
