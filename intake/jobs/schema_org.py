"""schema.org JobPosting, as JSON-LD has it (https://schema.org/JobPosting)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from intake.jobs.findings import Place
from intake.jobs.page import text_of_html
from intake.jobs.post import Location, Raw
from intake.jobs.salary import add_band, add_stated, period_of
from intake.jobs.values import children, name_of, number_of, text_of, time_of
from matching.data.tables import CompanySize
from matching.text.pay_rates import PayRates
from matching.text.posts import post as posts

TYPE = "jobposting"
MAX_NODES = 200_000
_SECTIONS = (
    ("responsibilities", "Responsibilities"),
    ("qualifications", "Qualifications"),
    ("experienceRequirements", "Requirements"),
    ("jobBenefits", "Benefits"),
)
_SIZES: tuple[tuple[float, CompanySize], ...] = (
    (10, "1-10"), (50, "11-50"), (200, "51-200"), (1_000, "201-1000"), (float("inf"), "1001+"),
)  # fmt: skip


def postings(content: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every JobPosting in JSON-LD with its path, wherever it is: in lists, in `@graph`, inside other objects.

    >>> list(postings({"@graph": [{"@type": "Organization"}, {"@type": ["JobPosting"], "title": "Go"}]}))
    [('@graph[1]', {'@type': ['JobPosting'], 'title': 'Go'})]
    """
    waiting: list[tuple[str, Any]] = [(path, content)]
    for _ in range(MAX_NODES):
        if not waiting:
            return
        where, one = waiting.pop()
        if isinstance(one, dict) and _is_posting(one):
            yield where, one
        elif isinstance(one, dict):
            inner = [
                (f"{where}.{key[:40]}".lstrip("."), value)
                for key, value in one.items()
                if any(True for _ in children(value))
            ]
            waiting += reversed(inner)
        elif isinstance(one, list):
            waiting += reversed([(f"{where}[{n}]", value) for n, value in enumerate(one)])


def _is_posting(one: Mapping[str, Any]) -> bool:
    kinds = one.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(name, str) and name.rpartition("/")[2].casefold() == TYPE for name in names)


def raw_of(posting: Mapping[str, Any], path: str, rates: PayRates) -> Raw:
    """Read one JobPosting."""

    def at(name: str) -> Place:
        return Place(f"{path}.{name}".lstrip("."))

    title = text_of(posting.get("title")) or text_of(posting.get("name"))
    raw = Raw(path, title, _description(posting), key=_key(posting.get("identifier")))
    found = raw.findings
    found.add("company", name_of(posting.get("hiringOrganization")), at("hiringOrganization"))
    found.add("company_size", _size(posting.get("hiringOrganization")), at("hiringOrganization.numberOfEmployees"))
    found.add("industry", name_of(posting.get("industry")), at("industry"))
    _add_time(raw, posting, at("datePosted"))
    _add_remote(raw, posting, at)
    raw.locations += [
        one for part in _listed(posting.get("jobLocation")) for one in _locations(part, at("jobLocation"))
    ]
    if not raw.locations:
        _add_applicants(raw, posting, at("applicantLocationRequirements"))
    skills = _skills(posting.get("skills"))
    if skills:
        found.add("must_have_skills", skills, at("skills"), sure="likely")
    _add_experience(raw, posting.get("experienceRequirements"), at("experienceRequirements"))
    _add_salary(raw, posting, at, rates)
    return raw


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _key(identifier: Any) -> str | None:
    if isinstance(identifier, dict):
        identifier = identifier.get("value") or identifier.get("name")
    return text_of(identifier, 128)


def _description(posting: Mapping[str, Any]) -> str:
    """The description, and the parts that have fields of their own under their headings."""
    text = text_of_html(posting["description"]) if isinstance(posting.get("description"), str) else ""
    for name, heading in _SECTIONS:
        part = posting.get(name)
        part = "\n".join(one for one in part if isinstance(one, str)) if isinstance(part, list) else part
        shown = text_of_html(part) if isinstance(part, str) else ""
        if shown and shown not in text:
            text += f"\n{heading}\n{shown}"
    return text.strip()


def _size(organization: Any) -> CompanySize | None:
    employees = organization.get("numberOfEmployees") if isinstance(organization, dict) else None
    if isinstance(employees, dict):
        employees = employees.get("value", employees.get("maxValue"))
    count = number_of(employees)
    return None if not count else next(size for most, size in _SIZES if count <= most)


def _add_time(raw: Raw, posting: Mapping[str, Any], place: Place) -> None:
    posted: datetime | None = time_of(posting.get("datePosted"))
    raw.findings.add("posted_at", posted, place)
    if posted is None and posting.get("datePosted") is not None:
        raw.findings.doubt("posted_at", "The date is not one in ISO 8601.", place)
    raw.valid_through = time_of(posting.get("validThrough"))


def _add_remote(raw: Raw, posting: Mapping[str, Any], at: Any) -> None:
    kinds = [kind.casefold() for kind in _listed(posting.get("jobLocationType")) if isinstance(kind, str)]
    if "telecommute" in kinds:
        is_hybrid = "jobLocation" in posting and any(kind != "telecommute" for kind in kinds)
        raw.findings.add("remote_policy", "hybrid" if is_hybrid else "remote", at("jobLocationType"))


def _locations(part: Any, place: Place) -> Iterator[Location]:
    if isinstance(part, str) and (name := text_of(part, 120)):
        yield location_of(name, place)
    address = part.get("address", part) if isinstance(part, dict) else None
    for one in _listed(address):
        if isinstance(one, str) and (name := text_of(one, 120)):
            yield location_of(name, place)
        elif isinstance(one, dict):
            city, region, country = (
                name_of(one.get(key)) for key in ("addressLocality", "addressRegion", "addressCountry")
            )
            if city or region or country:
                yield Location(city, region, country, place)


def location_of(text: str, place: Place) -> Location:
    """Read "Berlin, Germany" or "Austin, Texas, United States"; one name alone is a city.

    >>> one = location_of("Austin, TX, United States", Place("location"))
    >>> one.city, one.region, one.country
    ('Austin', 'TX', 'United States')
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) >= 3:
        return Location(parts[0], parts[-2], parts[-1], place)
    return Location(parts[0] if parts else None, None, parts[1] if len(parts) == 2 else None, place)


def _add_applicants(raw: Raw, posting: Mapping[str, Any], place: Place) -> None:
    """Where applicants may be takes the place of a missing place of work, if it is one country."""
    names = [name for part in _listed(posting.get("applicantLocationRequirements")) if (name := name_of(part))]
    if len(set(names)) == 1:
        raw.findings.add("country", names[0], place, sure="likely")
    elif names:
        raw.findings.doubt(
            "country", f"Applicants may be in {len(set(names))} places, and a profile has one country.", place
        )


def _skills(value: Any) -> list[str]:
    names: list[str] = []
    for part in _listed(value):
        if isinstance(part, str) and len(part) <= 5_000:
            names += [
                text_of(name, 120) or "" for name in text_of_html(part).replace("\n", ",").replace(";", ",").split(",")
            ]
        else:
            names.append(name_of(part) or "")
    return [name.removeprefix("- ") for name in dict.fromkeys(names) if name][:200]


def _add_experience(raw: Raw, value: Any, place: Place) -> None:
    for part in _listed(value):
        months = number_of(part.get("monthsOfExperience")) if isinstance(part, dict) else None
        if months is not None:
            raw.findings.add("min_experience_years", round(months / 12, 2), place)
        elif isinstance(part, str):
            years = posts.asked("", part).min_years
            raw.findings.add("min_experience_years", years, place)
            if years is None and part.strip().casefold() in ("no requirements", "none"):
                raw.findings.add("min_experience_years", 0.0, place)
        elif number_of(part) is not None:
            why = "The experience is a number without a unit; it may be months or years."
            raw.findings.doubt("min_experience_years", why, place)


def _add_salary(raw: Raw, posting: Mapping[str, Any], at: Any, rates: PayRates) -> None:
    currency = text_of(posting.get("salaryCurrency"), 10)
    for part in _listed(posting.get("baseSalary")):
        if isinstance(part, dict):
            _add_amount(
                raw,
                part,
                text_of(part.get("currency") or part.get("priceCurrency"), 10) or currency,
                at("baseSalary"),
                rates,
            )
        elif isinstance(part, str) and number_of(part) is None:
            add_stated(raw.findings, part[:200], at("baseSalary").path, rates, is_field=True)
        elif (amount := number_of(part)) is not None:
            add_band(raw.findings, (amount, amount), (currency, None), at("baseSalary"), rates)
    if posting.get("estimatedSalary") is not None and "baseSalary" not in posting:
        why = "The feed estimates a salary; the company does not state one."
        raw.findings.doubt("min_salary_usd_per_year", why, at("estimatedSalary"))


def _add_amount(raw: Raw, part: Mapping[str, Any], currency: str | None, place: Place, rates: PayRates) -> None:
    """Read a MonetaryAmount or a PriceSpecification, with its value inside or beside it."""
    value = part.get("value")
    inner: Mapping[str, Any] = value if isinstance(value, dict) else part
    unit = text_of(inner.get("unitText") or inner.get("unitCode") or part.get("unitText") or part.get("duration"), 40)
    low = _first(inner, ("minValue", "minPrice"))
    high = _first(inner, ("maxValue", "maxPrice"))
    if low is None and high is None:
        low = high = _first(inner, ("value", "price"))
    written = value if isinstance(value, str) else inner.get("value")
    if low is None and high is None and isinstance(written, str):
        stated = f"{written[:100]} {currency or ''} {f'per {period_of(unit)}' if period_of(unit) else ''}"
        add_stated(raw.findings, stated, place.path, rates, is_field=True)
        return
    add_band(raw.findings, (low, high), (currency, period_of(unit)), place, rates)


def _first(part: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    return next((number for name in names if (number := number_of(part.get(name))) is not None), None)
