"""What stands at the top of a resume: the name and the headline."""

import re
from collections.abc import Sequence

from intake.headings import Section
from intake.resumes.findings import Found, Where
from intake.resumes.periods import ranges
from intake.resumes.privacy import personal_spans
from intake.resumes.roles import names_a_role
from intake.resumes.sections import Part
from intake.resumes.words import WORDS, folded, label, phrase

_TOP = 8
_WORD = r"[^\W\d_][\w'\u2019.-]*"
_NAME = re.compile(
    rf"(?:(?:Dr|Prof|Mr|Mrs|Ms|Dipl|Ing|Herr|Frau)\.?(?:-Ing\.?)?\s)*{_WORD}(?:\s{_WORD}){{1,4}}"
    r"(?:,?\s(?:PhD|MBA|MSc|BSc|Jr\.?|Sr\.?|II|III))?"
)
_TITLES_OF_PAGE = re.compile(
    r"(?:curriculum vit[ae]+|r[e\u00e9]sum[e\u00e9]|cv|lebenslauf|hoja de vida|europass.*)", re.IGNORECASE
)
_LABELS = label(WORDS["labels"]["name"])
_POSITION = label(WORDS["labels"]["position"])
_INTRODUCED = phrase(WORDS["phrases"]["introduction"])
_MAX_HEADLINE = 120
_MAX_WORDS = 6
"""Of a headline that ends in a full stop."""


def name_spans(parts: Sequence[Part]) -> list[tuple[int, int]]:
    """Return the characters of the person's name: in the first lines, in a labelled line, and where it is repeated."""
    top = _top(parts, Section.CONTACT)
    spans = []
    for place, part in enumerate(top):
        found = _LABELS.match(folded(part.text))
        text = part.text[found.end() :] if found else part.text
        first = re.split(r"\t|\s[|\u00b7\u2022,\u2013\u2014-]\s|,\s", text)[0].strip()
        if found or (place < 3 and _is_name(first)):
            start = part.start + part.text.index(first)
            spans.append((start, start + len(first)))
            if not found:
                break
    return spans


def _top(parts: Sequence[Part], *others: Section) -> list[Part]:
    """Return the lines outside of every section, and then the first of some sections."""
    return [part for section in (None, *others) for part in [one for one in parts if one.section is section][:_TOP]]


def _is_name(text: str) -> bool:
    is_titled = all(word[:1].isupper() or word.casefold() in _PARTICLES for word in re.split(r"[\s-]+", text))
    return bool(_NAME.fullmatch(text)) and is_titled and not names_a_role(text) and not _TITLES_OF_PAGE.fullmatch(text)


_PARTICLES = frozenset(
    ["von", "van", "de", "der", "den", "la", "le", "di", "da", "del", "dos", "el", "al", "bin", "ter", "zu"]
)


def headline(parts: Sequence[Part], names: Sequence[tuple[int, int]]) -> Found | None:
    """Return the line at the top that says what the person is; None if there is none."""
    for part in _top(parts, Section.CONTACT, Section.SUMMARY):
        labelled = _POSITION.match(folded(part.text))
        start = labelled.end() if labelled else _after(names, part)
        for text, at in _clauses(part, start):
            if (names_a_role(text) or labelled) and _is_headline(text):
                return Found(text, "stated", (Where(part.page, at, at + len(text)),))
    return None


def _after(names: Sequence[tuple[int, int]], part: Part) -> int:
    """Return where a line goes on after the person's name."""
    ends = [end - part.start for start, end in names if part.start <= start < part.end]
    return max(ends, default=0)


def _clauses(part: Part, start: int) -> list[tuple[str, int]]:
    """Divide a line at tabs, and at what is personal in it."""
    breaks = [*re.finditer(r"\t+", part.text)]
    spans = sorted([(one.start(), one.end()) for one in breaks] + personal_spans(part.text))
    clauses, reached = [], start
    for begin, end in [*spans, (len(part.text), len(part.text))]:
        if begin >= reached:
            raw = part.text[reached:begin]
            text = raw.strip(" \t,:;|\u00b7\u2022\u2013\u2014-")
            if text:
                clauses.append((text, part.start + reached + raw.index(text)))
        reached = max(reached, end)
    return clauses


def _is_headline(text: str) -> bool:
    is_sentence = (
        (text.endswith(".") and len(text.split()) > _MAX_WORDS)
        or len(text.split()) > 12
        or _INTRODUCED.match(folded(text)) is not None
    )
    return len(text) <= _MAX_HEADLINE and not is_sentence and not ranges(text) and ":" not in text
