"""From a resume to the draft of a profile: every field with its place and how sure it is, and what is in doubt."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isnan
from typing import Any

from intake.documents import limits
from intake.documents.document import Document
from intake.documents.sandbox import shared
from intake.headings import Section
from intake.resumes import heading, privacy, wishes
from intake.resumes.abilities import Skills, abilities
from intake.resumes.entries import Entry, entries, is_employer, latest, months_of_experience
from intake.resumes.findings import Doubt, Found, Sure, Where
from intake.resumes.periods import month_of
from intake.resumes.place import place
from intake.resumes.sections import Part, parts
from matching.data.tables import CandidateProfile
from matching.text import pay_rates
from matching.text.pay_rates import PayRates
from matching.text.seniority import years_of_titles

LEVELS: tuple[tuple[float, str], ...] = ((1.5, "junior"), (4.0, "middle"), (8.0, "senior"), (float("inf"), "lead"))
"""Seniority by years of experience: below the first number, the second, and so on."""
_MAX_HEADLINE = 500
_MAX_YEARS = 60.0


@dataclass(frozen=True)
class ReadResume:
    """What a resume says.

    Attributes:
        document: the text, what was hidden in it, and notes.
        profile: the draft; what is unsure is empty.
        found: where each field of the profile comes from; "seniority", which is no field, may be a guess.
        skills: where each skill was found, by name.
        entries: positions, internships and studies with their dates.
        doubts: what is empty or may be wrong, and why.
        rates: with which a salary was converted; None if none was.
    """

    document: Document
    profile: CandidateProfile
    found: dict[str, Found]
    skills: dict[str, Found] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    rates: PayRates | None = None


def resume(
    content: bytes, name: str, today: date, *, candidate_id: str = "", rates: PayRates | None = None
) -> ReadResume:
    r"""Read the resume in a file.

    >>> text = b"Ada Lovelace\nData engineer\nLocation: Lyon, France\n\nSkills\nPython, SQL"
    >>> ada = resume(text, "ada.txt", date(2026, 5, 1))
    >>> ada.profile.headline, ada.profile.city, [skill.name for skill in ada.profile.skills]
    ('Data engineer', 'Lyon', ['python', 'sql'])

    Args:
        content: of the file, of any kind that `intake.documents` reads.
        name: of the file, for messages.
        today: the day on which the resume is read; positions held "to date" end then.
        candidate_id: of the profile; derived from the content if empty.
        rates: for the expected salary; the built-in ones if None.

    Raises:
        UnreadableFile: the file cannot be read; one sentence says why and what to do.
    """
    candidate_id = candidate_id or f"resume-{hashlib.sha256(content).hexdigest()[:16]}"
    return read(shared().read(content, name), today, candidate_id=candidate_id, rates=rates or pay_rates.built_in())


def read(document: Document, today: date, *, candidate_id: str, rates: PayRates) -> ReadResume:
    """Read a resume whose text is known."""
    lines = parts(document)
    names = heading.name_spans(lines)
    personal = [*names, *privacy.personal_spans(document.text)]
    dated = entries(lines)
    owned = abilities(lines, [*personal, *_employers(lines, dated)])
    found: dict[str, Found] = {}
    doubts: list[Doubt] = []
    for name, one in _fields(lines, names, dated, rates, today):
        if isinstance(one, Doubt):
            doubts.append(one)
        else:
            found[name] = one
    profile = CandidateProfile(
        candidate_id=candidate_id,
        resume=privacy.without(document.text, personal)[: limits.MAX_CHARACTERS],
        skills=list(owned.listed),
        **{"headline": "", **_values(found)},
    )
    doubts += [*_missing(profile, owned), *owned.doubts]
    found |= _seniority(found, profile)
    used = rates if "expected_salary_usd_per_year" in found else None
    return ReadResume(document, profile, found, owned.found, tuple(dated), tuple(doubts), used)


def _values(found: dict[str, Found]) -> dict[str, Any]:
    return {name: one.value for name, one in found.items()}


def _fields(
    lines: Sequence[Part], names: Sequence[tuple[int, int]], dated: Sequence[Entry], rates: PayRates, today: date
) -> Iterator[tuple[str, Found | Doubt]]:
    """Yield every field but the skills, found or in doubt."""
    yield from _headline(lines, names, dated, today)
    yield from _experience(dated, today)
    yield from _place(lines)
    remote = wishes.remote_wish(lines)
    if remote:
        yield "remote_wish", remote
    salary = wishes.expected_salary(lines, rates)
    if salary is not None:
        yield "expected_salary_usd_per_year", salary if isinstance(salary, Doubt) else salary.found


def _headline(
    lines: Sequence[Part], names: Sequence[tuple[int, int]], dated: Sequence[Entry], today: date
) -> Iterator[tuple[str, Found | Doubt]]:
    """Yield the headline: the line at the top, or else the title of the latest position."""
    stated = heading.headline(lines, names)
    current = latest(dated, today)
    if stated is not None:
        yield "headline", Found(stated.value[:_MAX_HEADLINE], stated.sure, stated.where)
    elif current is not None and current.title is not None and current.title.is_known:
        yield "headline", Found(current.title.text[:_MAX_HEADLINE], "likely", (current.title.where,))
    else:
        yield "headline", Doubt("headline", "No line says what the person is.")


def _experience(dated: Sequence[Entry], today: date) -> Iterator[tuple[str, Found | Doubt]]:
    """Yield the years of experience, and the periods that cannot be right."""
    now = month_of(today) + 1
    sound = [one for one in dated if one.period.first < now]
    for one in dated:
        if one.period.first >= now:
            yield (
                "experience_years",
                Doubt("experience_years", "An entry begins in the future and is not counted.", one.where),
            )
        elif one.period.end is not None and one.period.end > now and one.section is Section.EXPERIENCE:
            why = "An entry ends in the future and is counted up to today."
            yield "experience_years", Doubt("experience_years", why, one.where)
    counted = [one for one in sound if one.section is Section.EXPERIENCE]
    months = months_of_experience(sound, today)
    if not counted:
        yield "experience_years", Doubt("experience_years", "No position with dates was found.")
    elif months / 12 > _MAX_YEARS:
        yield "experience_years", Doubt("experience_years", "The dates add up to more than 60 years.")
    else:
        sure: Sure = "stated" if all(one.period.is_exact for one in counted) else "likely"
        yield "experience_years", Found(round(months / 12, 1), sure, tuple(one.where for one in counted))


def _place(lines: Sequence[Part]) -> Iterator[tuple[str, Found | Doubt]]:
    home = place(lines)
    if home is None:
        yield "city", Doubt("city", "No line says where the person lives.")
        return
    for name, value in (("city", home.city), ("region", home.region), ("country", home.country)):
        if value:
            yield name, Found(value, home.sure, (home.where,))


def _employers(lines: Sequence[Part], dated: Sequence[Entry]) -> list[tuple[int, int]]:
    """Return the characters beside titles in the lines of entries: employers, which may be named like skills."""
    spans: list[tuple[int, int]] = []
    for entry in dated:
        titles = [entry.title.where] if entry.title else []
        places = sorted({_place_of(lines, where) for where in (entry.where, *titles)})
        outside = [span for place in places for span in _outside(lines[place], [entry.where, *titles])]
        if not outside and places[-1] + 1 < len(lines) and is_employer(lines[places[-1] + 1], lines[places[-1]]):
            following = lines[places[-1] + 1]
            outside = [(following.start, following.end)]
        spans += outside
    return spans


def _outside(part: Part, wheres: Sequence[Where]) -> list[tuple[int, int]]:
    """Return the pieces of a line outside of some places that hold a word."""
    inside = sorted((one.start, one.end) for one in wheres if part.start <= one.start < part.end)
    starts, ends = [part.start, *(end for _, end in inside)], [*(start for start, _ in inside), part.end]
    pieces = zip(starts, ends, strict=True)
    return [(a, b) for a, b in pieces if re.search(r"[^\W_]", part.text[a - part.start : max(b, a) - part.start])]


def _place_of(lines: Sequence[Part], where: Where) -> int:
    return next(place for place, part in enumerate(lines) if part.start <= where.start < part.end)


def _missing(profile: CandidateProfile, owned: Skills) -> Iterator[Doubt]:
    if not owned.listed:
        yield Doubt("skills", "No known skill was found.")
    if profile.city and not profile.country:
        yield Doubt("country", "The country is not said.")


def _seniority(found: dict[str, Found], profile: CandidateProfile) -> dict[str, Found]:
    """Return the seniority that the title or else the years suggest; from years it is a guess."""
    title = found.get("headline")
    years = years_of_titles([profile.headline])[0]
    if title is not None and not isnan(years):
        return {"seniority": Found(level(years), "likely", title.where)}
    experience = found.get("experience_years")
    return {"seniority": Found(level(experience.value), "guess", experience.where)} if experience else {}


def level(years: float) -> str:
    """Return the seniority that years of experience suggest.

    >>> level(0.5), level(5), level(12)
    ('junior', 'senior', 'lead')
    """
    return next(name for bound, name in LEVELS if years < bound)
