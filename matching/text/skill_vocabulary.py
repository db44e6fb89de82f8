"""The names of skills: data files with one skill a line, its name and its other spellings.

A "?" or "~" after a name or spelling marks an ordinary word, a person's name or a place: such a word names a skill only
in a skill's company (`matching.text.skills`). How to add names: docs/how-to/skills.md.
"""

import copy
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from matching.text.plain_text import plain
from matching.text.tokens import Token, tokens

FOLDER = Path(__file__).parent / "vocabulary"
FILES = ("skills.tsv", "onet.tsv")
MAX_WORDS = 6  # in a name
# "Java17", "Python3", "PHP8": a version without a space.
_GLUED_VERSION = re.compile(r"(?P<name>[^\W\d].*?[^\W\d])v?\d+(?:\.\d+)*$")
# "Javaentwickler", "SQLKenntnisse": languages that write compounds as one word.
_COMPOUND_ENDS = (
    *("entwickler", "entwicklerin", "entwicklerinnen", "entwicklung", "programmierer", "programmiererin", "kenntnisse"),
    *("programmierung", "kenntnissen", "erfahrung", "erfahrungen", "ingenieur", "ingenieurin", "administrator"),
    *("administratorin", "administration", "spezialist", "spezialistin", "experte", "expertin", "ontwikkelaar"),
    *("utvecklare", "udvikler", "utvikler"),
)
_COMPOUND = re.compile(rf"(?P<name>.{{2,}}?)(?:{'|'.join(_COMPOUND_ENDS)})$")


@dataclass(frozen=True, eq=False)  # compared by identity, so that what was read with it can be kept
class SkillVocabulary:
    """Known skills by their spellings.

    >>> known = SkillVocabulary.of(["Go?\\tgolang", "Node.js\\tnode?|nodejs"])
    >>> known.canonical("Golang"), known.canonical("NODE-JS"), known.canonical("Zorblax-9000")
    ('go', 'node.js', 'zorblax-9000')
    >>> known.display("node.js")
    'Node.js'

    Attributes:
        names: name as it is shown, by canonical name (the same in lower case).
        spellings: canonical name by the words of each spelling, with a space between them.
        ambiguous: the spellings that are ordinary words, too.
        topics: those of them whose ordinary meaning is near, such as "marketing".
        joins: the spellings that are written with a slash, such as "CI/CD".
        lengths: number of words of the spellings that begin with a word, longest first.
    """

    names: dict[str, str] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)
    ambiguous: set[str] = field(default_factory=set)
    topics: set[str] = field(default_factory=set)
    joins: set[str] = field(default_factory=set)
    lengths: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: Iterable[str]) -> "SkillVocabulary":
        """Read lines of a vocabulary; of two lines with the same spelling, the first wins."""
        vocabulary = cls()
        for line in lines:
            if line.strip() and not line.startswith("#"):
                vocabulary._add(line.rstrip("\r\n"))
        return vocabulary

    def extended(self, names: Iterable[str]) -> "SkillVocabulary":
        """Return a vocabulary that also has these names, as they are spelled; the same one if it has them all."""
        new = sorted(name for name in names if name not in self.names)
        return _extended(self, tuple(new)) if new else self

    def canonical(self, name: str) -> str:
        """Return the canonical name of a whole spelling; an unknown one keeps its own name, in lower case."""
        simple = plain(name).casefold()
        if simple in self.names:
            return simple
        return self.spellings.get(_key(tokens(simple)), simple)

    def display(self, canonical: str) -> str:
        """Return a canonical name as it is written."""
        return self.names.get(canonical, canonical)

    def match(
        self, words: list[Token], place: int, most: int, slashed: Callable[[int, int], bool]
    ) -> tuple[int, str, str] | None:
        """Return number of words, canonical name and spelling of the longest name from a word on, or None.

        Args:
            words: words of a text.
            place: number of the first word.
            most: how many words may be one name.
            slashed: whether a slash stands between two of some words; "React/Redux" is not "React Redux".
        """
        first = words[place].folded
        lengths = self.lengths.get(first)
        if lengths is None:
            return self._part(first) if first[-1].isdigit() or first.endswith(_COMPOUND_ENDS) else None
        for length in lengths:
            if length <= most:
                key = " ".join([word.folded for word in words[place : place + length]])
                if key in self.spellings and (key in self.joins or not slashed(place, place + length)):
                    return length, self.spellings[key], key
        return self._part(first)

    def _part(self, word: str) -> tuple[int, str, str] | None:
        """The name before a version or the rest of a compound, in one word."""
        for pattern in (_GLUED_VERSION, _COMPOUND):
            found = pattern.match(word)
            if found and found["name"] in self.spellings:
                return 1, self.spellings[found["name"]], found["name"]
        return None

    def _add(self, line: str) -> None:
        name, _, others = line.partition("\t")
        canonical = plain(name.rstrip("?~")).casefold()
        self.names.setdefault(canonical, plain(name.rstrip("?~")))
        for spelling in (name, *filter(None, others.split("|"))):
            key = _key(tokens(spelling.rstrip("?~")))
            if 0 < len(key.split()) <= MAX_WORDS and key not in self.spellings:
                self.spellings[key] = canonical
                self._index(key)
                if spelling.endswith(("?", "~")):
                    self.ambiguous.add(key)
                if spelling.endswith("~"):
                    self.topics.add(key)
                if "/" in spelling:
                    self.joins.add(key)

    def _index(self, key: str) -> None:
        words = key.split()
        lengths = self.lengths.setdefault(words[0], [])
        if len(words) not in lengths:
            lengths.append(len(words))
            lengths.sort(reverse=True)


@lru_cache(maxsize=16)  # the same names give the same object, so that what was read with it is found again
def _extended(vocabulary: SkillVocabulary, names: tuple[str, ...]) -> SkillVocabulary:
    both = copy.deepcopy(vocabulary)
    for name in names:
        both._add(name.replace("\t", " ").replace("|", " "))
    return both


@cache
def built_in() -> SkillVocabulary:
    """Return the vocabulary that Tandem brings."""
    return SkillVocabulary.of(_lines())


def _lines() -> Iterator[str]:
    for name in FILES:
        yield from (FOLDER / name).read_text(encoding="utf-8").splitlines()


def _key(words: list[Token]) -> str:
    return " ".join([word.folded for word in words])
