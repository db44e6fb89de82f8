"""Salaries in requests: amounts in any known currency and period become USD per year, and odd ones get a warning."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from matching.data.tables import CandidateProfile, JobProfile
from matching.text import pay_rates
from matching.text.pay import PLAUSIBLE_USD_PER_YEAR, likely_period
from matching.text.pay_rates import ARTICLES, PayRates, Period
from serving.contract.errors import path

Profile = TypeVar("Profile", bound=CandidateProfile | JobProfile)
Amount = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
UNIT = "_usd_per_year"
SALARIES: dict[type[BaseModel], tuple[str, ...]] = {
    CandidateProfile: ("expected_salary", "min_salary"),
    JobProfile: ("min_salary", "max_salary"),
}
MAX_WARNINGS = 50
_IN = "in `salary_currency` per `salary_period`; instead of the field in USD per year."
Currency = Annotated[
    str, Field(description="Currency of the salaries, ISO 4217. An unknown one is refused with the list of known ones.")
]
PerPeriod = Annotated[Period, Field(description="What the salaries are paid for.")]


class SalaryRates(BaseModel):
    """How the salaries in a request became USD per year."""

    date: date
    source: str
    usd_per_unit: dict[str, float] = Field(description="What one unit of each currency in the request is worth in USD.")
    times_per_year: dict[Period, float] = Field(
        description="How often each period in the request is counted in a year, which is full-time work."
    )


class SalaryWarning(BaseModel):
    """A salary that is used as it is, but may be a mistake."""

    field: str = Field(description="Path of the field, for example jobs[3].max_salary_usd_per_year.")
    problem: str = Field(description="What looks wrong, and what to send instead. It repeats no value.")


@dataclass
class Conversion:
    """The rates for one request, and what it used of them."""

    rates: PayRates
    _used: dict[str, set[str]] = field(default_factory=lambda: {"currencies": set(), "periods": set()})

    def usd_per_year(self, amount: float, currency: str, period: Period) -> float:
        """Turn an amount into USD per year, in whole cents, and remember the rate as used."""
        self._used["currencies"].add(currency)
        self._used["periods"].add(period)
        return round(self.rates.usd_per_year(amount, currency, period), 2)

    def used(self) -> SalaryRates | None:
        """Return the rates that were used; None if none was."""
        if not self._used["currencies"]:
            return None
        return SalaryRates(
            date=self.rates.date,
            source=self.rates.source,
            usd_per_unit={
                code: float(f"{self.rates.usd_per_unit(code):.6g}") for code in sorted(self._used["currencies"])
            },
            times_per_year={
                period: self.rates.per_year[period] for period in pay_rates.PERIODS if period in self._used["periods"]
            },
        )


class SentSalaries(BaseModel):
    """Currency and period of the salaries of a profile."""

    salary_currency: Currency = "USD"
    salary_period: PerPeriod = "year"

    @field_validator("salary_currency")
    @classmethod
    def _is_known(cls, code: str, info: ValidationInfo) -> str:
        known = _conversion(info).rates.currencies
        if code not in known:
            raise PydanticCustomError(
                "currency", "Must be the code of a known currency", {"expected": ", ".join(known)}
            )
        return code


class SentCandidate(SentSalaries, CandidateProfile):
    """A candidate, as in a request. Salaries are gross."""

    expected_salary: Amount | None = Field(None, description=f"Expected salary, {_IN}")
    min_salary: Amount | None = Field(None, description=f"Salary below which the candidate accepts no job, {_IN}")


class SentJob(SentSalaries, JobProfile):
    """A job, as in a request. Salaries are gross."""

    min_salary: Amount | None = Field(None, description=f"Lower end of the salary band, {_IN}")
    max_salary: Amount | None = Field(None, description=f"Upper end of the salary band, {_IN}")


_ADDED: dict[type[BaseModel], tuple[str, ...]] = {
    CandidateProfile: tuple(SentCandidate.model_fields.keys() - CandidateProfile.model_fields.keys()),
    JobProfile: tuple(SentJob.model_fields.keys() - JobProfile.model_fields.keys()),
}


def _conversion(info: ValidationInfo) -> Conversion:
    return info.context if isinstance(info.context, Conversion) else Conversion(pay_rates.built_in())


def _as_profile(record: type[Profile], sent: SentCandidate | SentJob, info: ValidationInfo) -> Profile:
    """Return the profile with its salaries in USD per year; raises PydanticCustomError."""
    values, given = dict(sent.__dict__), sent.model_fields_set
    for name in _ADDED[record]:
        del values[name]
    if not given.isdisjoint(_ADDED[record]):
        found = _in_usd_per_year(record, sent, _conversion(info))
        values |= found
        given = given.difference(_ADDED[record]) | found.keys()
    # Everything is validated: `model_construct` would only look for defaults, and thousands of profiles may come.
    profile = record.__new__(record)
    object.__setattr__(profile, "__dict__", values)
    object.__setattr__(profile, "__pydantic_fields_set__", given)
    object.__setattr__(profile, "__pydantic_extra__", None)
    object.__setattr__(profile, "__pydantic_private__", None)
    return profile


def _in_usd_per_year(
    record: type[BaseModel], sent: SentCandidate | SentJob, conversion: Conversion
) -> dict[str, float]:
    """Return the salaries of a profile that were sent in another form; raises PydanticCustomError."""
    amounts = {name: amount for name in SALARIES[record] if (amount := getattr(sent, name)) is not None}
    if not amounts:
        names = {"names": " or ".join(SALARIES[record])}
        raise PydanticCustomError("unused", "salary_currency and salary_period need {names}", names)
    for name in amounts:
        if getattr(sent, name + UNIT) is not None:
            problem = "Provide at most one of {name} and {name}_usd_per_year"
            raise PydanticCustomError("one_of", problem, {"name": name})
    found = {
        name + UNIT: _in_range(name, conversion.usd_per_year(amount, sent.salary_currency, sent.salary_period))
        for name, amount in amounts.items()
    }
    low, high = (found.get(name, getattr(sent, name, None)) for name in ("min_salary" + UNIT, "max_salary" + UNIT))
    if low is not None and high is not None and low > high:
        raise PydanticCustomError("band", "min_salary must not be above max_salary")
    return found


def _in_range(name: str, usd_per_year: float) -> float:
    least, most = PLAUSIBLE_USD_PER_YEAR
    if not least <= usd_per_year <= most:
        problem = "{name} must be {limits} USD per year: check salary_currency and salary_period"
        limits = f"{least:,.0f} to {most:,.0f}"
        raise PydanticCustomError("salary", problem, {"name": name, "limits": limits})
    return usd_per_year


def _as_candidate(sent: SentCandidate, info: ValidationInfo) -> CandidateProfile:
    return _as_profile(CandidateProfile, sent, info)


def _as_job(sent: SentJob, info: ValidationInfo) -> JobProfile:
    return _as_profile(JobProfile, sent, info)


# Requests hold profiles as the tables have them: what a caller may add ends here.
CandidateInRequest = Annotated[SentCandidate, AfterValidator(_as_candidate)]
JobInRequest = Annotated[SentJob, AfterValidator(_as_job)]


def warnings(request: BaseModel) -> list[SalaryWarning]:
    """Return a warning for each salary of a request that looks like one of a shorter period."""
    found = (warning for place, profile in _profiles(request, ()) for warning in _warnings(place, profile))
    return [warning for warning, _ in zip(found, range(MAX_WARNINGS), strict=False)]


def _profiles(part: Any, place: tuple[int | str, ...]) -> Iterator[tuple[tuple[int | str, ...], BaseModel]]:
    """Profiles in a request with their places."""
    if isinstance(part, CandidateProfile | JobProfile):
        yield place, part
    elif isinstance(part, BaseModel):
        for name, value in part:
            yield from _profiles(value, (*place, name))
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from _profiles(value, (*place, number))


def _warnings(place: Sequence[int | str], profile: BaseModel) -> Iterator[SalaryWarning]:
    for name in SALARIES[type(profile)]:
        value = getattr(profile, name + UNIT)
        period = None if value is None else likely_period(value)
        if period is not None:
            problem = f"looks like {ARTICLES[period]} amount: send it as {name} with salary_period"
            yield SalaryWarning(field=path([*place, name + UNIT]), problem=f"{problem}, or check its currency")
