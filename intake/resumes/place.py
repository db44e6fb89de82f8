"""Where a person lives, as the resume says it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from intake.headings import Section
from intake.resumes.findings import Sure, Where
from intake.resumes.privacy import personal_spans
from intake.resumes.roles import names_a_role
from intake.resumes.sections import Part
from intake.resumes.words import WORDS, folded, label, phrase
from matching.text.places import country, region

_LABEL = label(WORDS["labels"]["place"])
_BASED = re.compile(phrase(WORDS["phrases"]["lives_in"]).pattern + r"\s+")
_END = re.compile(r"[.;()\n]|\s(?:and|und|et|y|with|since|who|where)\s")
_POSTCODE = re.compile(r"^(?:[A-Z]{1,2}-)?\d{4,6}\s+|\s+(?:[A-Z]{1,2}\d{1,2}[A-Z]?\s?\d[A-Z]{2}|\d{5}(?:-\d{4})?)$")
_CITY = re.compile(r"[^\W\d_][\w.'\u2019-]*(?:[ -][^\W\d_(][\w.'\u2019-]*){0,3}")
_STATE = re.compile(r"[A-Z]{2}")
_CLAUSE = re.compile(r"\t+|\s*[|\u00b7\u2022;]\s*|\s+[\u2013\u2014-]\s+")
_TOP = 10
_MAX_PLACE, _MAX_LINE, _MAX_NAME = 150, 1_000, 60
_MARKS = " \t\u2022\u25aa\u25ba\u25b6\u25b8\u25cf\u2302\u2691\u27a4"
_NOISE = re.compile(
    r"\s*\(?\b(?:remote|hybrid|on-?site|open to relocat\w*|willing to relocate|relocation)\b\)?.*$", re.IGNORECASE
)


@dataclass(frozen=True)
class Place:
    """A place of residence as written; what is not said is None."""

    city: str
    region: str | None
    country: str | None
    where: Where
    sure: Sure


def place(parts: Sequence[Part]) -> Place | None:
    """Return where the person lives: from a labelled line, the top, or a sentence; None if nothing says it."""
    top = [part for part in parts if part.section is None][:_TOP]
    contact = [part for part in parts if part.section is Section.CONTACT]
    for part in (*top, *contact, *parts):
        labelled = _LABEL.match(folded(part.text))
        if labelled and (found := _read(part, labelled.end(), len(part.text), "stated")):
            return found
    for part in (*top, *contact, *_wrapped(top), *_wrapped(contact)):
        for start, end in _clauses(part):
            found = _read(part, start, end, "likely")
            if found and (country(found.country) or _is_known_state(found) or _has_postcode(part.text[start:end])):
                return found
    return next(_in_sentences(parts), None)


def _is_known_state(place_: Place) -> bool:
    return place_.region is not None and place_.country is None


def _has_postcode(text: str) -> bool:
    return any(_POSTCODE.search(name.strip(_MARKS)) for name in text.split(","))


def _wrapped(parts: Sequence[Part]) -> Iterator[Part]:
    """Yield neighbouring lines as one: in a narrow column, "London, United Kingdom" may take two."""
    for one, other in pairwise(parts):
        if one.end + 1 == other.start and "," in one.text:
            yield Part(f"{one.text} {other.text}", one.start, one.page, one.section)


def _in_sentences(parts: Sequence[Part]) -> Iterator[Place]:
    for part in parts:
        if part.section in (None, Section.SUMMARY, Section.CONTACT) and len(part.text) <= _MAX_LINE:
            for match in _BASED.finditer(folded(part.text)):
                stop = _END.search(part.text, match.end())
                found = _read(part, match.end(), stop.start() if stop else len(part.text), "likely")
                if found:
                    yield found


def _clauses(part: Part) -> Iterator[tuple[int, int]]:
    reached = 0
    if len(part.text) > _MAX_LINE:
        return
    for match in [*_CLAUSE.finditer(part.text), None]:
        stop = match.start() if match else len(part.text)
        if stop > reached:
            yield reached, stop
        reached = match.end() if match else stop


def _read(part: Part, start: int, end: int, sure: Sure) -> Place | None:
    """Read "Berlin", "10117 Berlin, Germany", "Austin, TX, United States"; a street before it is left out."""
    if end - start > _MAX_PLACE:
        return None
    raw = part.text[start:end]
    for begin, stop in personal_spans(raw):
        raw = raw[:begin] + " " * (stop - begin) + raw[stop:]
    raw = _NOISE.sub("", raw)
    names = [_POSTCODE.sub("", name.strip(_MARKS)).strip(" .()") for name in raw.split(",")]
    names = [name for name in names if name]
    # "Backend Engineer, sr." is nobody's home in Suriname.
    if names_a_role(raw) or any(len(name) == 2 and not name.isupper() and sure != "stated" for name in names[1:]):
        return None
    while len(names) > 1 and any(letter.isdigit() for letter in names[0]):
        names = names[1:]
    if (
        not 1 <= len(names) <= 3
        or max(map(len, names)) > _MAX_NAME
        or not all(_CITY.fullmatch(name) for name in names)
        or not names[0][:1].isupper()
    ):
        return None
    at = part.start + start + len(raw) - len(raw.lstrip(_MARKS))
    where = Where(part.page, at, part.start + start + len(raw.rstrip()))
    return _placed(names, where, sure)


def _placed(names: Sequence[str], where: Where, sure: Sure) -> Place | None:
    """Tell city, region and country apart by their number and what is known.

    Of "Austin, TX", TX is a state and of "Lyon, FR", FR a country; of "Berlin, DE" it could be either, and stays out.
    """
    city, rest = names[0], list(names[1:])
    if country(city) and not rest:
        return None  # a country alone is no city
    if len(rest) == 1 and _STATE.fullmatch(rest[0]) and _is_state(rest[0]):
        return Place(city, None if country(rest[0]) else rest[0], None, where, sure)
    land = rest.pop() if rest else None
    return Place(city, rest[0] if rest else None, land, where, sure)


def _is_state(name: str) -> bool:
    """Whether two letters are the abbreviation of a region."""
    return region(name) != name.lower()
