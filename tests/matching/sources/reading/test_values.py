"""Values with exactly one meaning are converted, and any other value becomes null with a hint."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from matching.sources.reading import times, values

EXACT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 2, tzinfo=UTC)

TIMES = {
    "ISO 8601": ("2026-01-02T03:04:05Z", EXACT),
    "offset": ("2026-01-02T05:04:05+02:00", EXACT),
    "no offset": ("2026-01-02T03:04:05", EXACT),
    "day": ("2026-01-02", MIDNIGHT),
    "Postgres": ("2026-01-02 03:04:05.123+00", EXACT.replace(microsecond=123_000)),
    "Postgres, half an hour": ("2026-01-02 08:34:05+05:30", EXACT),
    "Postgres, west": ("2026-01-02 00:04:05.5-03", EXACT.replace(microsecond=500_000)),
    "UTC in words": ("2026-01-02 03:04:05 UTC", EXACT),
    "comma before the fraction": ("2026-01-02T03:04:05,5Z", EXACT.replace(microsecond=500_000)),
    "slashes, year first": ("2026/01/02 03:04:05", EXACT),
    "dots": ("02.01.2026 03:04:05", EXACT),
    "Excel": ("46024.127835648146", EXACT),
    "Excel, a day": ("46024", MIDNIGHT),
    "Excel, a decimal comma": ("46024,127835648146", EXACT),
    "Java": ("2026-01-02T05:04:05+02:00[Europe/Kyiv]", EXACT),
    "mail": ("Fri, 02 Jan 2026 03:04:05 +0000", EXACT),
    "Oracle": ("02-JAN-2026", MIDNIGHT),
    "Unix": ("1767323045", EXACT),
    "Unix, milliseconds": ("1767323045000", EXACT),
}


@pytest.mark.parametrize(("text", "time"), TIMES.values(), ids=TIMES)
def test_a_time_with_one_meaning_is_read(text: str, time: datetime) -> None:
    assert times.read(pl.Series("time", [text, None]))[0].to_list() == [time, None]


def test_excel_and_unix_numbers_in_parquet_are_read_and_noted() -> None:
    found, note = times.read(pl.Series("time", [46024.127835648146]))
    assert (found.to_list(), note) == ([EXACT], "numbers were read as Excel's serial dates, counted from 1900, in UTC")
    assert times.read(pl.Series("time", [1767323045]))[0].to_list() == [EXACT]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("02/01/2026", "found 02/01/2026, which may mean 2026-01-02 or 2026-02-01"),
        ("infinity", "found infinity, which is no moment"),
        ("2026-02-30", "found 2026-02-30"),
        ("31/02/2026", "found 31/02/2026"),
        ("NULL", "found NULL: leave the cell empty where there is no time"),
        ("9000", "found 9000"),
        ("46,024", "found 46,024"),
        ("01/31/26 13:54", "found 01/31/26 13:54, whose year is not certain: write it with four digits"),
        ("Fri, 02 Jan 2026 03:04:05 EST", "found Fri, 02 Jan 2026 03:04:05 EST"),
        ("2026-01-02T03:04:05[Europe/Kyiv]", "found 2026-01-02T03:04:05[Europe/Kyiv]"),
        (
            "Fri Jan 02 2026 03:04:05 GMT+0000 (Coordinated Universal Time)",
            "found Fri Jan 02 2026 03:04:05 GMT+0000 (Coord...",
        ),
        ("02/01/2026 Jane Roe", "found text of 19 characters"),
        ("x", "found text of 1 character"),
        ("when Jane Roe called", "found text of 20 characters"),
    ],
)
def test_a_time_without_one_meaning_is_refused(text: str, hint: str) -> None:
    assert times.read(pl.Series("time", [text]))[0].to_list() == [None]
    assert times.hint(text) == hint


@pytest.mark.parametrize(
    ("decisive", "time"), [("31/01/2026", MIDNIGHT), ("01/31/2026", datetime(2026, 2, 1, tzinfo=UTC))]
)
def test_the_column_decides_whether_the_day_comes_first(decisive: str, time: datetime) -> None:
    found, note = times.read(pl.Series("time", ["02/01/2026", decisive]))
    assert found[0] == time
    assert note is not None
    both, _ = times.read(pl.Series("time", ["02/01/2026", "31/01/2026", "01/31/2026"]))
    assert both.null_count() == 3


@pytest.mark.parametrize(
    ("clock", "hour"),
    [("2:51 PM", 14), ("02:51:00 am", 2), ("12:51 AM", 0), ("12:51\u202fp.m.", 12), ("14:51 PM", None)],
)
def test_a_clock_of_twelve_hours_is_read(clock: str, hour: int | None) -> None:
    found, _ = times.read(pl.Series("time", [f"1/13/2026 {clock}"]))
    assert found.to_list() == [None if hour is None else datetime(2026, 1, 13, hour, 51, tzinfo=UTC)]


NUMBERS: dict[str, tuple[list[str], str, list[float | None]]] = {
    "points": (["5", " 5.5 ", "1e5"], ",", [5.0, 5.5, 100_000.0]),
    "decimal commas": (["55,5", "60,000", "1.234,5"], ";", [55.5, 60.0, 1_234.5]),
    "commas between thousands or not": (["55,000", "60,000"], ",", [None, None]),
    "commas and points": (["55,5", "5.5"], ";", [None, 5.5]),
    "points between thousands or not": (["55.000", "7"], ";", [None, 7.0]),
    "points, since another has two decimals": (["55.000", "60.25"], ";", [55.0, 60.25]),
    "points in a file with commas": (["55.000"], ",", [55.0]),
    "words": (["a lot", "NA"], ",", [None, None]),
    "no numbers": (["nan", "NaN", "7"], ",", [None, None, 7.0]),
}


@pytest.mark.parametrize(("texts", "delimiter", "found"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_is_read_if_comma_and_point_have_one_meaning(
    texts: list[str], delimiter: str, found: list[float | None]
) -> None:
    assert values.convert(pl.Series("x", texts), pl.Float64(), delimiter=delimiter).values.to_list() == found


def test_a_salary_with_a_point_before_three_digits_is_not_read_as_a_small_one() -> None:
    column = values.convert(pl.Series("x", ["85.000", "60000"]), pl.Float64(), in_thousands=True)
    assert column.values.to_list() == [None, 60_000.0]
    assert column.hint("85.000") == "found 85.000, which may mean 85000 or 85.000: write it without separators"
    decided = values.convert(pl.Series("x", ["85000.500", "60000.25"]), pl.Float64(), in_thousands=True)
    assert decided.values.to_list() == [85_000.5, 60_000.25]


@pytest.mark.parametrize("found", [pl.Series("x", [1.0, float("nan")]), pl.Series("x", ["1", "NaN"])])
def test_nan_is_no_number(found: pl.Series) -> None:
    column = values.convert(found, pl.Float64())
    assert column.values.to_list() == [1.0, None]
    assert column.hint(found[1]) == f"found {found[1]}: leave the cell empty where there is no value"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("python, sql", 'found text that is no JSON array: write ["a", "b"]'),
        ("['Jane', 'sql']", "found a list as Python prints it, with single quotation marks: write it with json.dumps"),
        ('["Jane"', 'found a damaged list: write ["a", "b"]'),
        ("[1]", 'found a list with other entries than text: write ["a", "b"]'),
    ],
)
def test_the_hint_at_a_list_says_what_to_write(text: str, hint: str) -> None:
    assert values.convert(pl.Series("x", [text]), pl.List(pl.String())).hint(text) == hint


def test_hints_repeat_numbers_and_no_other_text() -> None:
    column = values.convert(pl.Series("x", ["55,000", "Jane"]), pl.Float64())
    assert column.hint("55,000") == "found 55,000, which may mean 55000 or 55.000: write it without separators"
    assert column.hint("Jane") == "found text of 4 characters"
    assert column.hint("x") == "found text of 1 character"
    assert column.hint("NULL") == "found NULL: leave the cell empty where there is no value"


UUIDS = [uuid.UUID(int=7), uuid.UUID(int=2**120 + 1)]
IDS: dict[str, tuple[pl.Series, list[str | None]]] = {
    "text": (pl.Series(["ann", "0012", " b ", "123.0"]), ["ann", "0012", "b", "123.0"]),
    "text that became floats": (pl.Series(["123.0", "4.0", None]), ["123", "4", None]),
    "text beyond 2^53": (pl.Series(["1.0", "9007199254740993.0"]), ["1", None]),
    "text in scientific notation": (pl.Series(["abc", "1.23457E+15"]), ["abc", None]),
    "hexadecimal": (pl.Series(["1e5", "ff"]), ["1e5", "ff"]),
    "whole numbers": (pl.Series([7, 2**62]), ["7", str(2**62)]),
    "floats": (pl.Series([7.0, float(2**53), 1.5, None]), ["7", None, None, None]),
    "short floats": (pl.Series([7.0, float(2**24)], dtype=pl.Float32), ["7", None]),
    "decimals": (pl.Series([Decimal("7.00"), Decimal("9007199254740993.00")]), ["7", "9007199254740993"]),
    "UUIDs": (pl.Series([one.bytes for one in UUIDS]), [str(one) for one in UUIDS]),
    "text as bytes": (pl.Series([b"ann", b"0123456789abcdef"]), ["ann", "0123456789abcdef"]),
    "bytes of another length": (pl.Series([UUIDS[0].bytes, b"\xff\x00"]), [str(UUIDS[0]), None]),
}


@pytest.mark.parametrize(("found", "ids"), IDS.values(), ids=IDS)
def test_ids_are_read_if_no_digit_is_lost(found: pl.Series, ids: list[str | None]) -> None:
    assert values.convert(found.alias("job_id"), pl.String(), is_id=True).values.to_list() == ids


def test_lost_digits_of_ids_are_explained_and_noted_only_where_ids_were_read() -> None:
    beyond = values.convert(pl.Series("job_id", ["9007199254740993.0", "9007199254740995.0"]), pl.String(), is_id=True)
    assert beyond.note is None
    assert values.convert(pl.Series("job_id", [float(2**53)]), pl.String(), is_id=True).note is None
    assert values.convert(pl.Series("job_id", ["1.0", "2.0"]), pl.String(), is_id=True).note is not None
    assert beyond.hint("9007199254740993.0") == (
        "found 9007199254740993.0, a float that lost digits (beyond 2^53, or a fraction): export ids as text"
    )
    assert beyond.hint("1.23457E+11") == (
        "found 1.23457E+11, the scientific notation of Excel, which hides digits: export ids as text"
    )


@pytest.mark.parametrize(
    ("found", "kind", "read"),
    [
        (["3", "3.0", "1.5"], pl.Int64(), [3, 3, None]),
        ([True, False], pl.Float64(), [None, None]),
        (["t", "NO", "1", "maybe"], pl.Boolean(), [True, False, True, None]),
        ([1.0, 0.0, 2.0], pl.Boolean(), [True, False, None]),
        ([{"a": 1}], pl.String(), [None]),
        ([[1.0]], pl.Float64(), [None]),
        ([[1.0]], pl.Datetime("us", "UTC"), [None]),
        (['["a"]', "[1]", "[a", "[" * 5_000, "", None], pl.List(pl.String()), [["a"], None, None, None, [], None]),
        ([None], pl.List(pl.String()), [None]),
    ],
)
def test_other_types_are_read_or_refused(found: list[Any], kind: pl.DataType, read: list[Any]) -> None:
    assert values.convert(pl.Series("x", found), kind).values.to_list() == read
