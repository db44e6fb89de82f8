"""From what a feed says about one post to the draft of a profile."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from intake.jobs.findings import Doubt, Findings, Found, Place
from intake.jobs.salary import HIGH, LOW, add_stated
from matching.data.tables import JobProfile
from matching.text.pay_rates import PayRates
from matching.text.posts import post as posts
from matching.text.posts.needs import Demand, Need
from matching.text.skill_vocabulary import SkillVocabulary

MAX_DESCRIPTION, MAX_TITLE, MAX_SKILLS = 100_000, 500, 200
_REMOTE = re.compile(
    r"\b(?:100\s?% remote|fully[- ]remote|remote[- ]first|remote only|work from anywhere|completely remote|"
    r"all[- ]remote|this is a remote (?:role|position|job))\b",
    re.IGNORECASE,
)
_HYBRID = re.compile(
    r"\b(?:hybrid (?:work|role|position|model|setup)|\d days? (?:a|per) week in (?:the|our) office)\b", re.IGNORECASE
)
_PERMIT = re.compile(
    r"\b(?:we (?:can |do |will )?(?:sponsor|offer|provide) (?:a |your )?(?:work )?(?:visas?|permits?)|"
    r"visa sponsorship (?:is )?(?:available|offered|provided)|we sponsor visas?)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Location:
    """A place of work as a feed writes it."""

    city: str | None
    region: str | None
    country: str | None
    place: Place


@dataclass
class Raw:
    """What a feed says about one post.

    Attributes:
        path: of the post in its input.
        title: its title.
        description: its text.
        key: its identifier; None derives one from its content.
        locations: every place of work.
        findings: fields that the feed states.
        valid_through: when the post ends.
    """

    path: str
    title: str | None
    description: str
    key: str | None = None
    locations: list[Location] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    valid_through: datetime | None = None


@dataclass(frozen=True)
class ReadJob:
    """What a post says.

    Attributes:
        profile: the draft; what is unsure is empty.
        found: where each field comes from and how sure it is.
        skills: where each skill is named, by its canonical name; places are characters of the profile's description.
        doubts: what is empty or may be wrong, and why.
        valid_through: when the post ends; None if it does not say so.
        rates: with which the salary was converted; None if none was.
    """

    profile: JobProfile
    found: dict[str, Found]
    skills: dict[str, Found]
    doubts: tuple[Doubt, ...]
    valid_through: datetime | None
    rates: PayRates | None


def draft(raw: Raw, today: datetime, rates: PayRates, vocabulary: SkillVocabulary | None = None) -> ReadJob | None:
    """Return the draft of a profile; None for a post without a title."""
    title = (raw.title or "").strip()[:MAX_TITLE]
    if not title:
        return None
    findings = raw.findings
    description = _shortened(raw.description, findings)
    findings.add("title", title, Place(f"{raw.path}.title".lstrip(".")))
    findings.add("description", description, Place("description", 0, len(description)))
    read = posts.read(title, description, vocabulary)
    skills = _add_skills(findings, read)
    _add_years(findings, read)
    add_stated(findings, description, "description", rates)
    _add_locations(findings, raw.locations)
    _add_said(findings, description)
    if raw.valid_through is not None and raw.valid_through < today:
        findings.doubt("posted_at", "The post has ended.")
    profile = _profile(raw, findings, title, description)
    used = rates if LOW in findings.found or HIGH in findings.found else None
    return ReadJob(profile, findings.found, skills, tuple(findings.doubts), raw.valid_through, used)


def _shortened(text: str, findings: Findings) -> str:
    if len(text) > MAX_DESCRIPTION:
        findings.doubt("description", f"Only the first {MAX_DESCRIPTION:,} characters are kept.")
    return text[:MAX_DESCRIPTION]


def _add_skills(findings: Findings, read: posts.Post) -> dict[str, Found]:
    """Skills of lists win; the text's follow where there is no list."""
    skills: dict[str, list[Demand]] = {}
    for one in read.demands:
        skills.setdefault(one.skill, []).append(one)
    required = {name for name, some in skills.items() if any(one.need == "must" for one in some)} | set(
        read.title_skills
    )
    needs: dict[Need, list[str]] = {
        "must": list(dict.fromkeys([*read.title_skills, *(name for name in skills if name in required)])),
        "nice": [name for name in skills if name not in required],
    }
    for name, need in (("must_have_skills", "must"), ("nice_to_have_skills", "nice")):
        named = needs[need][:MAX_SKILLS]  # type: ignore[index]
        if named:
            places = [Place("description", one.start, one.end) for skill in named for one in skills.get(skill, [])[:1]]
            findings.add(name, named, *(places or [Place("title")]), sure="likely")
    return {
        name: Found(
            name,
            "stated" if any(one.is_stated for one in some) else "likely",
            tuple(Place("description", one.start, one.end) for one in some),
        )
        for name, some in skills.items()
    }


def _add_years(findings: Findings, read: posts.Post) -> None:
    low, high = posts.overall(read.years)
    places = [Place("description", one.start, one.end) for one in read.years]
    if places:
        findings.add("min_experience_years", low, *places, sure="likely")
        findings.add("max_experience_years", high, *places, sure="likely")
    elif read.seniority_years is not None and not findings.knows("min_experience_years"):
        why = f"No years are stated; the seniority usually stands for about {read.seniority_years:g}."
        findings.doubt("min_experience_years", why, Place("title"))


def _add_locations(findings: Findings, locations: Sequence[Location]) -> None:
    """One place is the place; of several, only what they have in common is kept."""
    for name in ("city", "region", "country"):
        values = {getattr(one, name) for one in locations}
        if len(values) == 1:
            findings.add(name, values.pop(), *(one.place for one in locations))
        elif values:
            why = f"The post names {len(locations)} places of work, and a profile has one {name}."
            findings.doubt(name, why, locations[0].place)


def _add_said(findings: Findings, description: str) -> None:
    """What only the text says: remote work and work permits."""
    for policy, pattern in (("remote", _REMOTE), ("hybrid", _HYBRID)):
        if match := pattern.search(description):
            findings.add("remote_policy", policy, Place("description", *match.span()), sure="likely")
    if match := _PERMIT.search(description):
        findings.add("sponsors_work_permit", True, Place("description", *match.span()), sure="likely")


def _profile(raw: Raw, findings: Findings, title: str, description: str) -> JobProfile:
    """Build the profile; a field that its rules refuse is empty and a doubt."""
    digest = hashlib.sha256(f"{title} {description}".encode()).hexdigest()
    key = (raw.key or "")[:128].strip() or f"post-{digest[:16]}"
    for _ in range(len(findings.found)):
        values: dict[str, Any] = {name: one.value for name, one in findings.found.items()}
        try:
            return JobProfile.model_validate({"job_id": key, **values})
        except ValidationError as error:
            wrong = {str(one["loc"][0]) for one in error.errors(include_input=False) if one["loc"]} & _OPTIONAL
            # A rule between two fields names none.
            _leave_out(findings, wrong or set(_BANDS))
    return JobProfile(job_id=key, title=title, description=description)


_OPTIONAL = JobProfile.model_fields.keys() - {"job_id", "title", "description"}
_BANDS = (LOW, HIGH, "min_experience_years", "max_experience_years")


def _leave_out(findings: Findings, names: set[str]) -> None:
    for name in names & findings.found.keys():
        place = findings.found.pop(name).places[:1]
        findings.doubt(name, "The value breaks a rule of the field.", place[0] if place else None)
