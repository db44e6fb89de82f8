"""Pay: what is read from running text and from fields, and what is not pay."""

from pathlib import Path

import pytest

from matching.errors import InputError, MissingInput
from matching.text import pay, pay_rates
from matching.text.pay import Pay, is_undisclosed, likely_period, read, read_field
from matching.text.pay_rates import Period

YEAR: Period = "year"


def only(text: str) -> Pay:
    found = read(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "low", "high", "currency", "period"),
    [
        ("Package of 90-110k €", 90_000, 110_000, "EUR", "year"),
        ("Contractors get $60/hr", 60, 60, "USD", "hour"),
        ("£450 per day, outside IR35", 450, 450, "GBP", "day"),
        ("5.500 € brutto/Monat", 5_500, 5_500, "EUR", "month"),
        ("USD 120,000 - 150,000 per annum", 120_000, 150_000, "USD", "year"),
        ("CTC: ₹12-18 LPA", 1_200_000, 1_800_000, "INR", "year"),
        ("12 Lacs - 18 Lacs", 1_200_000, 1_800_000, "INR", "year"),
        ("Rs. 8,00,000 - 12,00,000 P.A.", 800_000, 1_200_000, "INR", "year"),
        ("CHF 110'000", 110_000, 110_000, "CHF", "year"),
        ("60.000 €", 60_000, 60_000, "EUR", "year"),
        ("€1.234,50 net monthly", 1_234.5, 1_234.5, "EUR", "month"),
        ("$1,234.50 monthly", 1_234.5, 1_234.5, "USD", "month"),
        ("Gehalt: ab 60.000 € brutto im Jahr", 60_000, None, "EUR", "year"),
        ("bis zu 85.000 EUR Jahresgehalt", None, 85_000, "EUR", "year"),
        ("Salary: $150,000+", 150_000, None, "USD", "year"),
        ("Mindestgehalt laut KV: EUR 3.200,- brutto/Monat (14x)", 3_200, 3_200, "EUR", "month"),
        ("60 TEUR", 60_000, 60_000, "EUR", "year"),
        ("Salaire : 45-55 K€ brut annuel", 45_000, 55_000, "EUR", "year"),
        ("45 000 € - 55 000 € par an", 45_000, 55_000, "EUR", "year"),
        ("TJM : 450€", 450, 450, "EUR", "day"),
        ("Salario: 35.000€ - 45.000€ brutos anuales", 35_000, 45_000, "EUR", "year"),
        ("15 000 - 20 000 PLN netto / month + VAT", 15_000, 20_000, "PLN", "month"),
        ("CZK 80 000 to 120 000 / month", 80_000, 120_000, "CZK", "month"),
        ("R$ 8.000 - 10.000 por mês", 8_000, 10_000, "BRL", "month"),
        ("C$90k-C$110k", 90_000, 110_000, "CAD", "year"),
        ("£45k to £55k", 45_000, 55_000, "GBP", "year"),
        ("£60-80,000 a year", 60_000, 80_000, "GBP", "year"),
        ("Pay: $25.50 - $30.75 an hour", 25.5, 30.75, "USD", "hour"),
        ("$18.00/hr - $22.00/hr", 18, 22, "USD", "hour"),
        ("年収600万円〜900万円", 6_000_000, 9_000_000, "JPY", "year"),
        ("Hourly Pay Range\n$55-$65 USD", 55, 65, "USD", "hour"),
        ("Salary 2026: €60k", 60_000, 60_000, "EUR", "year"),
        ("The salary is 95,000 USD", 95_000, 95_000, "USD", "year"),
        ("Base: $120k, bonus: $20k", 120_000, 120_000, "USD", "year"),
        ("$90,000 - $110,000 + equity", 90_000, 110_000, "USD", "year"),
        ("£60,000 per year depending on market", 60_000, 60_000, "GBP", "year"),
        ("Salary: 95k-110k", 95_000, 110_000, None, None),
    ],
)
def test_pay_is_read(text: str, low: float, high: float, currency: str, period: Period) -> None:
    found = only(text)
    assert (found.low, found.high, found.currency, found.period) == (low, high, currency, period)


@pytest.mark.parametrize(
    "text",
    [
        "20% off, a 401k and 24/7 support",
        "Salary plus 401k match and a 10% bonus",
        "A team of 60-80 in 12 countries",
        "Call +1 (415) 555-1234 or 030 123456-78",
        "Founded in 2015, 10,000 customers since 2019-2024",
        "$50M ARR after raising $20M in Series B",
        "We processed $3,000,000,000 in payments last year",
        "Our customers save $100k per year",
        "Bonus up to $20,000",
        "a $10,000 sign-on bonus",
        "$2,000 per year learning budget",
        "$100k-$200k in revenue",
        "You own a $2M budget",
        "plans from $49 per month",
        "10k-15k monthly users",
        "3 Mio € Umsatz pro Jahr",
        "Version 3.10.2 - 4.0, ISO 27001",
        "IBAN DE89 3704 0044 0532 0130 00",
        "Competitive salary, DOE",
        "8-10 years of experience",
    ],
)
def test_other_numbers_are_no_pay(text: str) -> None:
    assert read(text) == []


def test_the_span_is_what_is_written() -> None:
    text = "We pay 5.500 € brutto/Monat, and more."
    found = only(text)
    assert text[found.start : found.end] == "5.500 € brutto/Monat"
    assert (found.basis, found.sure) == ("gross", "stated")


def test_how_sure_says_what_was_written() -> None:
    assert [only(text).sure for text in ("$60k per year", "$60k-70k", "Salary: 95k", "¥600,000 per month")] == [
        "stated",
        "likely",
        "unsure",
        "likely",
    ]


def test_net_pay_is_said_to_be_net() -> None:
    assert [only(text).basis for text in ("€4,000 net per month", "4.000 € netto im Monat", "$60k a year")] == [
        "net",
        "net",
        None,
    ]


def test_a_bare_dollar_is_that_of_the_country() -> None:
    assert [found.currency for found in read("$90k-$110k or US$80k-90k", dollar="CAD")] == ["CAD", "USD"]


@pytest.mark.parametrize("text", ["", "0", "0.00", "Competitive", "DOE", "N/A", "nach Vereinbarung", "Not disclosed"])
def test_a_field_may_disclose_nothing(text: str) -> None:
    assert is_undisclosed(text)
    assert read_field(text) is None


@pytest.mark.parametrize(("text", "low"), [("55000", 55_000), ("90-110k", 90_000), ("60.000", 60_000), ("25/hour", 25)])
def test_a_field_needs_no_currency(text: str, low: float) -> None:
    found = read_field(text)
    assert found is not None
    assert (found.low, found.currency) == (low, None)
    assert not is_undisclosed(text)


def test_a_yearly_amount_that_is_too_low_is_another_period() -> None:
    assert [likely_period(usd) for usd in (35, 600, 5_500, 12_000)] == ["hour", "day", "month", None]


def test_pay_in_usd_per_year_is_known_only_with_rate_and_period() -> None:
    rates = pay_rates.built_in()
    assert only("$60/hr").usd_per_year(rates) == (124_800, 124_800)
    low, high = only("from €60k per year").usd_per_year(rates)
    assert (round(low or 0), high) == (67_032, None)
    assert only("Salary: 95k").usd_per_year(rates) == (None, None)
    assert only("UAH 80,000 per month").usd_per_year(rates) == (None, None)


def test_the_longest_text_of_numbers_is_read() -> None:
    assert len(read("$90k-$100k, " * 8_000)) == pay.MAX_AMOUNTS
    for text in ("1" * 100_000, "1,1" * 30_000, "$ " * 50_000, "1 000 " * 16_000, "1-" * 50_000, "0" * 100_000):
        assert read(text) == []
    assert not is_undisclosed("0" * 150 + "x")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("date = 1", "date must be a date"),
        ("nonsense", "is not TOML"),
        ("", "'date' is missing"),
    ],
)
def test_a_broken_table_says_what_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "rates.toml"
    built_in = pay_rates.BUILT_IN_FILE.read_text(encoding="utf-8")
    file.write_text(built_in.replace("date = 2026-10-30", text) if text.startswith("date") else text, encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        pay_rates.read(file)


@pytest.mark.parametrize(
    ("old", "new"), [("JPY = 175.68", "JPY = 0"), ("JPY", "Yen"), ("USD = 1.1172", ""), ("weeks_per_year = 52", "")]
)
def test_a_table_with_a_wrong_entry_is_refused(tmp_path: Path, old: str, new: str) -> None:
    file = tmp_path / "rates.toml"
    file.write_text(pay_rates.BUILT_IN_FILE.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match="holds no pay rates"):
        pay_rates.read(file)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="cannot read the pay rates"):
        pay_rates.read(tmp_path / "none.toml")


def test_own_rates_are_used(tmp_path: Path) -> None:
    file = tmp_path / "rates.toml"
    text = pay_rates.BUILT_IN_FILE.read_text(encoding="utf-8")
    file.write_text(f"{text}UAH = 48.5\n".replace("hours_per_week = 40", "hours_per_week = 38.5"), encoding="utf-8")
    rates = pay_rates.read(file)
    assert rates.usd_per_year(50, "USD", "hour") == 50 * 38.5 * 52
    assert only("UAH 80,000 per month").usd_per_year(rates)[0] == pytest.approx(80_000 * 12 * 1.1172 / 48.5)


def test_every_word_of_a_scale_has_a_value() -> None:
    for word in ("tsd.", "mio", "lakhs", "crore", "bn", "万"):
        assert pay._scale(word)
