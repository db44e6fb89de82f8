"""Periods: every usual way to write one, and what is none."""

from datetime import date

import pytest

from intake.resumes.periods import Period, ranges, single, union

EN, EM = "\N{EN DASH}", "\N{EM DASH}"


def month(year: int, number: int) -> int:
    return year * 12 + number - 1


@pytest.mark.parametrize(
    ("written", "first", "end"),
    [
        (f"Mar 2021 {EN} Jun 2022", month(2021, 3), month(2022, 7)),
        (f"March 2021{EM}June 2022", month(2021, 3), month(2022, 7)),
        ("03/2021 - 06/2022", month(2021, 3), month(2022, 7)),
        ("03.2021-06.2022", month(2021, 3), month(2022, 7)),
        ("01.03.2021 bis 30.06.2022", month(2021, 3), month(2022, 7)),
        ("2021-03 to 2022-06", month(2021, 3), month(2022, 7)),
        (f"2021-03-01 {EN} 2022-06-30", month(2021, 3), month(2022, 7)),
        ("03/21 - 06/22", month(2021, 3), month(2022, 7)),
        ("Mar '21 - Jun '22", month(2021, 3), month(2022, 7)),
        ("from March 2021 until June 2022", month(2021, 3), month(2022, 7)),
        ("März 2021 - Juni 2022", month(2021, 3), month(2022, 7)),
        ("von Mrz. 2021 bis Jun. 2022", month(2021, 3), month(2022, 7)),
        ("mars 2021 à juin 2022", month(2021, 3), month(2022, 7)),
        ("de mars 2021 au juin 2022", month(2021, 3), month(2022, 7)),
        ("marzo de 2021 a junio de 2022", month(2021, 3), month(2022, 7)),
        ("March \N{RIGHTWARDS ARROW} June 2021", month(2021, 3), month(2021, 7)),
        ("Dec 2020 - Feb 2021", month(2020, 12), month(2021, 3)),
        ("Déc. 2020 - févr. 2021", month(2020, 12), month(2021, 3)),
        ("août 2020 - sept. 2020", month(2020, 8), month(2020, 10)),
        ("2019 - 2019", month(2019, 1), month(2020, 1)),
        ("Mar 2021 - Present", month(2021, 3), None),
        (f"03/2021 {EN} heute", month(2021, 3), None),
        ("mars 2021 - aujourd\N{RIGHT SINGLE QUOTATION MARK}hui", month(2021, 3), None),
        ("marzo 2021 - actualidad", month(2021, 3), None),
        ("03.2021 - dato", month(2021, 3), None),
        ("marzo 2021 - oggi", month(2021, 3), None),
        ("seit März 2021", month(2021, 3), None),
        ("depuis mars 2021", month(2021, 3), None),
        ("Since 03/2021", month(2021, 3), None),
        ("Mar 2021 -", month(2021, 3), None),
    ],
)
def test_a_range_is_read(written: str, first: int, end: int | None) -> None:
    for line in (written, f"Engineer, Acme ({written})", f"{written}\tEngineer"):
        if not (written.endswith("-") and line != written):
            assert [(one.first, one.end) for one in ranges(line)] == [(first, end)]


@pytest.mark.parametrize(("written", "years"), [("2015 - 2018", 3), (f"2015{EN}18", 3), ("2015 to 2016", 1)])
def test_years_without_months_last_as_long_as_their_difference(written: str, years: int) -> None:
    (period,) = ranges(written)
    assert period.end is not None
    assert (period.end - period.first, period.is_exact) == (12 * years, False)


@pytest.mark.parametrize(
    "text",
    ["1234 - 5678", "10 - 20 people", "+49 170 2019 2021", "2022 - 2019", "Version 2019.3 - 2019.1", "90-110k", "24/7"],
)
def test_other_numbers_are_no_period(text: str) -> None:
    assert ranges(text) == []


def test_a_date_alone_is_a_month_or_a_year() -> None:
    assert [single(text) for text in ("Mar 2021", "2019", "2019, 2020")] == [
        Period(month(2021, 3), month(2021, 4), 0, 8, True),
        Period(month(2019, 1), month(2020, 1), 0, 4, False),
        None,
    ]


def test_overlaps_count_once_gaps_not_at_all_and_the_present_is_today() -> None:
    def period(first: int, end: int | None) -> Period:
        return Period(first, end, 0, 0, True)

    today = date(2026, 6, 15)
    assert union([period(month(2020, 1), month(2021, 1)), period(month(2020, 7), month(2021, 7))], today) == 18
    assert union([period(month(2020, 1), month(2021, 1)), period(month(2022, 1), month(2023, 1))], today) == 24
    assert union([period(month(2020, 1), month(2024, 1)), period(month(2021, 1), month(2022, 1))], today) == 48
    assert union([period(month(2026, 1), None)], today) == 6
    assert union([period(month(2026, 1), month(2030, 1))], today) == 6
