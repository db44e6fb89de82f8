"""The skills of a resume, with the years of use where they are written."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from intake.headings import Section
from intake.resumes.findings import Doubt, Found, Sure, Where
from intake.resumes.sections import Part
from intake.resumes.words import WORDS, folded, label
from matching.data.tables import Skill
from matching.text import skills
from matching.text.skill_vocabulary import built_in

_SILENT = (Section.CONTACT,)
_YEARS = re.compile(
    r"\s*[(\[,:\u2013\u2014-]?\s*(?:for\s|seit\s)?(\d{1,2}(?:[.,]\d)?)\+?\s*"
    r"(?:years?|yrs?\.?|y|jahren?|j\.|ans?|a\u00f1os?|anni|jaar|anos?|lat)\b(?:[^,;\n)\]]{0,30}[)\]])?",
    re.IGNORECASE,
)
_ITEM = re.compile(r"(?:[^,;|\u2022\u00b7\t\n(]|\([^()\n]*\)|\()+")
_MARKS = " -*()\u25aa\u25e6\u25cf\u25cb\u25b6\u25b8"
_OTHER = label([word for words in WORDS["labels"].values() for word in words])
"""A line that says something else, wherever it stands."""
_MAX_SKILLS = 200
_MAX_YEARS = 60.0
_MAX_ITEM = 40
_MAX_WORDS = 4
_LIST, _MOSTLY = 3, 2 / 3
"""A list of so many items, of which so many are known skills, is one of skills, and so are its other items."""


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
    places: dict[str, list[Where]] = {}
    sure: dict[str, Sure] = {}
    years: dict[str, float] = {}
    doubts: list[Doubt] = []
    unheld: list[Where] = []
    read = [one for group in _joined(parts) for one in _mentions(group, silent)]
    for mention, where, text_years in read:
        if mention.stance == "held":
            places.setdefault(mention.skill, []).append(where)
            if text_years is not None:
                years.setdefault(mention.skill, text_years)
        else:
            unheld.append(where)
            if mention.stance == "wished":
                doubts.append(Doubt("skills", f"{mention.skill!r} is only wished for.", where))
    named, unknown = _listed([part for part in parts if part.section is Section.SKILLS], unheld)
    for name, where, how in named:
        if name not in places:
            places[name] = [where]
            sure[name] = how
    order = list(dict.fromkeys([*(name for name, _, _ in named), *places]))
    listed = [Skill(name=name, years=years.get(name)) for name in order[:_MAX_SKILLS]]
    found = {name: Found(name, sure.get(name, "stated"), tuple(places[name])) for name in order}
    return Skills(tuple(listed), found, (*doubts, *unknown))


def _joined(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield lines that are read together: those of a section, since a PDF breaks lines within sentences."""
    group: list[Part] = []
    for part in parts:
        if part.section in _SILENT:
            continue
        is_next = group and part.section is group[-1].section and part.start == group[-1].end + 1
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
    shown = _blanked("".join(_unwrapped(group)), start, silent)
    for mention in skills.read(shown):
        at = start + mention.start
        page = next((part.page for part in reversed(group) if part.start <= at), group[0].page)
        stated = _YEARS.match(shown, mention.end)
        number = float(stated[1].replace(",", ".")) if stated else None
        yield mention, Where(page, at, start + mention.end), number if number is None or number <= _MAX_YEARS else None


def _unwrapped(group: Sequence[Part]) -> Iterator[str]:
    """Yield the lines of a group; one that goes on in lower case is joined with the next by a space."""
    yield group[0].text
    for before, part in pairwise(group):
        goes_on = part.text[:1].islower() and before.text[-1:].isalnum()
        yield (" " if goes_on else "\n") + part.text


def _blanked(text: str, start: int, spans: Sequence[tuple[int, int]]) -> str:
    """Return a text that begins at `start` with spaces in some places."""
    letters = list(text)
    for first, end in spans:
        begin, stop = max(first - start, 0), min(end - start, len(text))
        if begin < stop:
            letters[begin:stop] = " " * (stop - begin)
    return "".join(letters)


Named = tuple[str, Where, Sure]


def _listed(parts: Sequence[Part], unheld: Sequence[Where]) -> tuple[list[Named], list[Doubt]]:
    """Return the skills that the items of the list of skills name, and a doubt for every other item."""
    vocabulary = built_in().names
    named: list[Named] = []
    doubts: list[Doubt] = []
    for items in _lists(parts):
        stated = [(text, where) for text, where in items if not _overlaps(where, unheld)]
        known = {where: [name for name in skills.listed(text) if name in vocabulary] for text, where in stated}
        is_of_skills = len(items) >= _LIST and sum(map(bool, known.values())) >= _MOSTLY * len(items)
        for text, where in stated:
            if known[where]:
                named += [(name, where, "stated") for name in known[where]]
            elif is_of_skills:
                named += [(name, where, "likely") for name in skills.listed(text)]
            else:
                doubts.append(Doubt("skills", f"{text!r} is no known skill.", where))
    return named, doubts


def _overlaps(where: Where, ordered: Sequence[Where]) -> bool:
    """Whether a place overlaps with one of others that are in their order."""
    place = bisect_left(ordered, where.end, key=lambda one: one.start)
    return place > 0 and ordered[place - 1].end > where.start


def _lists(parts: Sequence[Part]) -> Iterator[list[tuple[str, Where]]]:
    """Yield the items of each list: those of a line, or of lines that hold one item each."""
    single: list[tuple[str, Where]] = []
    for part in parts:
        items = [] if _OTHER.match(folded(part.text)) else list(_items(part))
        if len(items) == 1:
            single += items
            continue
        yield from filter(None, (single, items))
        single = []
    if single:
        yield single


def _items(part: Part) -> Iterator[tuple[str, Where]]:
    """Yield the items of a line: a few words between commas, bars or bullets; what stands before a colon is a label."""
    group = re.match(r"[^:,\t]{1,40}(?::\s*|\t)", part.text)
    for item in _ITEM.finditer(part.text, group.end() if group else 0):
        text = item[0].lstrip(_MARKS).rstrip(_MARKS + ".")
        if 0 < len(text) <= _MAX_ITEM and len(text.split()) <= _MAX_WORDS:
            at = part.start + item.start() + item[0].index(text)
            yield re.sub(r"\s*\([^()]*$", "", text), Where(part.page, at, at + len(text))
