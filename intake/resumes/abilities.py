"""The skills of a resume, with the years of use where they are written."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from intake.headings import Section
from intake.resumes.findings import Doubt, Found, Where
from intake.resumes.sections import Part
from matching.data.tables import Skill
from matching.text import skills

_LISTS = (Section.SKILLS,)
_SILENT = (Section.CONTACT,)
_YEARS = re.compile(
    r"\s*[(\[,:\u2013\u2014-]?\s*(?:for\s|seit\s)?(\d{1,2}(?:[.,]\d)?)\+?\s*(?:years?|yrs?\.?|y|jahren?|j\.|ans?|a\u00f1os?|anni|jaar|anos?|lat)\b(?:[^,;\n)\]]{0,30}[)\]])?",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[^,;|\u2022\u00b7\t\n]+")
_MAX_SKILLS = 200
_MAX_YEARS = 60.0


@dataclass(frozen=True)
class Skills:
    """The skills of a resume.

    Attributes:
        listed: each once, those of the list of skills first.
        found: their places, by name.
        doubts: entries of the list that are no known skill, and wishes.
    """

    listed: tuple[Skill, ...]
    found: dict[str, Found]
    doubts: tuple[Doubt, ...]


def abilities(parts: Sequence[Part], silent: Sequence[tuple[int, int]]) -> Skills:
    """Return what a person can do.

    Args:
        parts: the lines of the resume.
        silent: characters that name no skill whatever they say: names, addresses, employers.
    """
    ordered = sorted(parts, key=lambda part: part.section not in _LISTS)
    places: dict[str, list[Where]] = {}
    years: dict[str, float] = {}
    doubts: list[Doubt] = []
    for group in _joined(ordered):
        for mention, where, text_years in _mentions(group, silent):
            if mention.stance == "held":
                places.setdefault(mention.skill, []).append(where)
                if text_years is not None:
                    years.setdefault(mention.skill, text_years)
            elif mention.stance == "wished":
                doubts.append(Doubt("skills", f"{mention.skill!r} is only wished for.", where))
    listed = [Skill(name=name, years=years.get(name)) for name in list(places)[:_MAX_SKILLS]]
    found = {name: Found(name, "stated", tuple(where)) for name, where in places.items()}
    return Skills(tuple(listed), found, (*doubts, *_unknown(parts, places)))


def _joined(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield lines that are read together: those of a section, since a PDF breaks lines within sentences."""
    group: list[Part] = []
    for part in parts:
        if part.section in _SILENT:
            continue
        is_next = group and part.section is group[-1].section and part.start <= group[-1].end + 2
        if group and not is_next:
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def _mentions(
    group: Sequence[Part], silent: Sequence[tuple[int, int]]
) -> Iterator[tuple[skills.Mention, Where, float | None]]:
    start = group[0].start
    shown = _blanked("\n".join(part.text for part in group), start, silent)
    for mention in skills.read(shown):
        at = start + mention.start
        page = next((part.page for part in reversed(group) if part.start <= at), group[0].page)
        stated = _YEARS.match(shown, mention.end)
        number = float(stated[1].replace(",", ".")) if stated else None
        yield mention, Where(page, at, start + mention.end), number if number is None or number <= _MAX_YEARS else None


def _blanked(text: str, start: int, spans: Sequence[tuple[int, int]]) -> str:
    """Return a text that begins at `start` with spaces in some places."""
    for first, end in spans:
        begin, stop = max(first - start, 0), min(end - start, len(text))
        if begin < stop:
            text = text[:begin] + " " * (stop - begin) + text[stop:]
    return text


def _unknown(parts: Sequence[Part], places: dict[str, list[Where]]) -> Iterator[Doubt]:
    """Yield the entries of the list of skills in which no known skill was found."""
    known = [(where.start, where.end) for found in places.values() for where in found]
    for part in parts:
        if part.section not in _LISTS:
            continue
        label = re.match(r"[^:,]{1,40}:\s*", part.text)
        for item in _ITEM.finditer(part.text, label.end() if label else 0):
            text = item[0].strip(" -*.()")
            start, end = part.start + item.start(), part.start + item.end()
            if 1 < len(text) <= 40 and len(text.split()) <= 4 and not any(start < b and a < end for a, b in known):
                yield Doubt("skills", f"{text!r} is no known skill.", Where(part.page, start, end))
