"""The sections of a post: where its headings are, and what each is about."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

Kind = Literal["must", "nice", "work", "benefit", "company", "other"]
"""What a section holds: what is required, what helps, the work and its tools, what the company gives, who it is."""
WORDS: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))

# A word that may begin a heading: the first of its line, or one with a capital letter.
_FIRST = re.compile(r"(?m)^[^\w\n]{0,12}(?P<line>\w[\w'\u2019]*)|(?<![\w'\u2019-])(?P<capital>[A-ZÀ-ÖØ-Þ][\w'\u2019]*)")
_LINE_END = re.compile(r"[ \t*_#]*[:?!.\u2026]{0,3}[ \t*_]*(?:\n|\Z)")
_COLON = re.compile(r"[ \t*_]*[:\uff1a]|[ \t]*[?!](?=\s)|[ \t]+[-\u2013\u2014](?=\s)|[ \t*_]*[\u2022\u00b7\u25cf*]\s")
_GOES_ON = re.compile(r"[ \t]+(?=[A-ZÀ-ÖØ-Þ0-9+<\u00bf])")
_ENDED = re.compile(r"(?:^|[.!?:;)\]\u2022\u00b7*|\u2013\u2014-]|\n)\s*$")
# "Requirements for the role", "About Acme": the rest of a short line belongs to its heading.
_REST_OF_LINE = re.compile(r"[ \t]+(?![a-z]+ed\b)(?:[^\s.:]+[ \t]?){1,5}:?[ \t]*(?:\n|\Z)")
_ABOUT = re.compile(r"(?:About|Über|À propos de|Sobre)[ \t]+[A-ZÀ-Þ][^\n.:]{0,40}:?[ \t]*(?:\n|\Z)")


@dataclass(frozen=True)
class Section:
    """A part of a post.

    Attributes:
        kind: what it is about.
        heading: its heading as written; empty before the first one.
        start: first character after the heading.
        end: character after the last.
    """

    kind: Kind
    heading: str
    start: int
    end: int


def sections(text: str) -> list[Section]:
    """Cut a text into its sections.

    >>> [(one.kind, one.heading) for one in sections("We build maps. Requirements: Java.\\nNice to have\\n- Go\\n")]
    [('other', ''), ('must', 'Requirements:'), ('nice', 'Nice to have')]

    Args:
        text: visible text.
    """
    found: list[Section] = []
    kind: Kind = "other"
    heading, start = "", 0
    for first, end, name in _headings(text):
        found.append(Section(kind, heading, start, first))
        before, kind, heading, start = kind, name, text[first:end].strip(), end
        if heading.casefold().rstrip(": *") in _LABELS:
            # "Location: Lyon" is about the rest of its line alone.
            line = text.find("\n", end, end + _LONGEST_LABEL)
            start = line if line >= 0 else min(end + _LONGEST_LABEL, len(text))
            found.append(Section(kind, heading, end, start))
            kind, heading = before, ""
    found.append(Section(kind, heading, start, len(text)))
    return [one for one in found if one.heading or text[one.start : one.end].strip()]


def section_at(parts: Sequence[Section], place: int) -> Section:
    """Return the section that a character belongs to; a heading belongs to the one before."""
    return next((one for one in reversed(parts) if one.start <= place), parts[0])


def lowered(text: str) -> str:
    """Return a text in lower case, in which every character keeps its place.

    >>> lowered("ÜBER UNS"), len("İ".lower()), len(lowered("İ"))
    ('über uns', 2, 1)
    """
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(one.lower()[:1] for one in text)


def _headings(text: str) -> Iterator[tuple[int, int, Kind]]:
    """First character, character after the last, and kind of each heading."""
    done = 0
    for match in _FIRST.finditer(text):
        group = "line" if match["line"] is not None else "capital"
        start = match.start(group)
        if start < done:
            continue
        if found := _heading(text, start, match[group], begins_line=group == "line"):
            done = found[0]
            yield start, *found


def _heading(text: str, start: int, word: str, *, begins_line: bool) -> tuple[int, Kind] | None:
    """Return end and kind of the heading that starts here."""
    for heading in _BY_FIRST_WORD.get(word.casefold().replace("\u2019", "'"), ()):
        match = heading.written.match(text, start)
        if match and _is_set_off(text, start, match.end(), begins_line=begins_line, alone=heading.alone):
            colon = _COLON.match(text, match.end())
            rest = None if colon or not begins_line else _REST_OF_LINE.match(text, match.end())
            return (colon or rest or match).end(), heading.kind
    return _about(text, start, word) if begins_line else None


def _is_set_off(text: str, start: int, end: int, *, begins_line: bool, alone: bool) -> bool:
    """Whether the words stand as a heading does, and not as a part of a sentence."""
    if begins_line and _LINE_END.match(text, end):
        return True
    if _COLON.match(text, end):
        return begins_line or text[start].isupper()
    if alone:
        return False
    if begins_line:
        return bool(_GOES_ON.match(text, end) or _REST_OF_LINE.match(text, end)) and text[start].isupper()
    # In a text that has lost its lines, only capital letters show where a heading was.
    several = len(re.split(r"[\s-]", text[start:end].strip())) > 1
    return bool(_GOES_ON.match(text, end)) and (several or bool(_ENDED.search(text, max(0, start - 12), start)))


def _about(text: str, start: int, word: str) -> tuple[int, Kind] | None:
    match = _ABOUT.match(text, start) if word in ("About", "Über", "À", "Sobre") else None
    return (match.end(), "company") if match else None


_LABELS = frozenset(WORDS["labels"]["words"])
_LONGEST_LABEL = 120


class _Heading(NamedTuple):
    written: re.Pattern[str]
    kind: Kind
    alone: bool


def _by_first_word() -> dict[str, list[_Heading]]:
    """The headings that begin with each word, the longest first: "required skills" before "required"."""
    alone = set(WORDS["headings_alone"]["words"])
    found: dict[str, list[_Heading]] = {}
    for kind in (kind for kind in get_args(Kind) if kind in WORDS["headings"]):
        for heading in WORDS["headings"][kind]:
            first = re.split(r"[^\w']", heading)[0]
            written = re.escape(heading).replace("'", "['\u2019]").replace(r"\ ", r"[ \t]+")
            pattern = re.compile(rf"{written}(?![\w'\u2019])", re.IGNORECASE)
            found.setdefault(first, []).append(_Heading(pattern, kind, heading in alone))
    return {first: sorted(some, key=lambda one: -len(one.written.pattern)) for first, some in found.items()}


_BY_FIRST_WORD = _by_first_word()
