"""Pay rates: a dated table that turns a pay in any known currency and period into USD per year."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from matching.errors import InputError, MissingInput

Period = Literal["hour", "day", "week", "month", "year"]
PERIODS: tuple[Period, ...] = get_args(Period)
ARTICLES: dict[Period, str] = {
    "hour": "an hourly", "day": "a daily", "week": "a weekly", "month": "a monthly", "year": "a yearly",
}  # fmt: skip
BUILT_IN_FILE = Path(__file__).with_name("pay_rates.toml")
_FORM = f"see the built-in {BUILT_IN_FILE.name} for the form"


@dataclass(frozen=True)
class PayRates:
    """Exchange rates of one day and the length of a full-time year.

    Attributes:
        date: the day of the rates.
        source: who published them.
        per_euro: units of each currency for one euro, by ISO 4217 code; EUR itself is 1.
        per_year: how often each period is paid in a year.

    >>> rates = built_in()
    >>> str(rates.date), round(rates.usd_per_year(5_500, "EUR", "month"))
    ('2026-10-30', 73735)
    >>> rates.usd_per_year(60, "USD", "hour")
    124800.0
    """

    date: date
    source: str
    per_euro: MappingProxyType[str, float]
    per_year: MappingProxyType[Period, float]

    @property
    def currencies(self) -> tuple[str, ...]:
        """The known codes, sorted."""
        return tuple(sorted(self.per_euro))

    def usd_per_unit(self, currency: str) -> float:
        """What one unit of a currency is worth.

        Raises:
            InputError: the table has no rate for it.
        """
        if currency not in self.per_euro:
            known = ", ".join(self.currencies)
            raise InputError(
                f"no rate for the currency {currency[:3]!r}; known are {known}: add it to TANDEM_PAY_RATES"
            )
        return self.per_euro["USD"] / self.per_euro[currency] if currency != "USD" else 1.0

    def usd_per_year(self, amount: float, currency: str, period: Period) -> float:
        """Turn an amount into USD per year.

        Raises:
            InputError: the table has no rate for the currency.
        """
        return amount * self.per_year[period] * self.usd_per_unit(currency)


@cache
def built_in() -> PayRates:
    """Return the table that comes with Tandem."""
    return read(BUILT_IN_FILE)


def read(file: Path) -> PayRates:
    """Read a table in the form of the built-in one.

    Raises:
        MissingInput: the file cannot be read.
        InputError: it is not such a table.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise MissingInput(f"cannot read the pay rates {file}: {(error.strerror or '').lower()}; {_FORM}") from None
    except ValueError as error:
        raise InputError(f"{file} is not TOML: {error}; {_FORM}") from None
    try:
        return _table(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{file} holds no pay rates: {what}; {_FORM}") from None


def _table(content: dict[str, Any]) -> PayRates:
    day, source, full_time = content["date"], content["source"], content["full_time"]
    if type(day) is not date or not isinstance(source, str):
        raise TypeError("date must be a date such as 2026-10-30, and source a text")
    weeks = _positive("weeks_per_year", full_time["weeks_per_year"])
    hours = _positive("hours_per_week", full_time["hours_per_week"])
    days = _positive("days_per_week", full_time["days_per_week"])
    rates = {code: _positive(code, rate) for code, rate in content["per_euro"].items()} | {"EUR": 1.0}
    if "USD" not in rates or not all(len(code) == 3 and code.isascii() and code.isupper() for code in rates):
        raise ValueError("per_euro needs USD, and codes of three capital letters")
    per_year: dict[Period, float] = {"hour": hours * weeks, "day": days * weeks, "week": weeks, "month": 12, "year": 1}
    return PayRates(day, source, MappingProxyType(rates), MappingProxyType(per_year))


def _positive(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError(f"{name} must be a number above 0")
    return float(value)
