"""The three tables and the profiles in requests, each column described once.

Each table is a pydantic record. Its annotations define type, range and nullability; its metadata gives the unit and
marks personal data. Polars schemas, validation rules and HTTP requests are derived from these records. Protected
attributes are in a table of their own, and no feature reads them.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from matching.text.plain_text import plain
from matching.text.protected_words import PROTECTED_PATTERN

Id = Annotated[str, Field(min_length=1, max_length=128)]
ShortText = Annotated[str, Field(max_length=500)]
LongText = Annotated[str, Field(max_length=100_000)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Names = Annotated[list[Name], Field(max_length=200)]
Years = Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)]
UsdPerYear = Annotated[float, Field(ge=1_000, le=5_000_000, allow_inf_nan=False)]
Probability = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Times outside this range are mistakes, such as a wrong unit or century."""


def _in_utc(value: object) -> datetime:
    """Read a time in ISO 8601; the time of day may be missing, and without an offset it is UTC."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(time, datetime):
            raise TypeError
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        is_known = EARLIEST <= time < LATEST
    except (ValueError, TypeError, OverflowError):
        raise PydanticCustomError("time", "must be a time in ISO 8601, such as 2026-01-31T09:00:00Z") from None
    if not is_known:
        years = {"earliest": EARLIEST.year, "latest": LATEST.year}
        raise PydanticCustomError("time", "must lie between {earliest} and {latest}", years)
    return time


UtcTime = Annotated[datetime, BeforeValidator(_in_utc)]

RemoteWish = Literal["onsite", "hybrid", "remote", "any"]
RemotePolicy = Literal["onsite", "hybrid", "remote"]
CompanySize = Literal["1-10", "11-50", "51-200", "201-1000", "1001+"]

# Lower and upper end of each band of a job.
BANDS = (
    ("min_experience_years", "max_experience_years"),
    ("min_salary_usd_per_year", "max_salary_usd_per_year"),
)


class Direction(StrEnum):
    """Who says yes: the company by reaching out, the candidate by accepting."""

    COMPANY = "company"
    CANDIDATE = "candidate"


class EventKind(StrEnum):
    """What happened between a candidate and a job; `view` and `apply` come from one-sided logs."""

    IMPRESSION = "impression"
    OUTREACH = "outreach"
    ACCEPT = "accept"
    DECLINE = "decline"
    INTERVIEW = "interview"
    HIRE = "hire"
    VIEW = "view"
    APPLY = "apply"


def column(description: str, *, unit: str | None = None, personal: bool = False, **limits: Any) -> Any:
    """Describe one column: its meaning, its unit, and whether it is personal data."""
    extra = {"unit": unit, "personal": personal}
    return Field(description=description, json_schema_extra={k: v for k, v in extra.items() if v}, **limits)


class Record(BaseModel):
    """A row of a table: unknown fields are refused, so that a misspelt one is never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Skill(Record):
    """One skill of a candidate.

    >>> Skill(name="Go", years=-1)
    Traceback (most recent call last):
        ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for Skill
    years
      Input should be greater than or equal to 0 ...
    """

    name: Name = column("Name of the skill as written.")
    years: Years | None = column("Years of use; null if unknown.", unit="years", default=None)


class CandidateProfile(Record):
    """A candidate, as in a request.

    >>> ada = CandidateProfile(candidate_id="ada", headline="Go engineer", skills=[Skill(name="Go", years=4)])
    >>> ada.skills[0].name, ada.remote_wish, ada.wish_cities
    ('Go', None, [])
    """

    candidate_id: Id = column("Stable identifier of the candidate.")
    headline: ShortText = column("One line about the candidate.", personal=True)
    resume: LongText = column("Resume as plain text.", personal=True, default="")
    skills: Annotated[list[Skill], Field(max_length=200)] = column("Skills with years of use.")
    experience_years: Years | None = column("Total professional experience.", unit="years", default=None)
    city: Name | None = column("City of residence.", personal=True, default=None)
    region: Name | None = column("State or region of residence.", personal=True, default=None)
    country: Name | None = column("Country of residence.", personal=True, default=None)
    remote_wish: RemoteWish | None = column("Where the candidate wants to work.", default=None)
    wish_roles: Names = column("Wanted roles.", default_factory=list)
    wish_stack: Names = column("Wanted technologies.", default_factory=list)
    wish_cities: Names = column("Cities the candidate would work in besides their own.", default_factory=list)
    wish_company_sizes: Annotated[list[CompanySize], Field(max_length=5)] = column(
        "Wanted company sizes, in employees.", default_factory=list
    )
    wish_industries: Names = column("Wanted industries.", default_factory=list)
    expected_salary_usd_per_year: UsdPerYear | None = column(
        "Expected gross salary.", unit="USD per year", personal=True, default=None
    )
    min_salary_usd_per_year: UsdPerYear | None = column(
        "Gross salary below which the candidate accepts no job: a hard limit.",
        unit="USD per year",
        personal=True,
        default=None,
    )
    work_countries: Names = column(
        "Countries where the candidate may work without a permit from the employer; empty if unknown.",
        personal=True,
        default_factory=list,
    )
    would_relocate: bool | None = column(
        "Whether the candidate would relocate for a job; `false` is a hard limit.", default=None
    )
    block_words: Names = column(
        "Words that rule out a job if its title, description, industry or company contains one: a hard limit.",
        personal=True,
        default_factory=list,
    )
    last_active_at: UtcTime | None = column(
        "When the candidate was last active; the age of a job post is measured at this time.",
        unit="UTC",
        personal=True,
        default=None,
    )


class Candidate(CandidateProfile):
    """A version of a candidate's profile: valid from `updated_at` until the next version."""

    updated_at: datetime = column("When this version of the profile became visible.", unit="UTC")


class JobProfile(Record):
    """A job, as in a request.

    >>> JobProfile(job_id="backend", title="Go engineer", block_words=["agency", "women"])
    Traceback (most recent call last):
        ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for JobProfile
      block_words must not name a protected group ...
    """

    job_id: Id = column("Stable identifier of the job.")
    title: ShortText = column("Title of the job.")
    description: LongText = column("Description as plain text.", default="")
    must_have_skills: Names = column("Skills the job requires.", default_factory=list)
    nice_to_have_skills: Names = column("Skills that help.", default_factory=list)
    min_experience_years: Years | None = column("Lower end of the experience band.", unit="years", default=None)
    max_experience_years: Years | None = column("Upper end of the experience band.", unit="years", default=None)
    city: Name | None = column("City of the workplace.", default=None)
    region: Name | None = column("State or region of the workplace.", default=None)
    country: Name | None = column("Country of the workplace.", default=None)
    remote_policy: RemotePolicy | None = column("Where the work is done.", default=None)
    min_salary_usd_per_year: UsdPerYear | None = column(
        "Lower end of the salary band.", unit="USD per year", default=None
    )
    max_salary_usd_per_year: UsdPerYear | None = column(
        "Upper end of the salary band.", unit="USD per year", default=None
    )
    company: ShortText | None = column("Name of the company.", default=None)
    industry: Name | None = column("Industry of the company.", default=None)
    company_size: CompanySize | None = column("Employees of the company.", default=None)
    sponsors_work_permit: bool | None = column("Whether the company sponsors a work permit.", default=None)
    posted_at: UtcTime | None = column("When the job was first posted.", unit="UTC", default=None)
    block_words: Names = column(
        "Words that rule out a candidate if their headline, resume or skills contain one: a hard limit. They must not "
        "name a protected group.",
        default_factory=list,
    )

    @model_validator(mode="after")
    def _block_words_name_no_group(self) -> Self:
        if any(re.search(PROTECTED_PATTERN, plain(word)) for word in self.block_words):
            raise PydanticCustomError("protected", "block_words must not name a protected group")
        return self

    @model_validator(mode="after")
    def _bands_are_ordered(self) -> Self:
        for low, high in BANDS:
            ends = getattr(self, low), getattr(self, high)
            if None not in ends and ends[0] > ends[1]:
                raise PydanticCustomError("band", "{low} must not be above {high}", {"low": low, "high": high})
        return self


class Job(JobProfile):
    """A version of a job post: valid from `updated_at` until the next version."""

    updated_at: datetime = column("When this version of the job became visible.", unit="UTC")


class Event(Record):
    """Something that happened between a candidate and a job.

    >>> Event(candidate_id="ada", job_id="backend", kind="view", time="2026-01-31T09:00:00Z").kind
    <EventKind.VIEW: 'view'>
    """

    candidate_id: Id = column("The candidate.")
    job_id: Id = column("The job.")
    kind: EventKind = column("What happened.")
    time: datetime = column("When it happened.", unit="UTC")
    list_id: Id | None = column("The list in which the pair was shown.", default=None)
    position: Annotated[int, Field(ge=1, le=100_000)] | None = column("Position in that list, from 1.", default=None)
    propensity: Probability | None = column("Probability that this position is examined.", default=None)
    model_version: Id | None = column("Version of the model that ranked the list.", default=None)


class ProtectedAttributes(Record):
    """Protected attributes of a candidate: in a table of their own, for audits only, read by no feature."""

    candidate_id: Id = column("The candidate.")
    gender: Literal["woman", "man", "other"] | None = column("Self-declared.", personal=True, default=None)
    age_band: Literal["under 25", "25-34", "35-44", "45-54", "55+"] | None = column(
        "Self-declared, in years.", personal=True, default=None
    )
    ethnicity: Name | None = column("Self-declared.", personal=True, default=None)


_POLARS: dict[Any, pl.DataType] = {
    str: pl.String(),
    int: pl.Int64(),
    float: pl.Float64(),
    bool: pl.Boolean(),
    datetime: pl.Datetime("us", "UTC"),
}


def _polars_type(annotation: Any) -> pl.DataType:
    """Return the polars type of a column from its annotation in the record."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _polars_type(get_args(annotation)[0])
    if origin is Union or origin is UnionType:
        return _polars_type(next(a for a in get_args(annotation) if a is not type(None)))
    if origin is list:
        return pl.List(_polars_type(get_args(annotation)[0]))
    if origin is Literal or (isinstance(annotation, type) and issubclass(annotation, StrEnum)):
        return pl.String()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pl.Struct(dict(polars_schema(annotation)))
    return _POLARS[annotation]


def polars_schema(record: type[BaseModel]) -> pl.Schema:
    """Polars schema of a record's table, in the order of its fields."""
    return pl.Schema({name: _polars_type(field.annotation) for name, field in record.model_fields.items()})


def frame(record: type[BaseModel], rows: list[dict[str, Any]] | None = None) -> pl.DataFrame:
    """Build a table of `record` from dictionaries; missing fields get the record's defaults.

    >>> frame(Skill, [{"name": "Go", "years": 4.0}, {"name": "SQL"}]).rows()
    [('Go', 4.0), ('SQL', None)]
    """
    schema = polars_schema(record)
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in record.model_fields.items()
        if not field.is_required()
    }
    return pl.DataFrame([defaults | row for row in rows or []], schema=schema, orient="row")


def personal_columns(record: type[BaseModel]) -> frozenset[str]:
    """Columns of a table that are personal data."""
    extras = {name: field.json_schema_extra for name, field in record.model_fields.items()}
    return frozenset(name for name, extra in extras.items() if isinstance(extra, dict) and extra.get("personal"))
