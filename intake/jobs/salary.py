"""The salary band of a post, from amounts with currency and period or from text, in USD per year."""

from intake.jobs.findings import Findings, Place
from intake.resumes.findings import Sure
from matching.text import pay
from matching.text.pay import PLAUSIBLE_USD_PER_YEAR, Pay, likely_period
from matching.text.pay_rates import ARTICLES, PayRates, Period

LOW, HIGH = "min_salary_usd_per_year", "max_salary_usd_per_year"
_UNITS: dict[Period, str] = {
    "hour": "hour hourly hr hur pt1h",
    "day": "day daily p1d",
    "week": "week weekly wee p1w",
    "month": "month monthly mon p1m",
    "year": "year yearly annual annually annum ann yr p1y",
}
_PERIODS = {unit: period for period, units in _UNITS.items() for unit in units.split()}


def period_of(unit: str | None) -> Period | None:
    """Return the period of a unit as feeds write it.

    >>> period_of("YEAR"), period_of("per-hour-wage"), period_of("P1M"), period_of("MONTH"), period_of("bag")
    ('year', 'hour', 'month', 'month', None)
    """
    words = (unit or "").casefold().replace("-", " ").replace("_", " ").split()
    return next((_PERIODS[word] for word in words if word in _PERIODS), None)


def add_band(
    findings: Findings,
    ends: tuple[float | None, float | None],
    unit: tuple[str | None, Period | None],
    place: Place,
    rates: PayRates,
) -> None:
    """Add a band of amounts in a currency per period; 0 stands for undisclosed."""
    currency, period = unit
    low, high = (end or None for end in ends)
    if low is None and high is None:
        return
    code = (currency or "").strip().upper()[:3] or None
    if period is None and code in rates.per_euro and code is not None:
        period = "year" if (high or low or 0) * rates.usd_per_unit(code) >= pay.MONTHLY_USD else None
        _add(findings, Pay(low, high, code, period, None, 0, 0, "likely"), (place,), rates)
        return
    _add(findings, Pay(low, high, code, period, None, 0, 0, "stated"), (place,), rates)


def add_stated(findings: Findings, text: str, path: str, rates: PayRates, *, is_field: bool = False) -> None:
    """Add the first pay of a text, unless a salary is known."""
    if LOW in findings.found or HIGH in findings.found:
        return
    if is_field:
        only = pay.read_field(text)
        found = [] if only is None else [only]
    else:
        found = pay.read(text)
    for one in found[:1]:
        _add(findings, one, (Place(path, one.start, one.end),), rates)


def _add(findings: Findings, stated: Pay, places: tuple[Place, ...], rates: PayRates) -> None:
    doubt = _doubt(stated, rates)
    low, high = stated.usd_per_year(rates)
    if doubt is None and any(end is not None and not _is_plausible(end) for end in (low, high)):
        top = max(end for end in (low, high) if end is not None)
        meant = likely_period(top) if stated.period == "year" else None
        doubt = f"The salary looks like {ARTICLES[meant]} amount." if meant else "The salary cannot be one per year."
    elif doubt is None and stated.period == "year" and max(low or 0.0, high or 0.0) < pay.MONTHLY_USD:
        doubt = f"The salary looks like {ARTICLES[likely_period(max(low or 0.0, high or 0.0)) or 'month']} amount."
    if doubt is not None:
        findings.doubt(LOW, doubt, places[0])
        return
    if low is not None and high is not None and low > high:
        low, high = high, low
    for name, end in ((LOW, low), (HIGH, high)):
        findings.add(name, None if end is None else round(end, 2), *places, sure=_sure(stated))


def _sure(stated: Pay) -> Sure:
    return "stated" if stated.sure == "stated" else "likely"


def _doubt(stated: Pay, rates: PayRates) -> str | None:
    if stated.currency is None:
        return "The salary has no currency."
    if stated.currency not in rates.per_euro:
        return "The salary is in a currency without a rate."
    if stated.period is None:
        return "The salary does not say per what time."
    return "The salary is net; the profile has gross ones." if stated.basis == "net" else None


def _is_plausible(usd_per_year: float) -> bool:
    return PLAUSIBLE_USD_PER_YEAR[0] <= usd_per_year <= PLAUSIBLE_USD_PER_YEAR[1]
