"""Dated entries of a resume: positions, internships and studies, each with its title and its period."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from intake.headings import Section
from intake.resumes.findings import Where
from intake.resumes.periods import Period, month_of, ranges, single, union
from intake.resumes.roles import is_apart, names_a_role
from intake.resumes.sections import Part

_SEPARATOR = re.compile(
    r"\t+|\s+[|\u00b7\u2022\u2013\u2014\u2012/-]\s+|\s*[|\u00b7\u2022;]\s*|,\s+|\s+@\s*|\s+(?:at|bei|chez|presso|bij)\s+(?=[A-Z\u00c0-\u00dd0-9])"
)
_DATED = frozenset([Section.EXPERIENCE, Section.INTERNSHIPS, Section.EDUCATION, Section.PROJECTS, Section.OTHER])
_WORK = frozenset([Section.EXPERIENCE, Section.INTERNSHIPS])
_MAX_HEADER = 110
_MAX_WORDS = 7
_REACH = 2
"""Lines before or after the dates in which a title may stand."""


@dataclass(frozen=True)
class Title:
    """The title of a position, and where it is written; without a known word for an occupation it is a guess."""

    text: str
    where: Where
    is_known: bool


@dataclass(frozen=True)
class Entry:
    """A dated entry.

    Attributes:
        section: in which it stands; `internships` also for an internship among positions.
        title: None if none was found.
        period: when.
        where: of its dates.
    """

    section: Section
    title: Title | None
    period: Period
    where: Where


def entries(parts: Sequence[Part]) -> list[Entry]:
    """Return the dated entries of a resume in its order."""
    found = list(_entries([part for part in parts if part.section in _DATED]))
    if any(entry.section in _WORK for entry in found):
        return found
    loose = [part for part in parts if part.section in (None, Section.SUMMARY)]
    return [*found, *(one for one in _entries(loose, Section.EXPERIENCE) if one.title and one.title.is_known)]


def months_of_experience(found: Sequence[Entry], today: date) -> int:
    """Return the months of all positions together, without internships and studies."""
    return union((one.period for one in found if one.section is Section.EXPERIENCE), today)


def latest(found: Sequence[Entry], today: date) -> Entry | None:
    """Return the position that began last among those that ended last."""
    now = month_of(today) + 1
    positions = [one for one in found if one.section is Section.EXPERIENCE and one.title is not None]
    ends = [(min(one.period.end or now, now), one.period.first) for one in positions]
    return positions[max(range(len(ends)), key=lambda place: (*ends[place], -place))] if positions else None


def _entries(parts: Sequence[Part], section: Section | None = None) -> Iterator[Entry]:
    dated = [(place, period) for place, part in enumerate(parts) if (period := _header_period(part))]
    places = {place for place, _ in dated}
    for place, period in dated:
        part = parts[place]
        title = _title(parts, place, period, places)
        kind = section or part.section or Section.EXPERIENCE
        if kind is Section.EXPERIENCE and title is not None and is_apart(title.text):
            kind = Section.INTERNSHIPS
        at = part.start + period.start_character
        yield Entry(kind, title, period, Where(part.page, at, part.start + period.end_character))


def _header_period(part: Part) -> Period | None:
    """Return the period that a line dates an entry with; a period in a sentence dates none."""
    found = ranges(part.text)
    period = found[0] if len(found) == 1 else None
    if not found and part.section in _WORK and not part.is_item and len(part.text) <= 60:
        period = _lone_date(part.text)
    if period is None or len(part.text) > _MAX_HEADER:
        return None
    before = part.text[: period.start_character].strip(" (\t\u2022\u25aa\u25e6-*")
    after = part.text[period.end_character :].strip(" ).,;:\t")
    if part.is_item and before and (after or not names_a_role(before)):
        return None
    return None if _is_sentence(f"{before} {part.text[period.end_character :]}") else period


def is_employer(part: Part, before: Part) -> bool:
    """Whether a line below the title and dates of an entry, which name no employer, names it."""
    is_list = part.text.count(",") > 1 or ":" in part.text
    return part.section is before.section and not part.is_item and not is_list and len(part.text.split()) <= _MAX_WORDS


def _is_sentence(text: str) -> bool:
    """Whether a text is more than "Engineer, Acme Inc."."""
    return text.rstrip().endswith((".", ";")) and len(text.split()) > _MAX_WORDS


def _lone_date(text: str) -> Period | None:
    """Return the one date of a line that is alone or beside a title; "SQL Server 2019" dates nothing."""
    period = single(text)
    if period is None:
        return None
    before, after = text[: period.start_character].strip(" (\t,|"), text[period.end_character :].strip(" ),.\t|:")
    return period if not (before and after) and (not before + after or names_a_role(before + after)) else None


def _title(parts: Sequence[Part], place: int, period: Period, dated: set[int]) -> Title | None:
    """Return the title of the entry whose dates are in the line at `place`."""
    own = parts[place]
    pieces = [
        *_pieces(own, 0, period.start_character),
        *_pieces(own, period.end_character, len(own.text)),
    ]
    before, after = list(_near(parts, place, -1, dated)), list(_near(parts, place, 1, dated))
    lines = [*after, *before] if _titles_follow(parts, place, dated) else [*before, *after]
    candidates = [pieces, *(_pieces(part, 0, len(part.text)) for part in lines)]
    for group in candidates:
        for text, where in group:
            if names_a_role(text):
                return Title(text, where, is_known=True)
    first = next((group[0] for group in candidates if group), None)
    return Title(*first, is_known=False) if first else None


def _titles_follow(parts: Sequence[Part], place: int, dated: set[int]) -> bool:
    """Whether titles stand below the dates: so they do if the first dates of the section are its first line."""
    section = parts[place].section
    start = place
    while start > 0 and parts[start - 1].section is section:
        start -= 1
    return start in dated


def _near(parts: Sequence[Part], place: int, step: int, dated: set[int]) -> Iterator[Part]:
    """Yield the lines before or after dates that may be a title, nearest first."""
    for distance in range(1, _REACH + 1):
        other = place + step * distance
        if not 0 <= other < len(parts) or other in dated or parts[other].section is not parts[place].section:
            return
        part = parts[other]
        if part.is_item or len(part.text) > _MAX_HEADER or _is_sentence(part.text):
            return
        yield part


def _pieces(part: Part, start: int, end: int) -> list[tuple[str, Where]]:
    """Divide a piece of a line at its separators; each with its place."""
    pieces, reached = [], start
    for match in [*_SEPARATOR.finditer(part.text, start, end), None]:
        stop = match.start() if match else end
        raw = part.text[reached:stop]
        text = raw.strip(" \t,:;\u2022|\u2013\u2014-(")
        if text.count("(") != text.count(")"):
            text = max(re.split("[()]", text), key=len).strip()
        if len(text) > 1:
            at = part.start + reached + raw.index(text)
            pieces.append((text, Where(part.page, at, at + len(text))))
        reached = match.end() if match else end
    return pieces
