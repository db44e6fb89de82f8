"""Which skills a post requires and which would help, from the section and the sentence that name them."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from matching.text.posts.sections import WORDS, Section, section_at
from matching.text.skills import Mention

Need = Literal["must", "nice"]

_SENTENCE_END = re.compile(
    r"[.!?\n\u2022\u00b7\u25cf\u25aa*](?:(?<=[\n\u2022\u00b7\u25cf\u25aa])|(?=\s)(?<!e\.g\.)(?<!i\.e\.)(?<!z\.b\.)(?<!etc\.))"
)
# A clause: as far as a word behind it speaks. A conjunction between two statements ends one, too.
_CLAUSE_END = re.compile(r"[;()\u2013\u2014]|,|\s-\s|\b(?:but|whereas|while|aber|mais|pero)\b")
_REACH = 60
_ENTRY = r"(?P<entry>[\w.+#/&-]*[\w+#](?:[ \t][\w.+#/&-]*[\w+#]){0,2}?)"
_ENTRY_BEFORE = re.compile(
    rf"(?:\A|[.;,(:\n\u2022*]|\s-\s)[ \t]*{_ENTRY}[ \t]+"
    r"(?:(?:is|are|be|would be|ist|sind|wäre|wären|est|sont|serait|es|son|sería)[ \t]+)?\Z"
)
_ENTRY_AFTER = re.compile(
    r"[ \t:]{1,3}(?:(?:with|in|mit|in|avec|en|con|experience|erfahrung|knowledge|of|some)[ \t]+){0,3}"
    rf"{_ENTRY}(?=[.,;)\n]|\Z)"
)
_SPOKEN_END = re.compile(r"[;)]")
_VERB = re.compile(
    r"\b(?:is|are|was|be|would be|will be|ist|sind|wäre|wären|est|sont|serait|seraient|es|son|sería|\u00e0)\b"
)


@dataclass(frozen=True)
class Demand:
    """A skill that a post asks for, at one place.

    Attributes:
        skill: canonical name, in lower case.
        need: `must` or `nice`.
        start: first character of the skill's name.
        end: character after the last.
        is_stated: whether a heading or a word says how much it is needed; otherwise it is only named.
    """

    skill: str
    need: Need
    start: int
    end: int
    is_stated: bool


def entries(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of at most three words that are all that is said to be needed or to help.

    >>> text = "kafka is a plus; ideally with scala."
    >>> [text[start:end] for start, end in entries(text)]
    ['kafka', 'scala']

    Args:
        text: visible text in lower case.
    """
    for marker in _MARKER.finditer(text):
        if before := _ENTRY_BEFORE.search(text, max(marker.start() - _REACH, 0), marker.start()):
            yield before.span("entry")
        elif after := _ENTRY_AFTER.match(text, marker.end()):
            yield after.span("entry")


def demands(text: str, parts: Sequence[Section], mentions: Sequence[Mention]) -> list[Demand]:
    """Return the skills that a post asks for.

    A skill that is only named ("you build services in Java") is required unless the post states elsewhere what it
    requires: then it helps. Skills in the sections about company and benefits are not asked.

    Args:
        text: visible text in lower case.
        parts: its sections.
        mentions: its skills, in order.
    """
    ends = [0, *(end.end() for end in _SENTENCE_END.finditer(text)), len(text)] if mentions else []
    read: dict[int, _Sentence | None] = {}
    stated: list[tuple[Mention, Need | None]] = []
    for mention in mentions:
        section = section_at(parts, mention.start)
        if section.kind in ("benefit", "company") or mention.stance == "denied":
            continue
        place = bisect_right(ends, mention.start) - 1
        start, end = max(ends[place], section.start), min(ends[place + 1], section.end)
        if start not in read:
            read[start] = _sentence(text, start, end)
        sentence = read[start]
        if sentence is not None:
            stated.append((mention, _need(mention, sentence, section)))
    named: Need = "nice" if any(need == "must" for _, need in stated) else "must"
    return [Demand(one.skill, need or named, one.start, one.end, need is not None) for one, need in stated]


@dataclass(frozen=True)
class _Marker:
    """A word that says how much something is needed, and the characters that it speaks for."""

    need: Need
    start: int
    first: int
    last: int


@dataclass(frozen=True)
class _Sentence:
    """What a sentence says about need: its markers, and where "experience with" ends, if it says so."""

    markers: list[_Marker]
    experienced: int | None


def _need(mention: Mention, sentence: _Sentence, section: Section) -> Need | None:
    """Return what the nearest marker says that speaks for this mention, else its section; None if neither does."""
    near = [marker for marker in sentence.markers if marker.first <= mention.start < marker.last]
    if near:
        return min(near, key=lambda one: abs(one.start - mention.start)).need
    if mention.stance == "wished" or section.kind == "nice":
        return "nice"
    is_known = sentence.experienced is not None and sentence.experienced <= mention.start
    return "must" if section.kind == "must" or is_known else None


def _sentence(text: str, start: int, end: int) -> _Sentence | None:
    """Read a sentence; None if it asks for nothing."""
    if _IGNORED.search(text, start, end):
        return None
    markers: list[_Marker] = []
    since = start
    for match in _MARKER.finditer(text, start, end):
        first, last = match.span()
        sides = _SIDES_OF[re.sub(r"\s", " ", match.group().replace("\u2019", "'"))]
        side, need = sides[0] if len(sides) == 1 or not text[start:first].strip(" \t-*\u2022") else sides[-1]
        if side == "before" or text[last : last + 1] == ":":
            markers.append(_Marker(need, first, last, _until(text, last, end)))
        else:
            markers.append(_Marker(need, first, _since(text, since, first), first))
        since = last
    experienced = _EXPERIENCED.search(text, start, end)
    return _Sentence(markers, experienced.end() if experienced else None)


def _since(text: str, start: int, end: int) -> int:
    """Where the part of a sentence begins that a word behind it speaks for: with a verb all of it, else its clause."""
    clauses = [match.end() for match in _CLAUSE_END.finditer(text, start, end)]
    if not clauses:
        return start
    if _VERB.search(text, max(start, end - 12), end) or _VERB.match(text, end):
        hard = [place for place in clauses if text[place - 1 : place] != ","]
        return hard[-1] if hard else start
    return clauses[-1]


def _until(text: str, start: int, end: int) -> int:
    match = _SPOKEN_END.search(text, start, end)
    return match.start() if match else end


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for whole words, the longest first; grouped by their first letters, which is faster."""
    groups: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        groups.setdefault(word[:2], []).append(word[2:])
    written = "|".join(f"{_escaped(first)}(?:{'|'.join(map(_escaped, rests))})" for first, rests in groups.items())
    return re.compile(rf"(?<!\w)(?:{written})(?!\w)")


def _escaped(word: str) -> str:
    return re.escape(word).replace("'", "['\u2019]").replace(r"\ ", r"\s")


_IGNORED = _any_of(WORDS["ignored"]["words"])
_EXPERIENCED = _any_of(WORDS["needed"]["experienced"])
_SIDES_OF: dict[str, list[tuple[str, Need]]] = {}
for _side in ("before", "after"):
    for _name, _need_of in (("helpful", "nice"), ("needed", "must")):
        for _word in WORDS[_name][_side]:
            _SIDES_OF.setdefault(_word, []).append((_side, _need_of))  # type: ignore[arg-type]
_MARKER = _any_of(_SIDES_OF)
