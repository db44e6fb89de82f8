"""Job boards of applicant tracking systems: the public JSON of Greenhouse and of Lever."""

from collections.abc import Iterator, Mapping
from typing import Any

from intake.jobs.findings import Place
from intake.jobs.page import text_of_html
from intake.jobs.post import Raw
from intake.jobs.salary import add_band, add_stated, period_of
from intake.jobs.schema_org import location_of
from intake.jobs.values import name_of, number_of, text_of, time_of
from matching.data.tables import RemotePolicy
from matching.text.pay_rates import PayRates

_POLICIES: dict[str, RemotePolicy] = {"remote": "remote", "hybrid": "hybrid", "on-site": "onsite", "onsite": "onsite"}


def greenhouse_jobs(content: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the jobs of a Greenhouse board, or the one job of its page, with their paths.

    >>> [path for path, _ in greenhouse_jobs({"jobs": [{"id": 1, "title": "Go", "absolute_url": ""}, 7]})]
    ['jobs[0]']
    """
    jobs = content.get("jobs") if isinstance(content, dict) else None
    if isinstance(jobs, list):
        yield from ((f"jobs[{n}]", job) for n, job in enumerate(jobs) if isinstance(job, dict))
    elif (
        isinstance(content, dict) and "title" in content and ("absolute_url" in content or "internal_job_id" in content)
    ):
        yield "", content


def raw_of_greenhouse(job: Mapping[str, Any], path: str, rates: PayRates) -> Raw:
    """Read a job as https://developers.greenhouse.io/job-board.html describes it; its content is escaped HTML."""

    def at(name: str) -> Place:
        return Place(f"{path}.{name}".lstrip("."))

    content = job.get("content")
    text = text_of_html(content) if isinstance(content, str) else ""
    raw = Raw(path, text_of(job.get("title")), text, key=text_of(job.get("id"), 128))
    raw.findings.add("company", text_of(job.get("company_name"), 120), at("company_name"))
    posted = time_of(job.get("first_published"))
    raw.findings.add("posted_at", posted, at("first_published"))
    if posted is None:
        raw.findings.add("posted_at", time_of(job.get("updated_at")), at("updated_at"), sure="likely")
    add_location(raw, name_of(job.get("location")), at("location.name"))
    ranges = job.get("pay_input_ranges")
    for one in ranges[:1] if isinstance(ranges, list) and len(ranges) == 1 and isinstance(ranges[0], dict) else ():
        ends = tuple(
            None if (cents := number_of(one.get(key))) is None else cents / 100 for key in ("min_cents", "max_cents")
        )
        title = text_of(one.get("title"), 200)
        add_band(
            raw.findings,
            (ends[0], ends[1]),
            (text_of(one.get("currency_type"), 10), period_of(title)),
            at("pay_input_ranges"),
            rates,
        )
    if isinstance(ranges, list) and len(ranges) > 1:
        raw.findings.doubt("min_salary_usd_per_year", "The salary depends on the place.", at("pay_input_ranges"))
    return raw


def lever_jobs(content: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the postings of a Lever board, or the one posting of its page, with their paths."""
    if isinstance(content, list):
        yield from ((f"[{n}]", one) for n, one in enumerate(content) if _is_lever(one))
    elif _is_lever(content):
        yield "", content


def _is_lever(one: Any) -> bool:
    return isinstance(one, dict) and "text" in one and ("categories" in one or "hostedUrl" in one)


def raw_of_lever(job: Mapping[str, Any], path: str, rates: PayRates) -> Raw:
    """Read a posting as https://github.com/lever/postings-api describes it."""

    def at(name: str) -> Place:
        return Place(f"{path}.{name}".lstrip("."))

    raw = Raw(path, text_of(job.get("text")), _lever_text(job), key=text_of(job.get("id"), 128))
    raw.findings.add("posted_at", time_of(job.get("createdAt")), at("createdAt"))
    raw.findings.add("remote_policy", _POLICIES.get(str(job.get("workplaceType")).casefold()), at("workplaceType"))
    for name in _lever_locations(job.get("categories")):
        add_location(raw, name, at("categories.location"))
    salary = job.get("salaryRange")
    if isinstance(salary, dict):
        ends = number_of(salary.get("min")), number_of(salary.get("max"))
        unit = period_of(text_of(salary.get("interval"), 40))
        add_band(raw.findings, ends, (text_of(salary.get("currency"), 10), unit), at("salaryRange"), rates)
    description = job.get("salaryDescriptionPlain") or job.get("salaryDescription")
    if isinstance(description, str):
        add_stated(raw.findings, text_of_html(description[:5_000]), at("salaryDescription").path, rates)
    return raw


def _lever_locations(categories: Any) -> list[str]:
    if not isinstance(categories, dict):
        return []
    several = categories.get("allLocations")
    names = [text_of(one, 120) for one in several] if isinstance(several, list) else []
    return [name for name in names or [text_of(categories.get("location"), 120)] if name]


def _lever_text(job: Mapping[str, Any]) -> str:
    """The description, its lists under their headings, and what closes it."""
    parts = [_html(job, "description") or _html(job, "descriptionPlain")]
    lists = job.get("lists")
    for one in lists if isinstance(lists, list) else ():
        if isinstance(one, dict):
            parts.append(f"{text_of(one.get('text'), 200) or ''}\n{_html(one, 'content')}")
    parts.append(_html(job, "additional") or _html(job, "additionalPlain"))
    return "\n".join(part for part in parts if part.strip()).strip()


def _html(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    return text_of_html(value) if isinstance(value, str) else ""


def add_location(raw: Raw, text: str | None, place: Place) -> None:
    """Add a place as boards write it: "Remote", "Remote - US", "Berlin, Germany"; several with "or", ";" or "|"."""
    if text is None:
        return
    for part in text.replace("|", ";").replace(" or ", ";").split(";"):
        name = part.strip()
        bare = name.casefold().replace("remote", "").strip(" -\u2013,()/:")
        if "remote" in name.casefold():
            raw.findings.add("remote_policy", "remote", place, sure="likely")
            if bare and bare not in ("anywhere", "worldwide", "global"):
                raw.findings.doubt(
                    "country", "Remote work is limited to a place that the feed does not explain.", place
                )
        elif name:
            raw.locations.append(location_of(name, place))
