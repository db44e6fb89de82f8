"""A text cut into words, with what stands between them."""

import re
from dataclasses import dataclass
from functools import cached_property

from matching.text.tokens import Token, tokens

# Between the words of one name: "Node.js", "Spring-Boot", "CI / CD"; neither the end of a sentence nor a dash.
_WITHIN_NAME = re.compile(r"(?:[ \t\u00a0]*\n?[ \t\u00a0]*|[-./_'’‐‑]|[ \t]?[/&][ \t]?)$")
# A list, or something else that ends a phrase.
_BREAK = re.compile(r"[,;:|•·●▪◦*()\[\]{}/+&–—\"“”„«»\n\t…、，；：。]|[.!?](?=\s|$)| - ")
_CLAUSE_END = re.compile(r"[;!?。]|\.(?=\s|$)|\n\s*[-•·●▪◦*\n]")
_VERSION = re.compile(r"v?\d{1,3}(?:x|\+)?$")
_YEAR = re.compile(r"(?:19|20)\d\d$")


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text that lists them with spaces between."""
    return frozenset(text.split())


@dataclass(frozen=True)
class Sentence:
    """The words of a text. Places are numbers of words.

    Attributes:
        text: the visible text.
        words: its words in order.
    """

    text: str
    words: list[Token]

    @classmethod
    def of(cls, text: str) -> "Sentence":
        """Cut a text into words."""
        return cls(text, tokens(text))

    def gap(self, place: int) -> str:
        """Return what stands before a word; after the last word if there is none at this place."""
        before = self.words[place - 1].end if place else 0
        return self.text[before : self.words[place].start if place < len(self.words) else len(self.text)]

    @cached_property
    def _n_words(self) -> int:
        return len(self.words)

    def word(self, place: int) -> str:
        """Return a word in lower case; empty outside the text."""
        return self.words[place].folded if 0 <= place < self._n_words else ""

    def is_capitalised(self, place: int) -> bool:
        """Whether a word begins with a capital letter."""
        return self.words[place].written[:1].isupper()

    def joined(self, place: int, most: int) -> int:
        """Return how many words from here on may be one name, at most `most`."""
        count = 1
        while count < most and place + count < self._n_words and _WITHIN_NAME.match(self.gap(place + count)):
            count += 1
        return count

    def slashed(self, start: int, end: int) -> bool:
        """Whether a slash or an ampersand stands between two of the words from `start` to before `end`."""
        return any("/" in gap or "&" in gap for gap in map(self.gap, range(start + 1, end)))

    def touches(self, place: int) -> bool:
        """Whether only spaces or a hyphen stand before a word."""
        return 0 < place < self._n_words and self.gap(place).strip(" \t\u00a0") in ("", "-", "‐", "‑")

    def breaks(self, place: int) -> bool:
        """Whether a phrase ends before this word: at a list separator, the end of a sentence or of the text."""
        if not 0 < place < self._n_words:
            return True
        return _BREAK.search(self.gap(place)) is not None and not self.is_initial(place - 1)

    def ends_clause(self, place: int) -> bool:
        """Whether a clause ends before this word."""
        return not 0 < place < self._n_words or _CLAUSE_END.search(self.gap(place)) is not None

    def after_version(self, place: int) -> int:
        """Return the place after the version that begins here: "17", "3.11", "2+"; the same place without one."""
        end = place
        while self._is_version(end) and (end == place or self.gap(end) == ".") and self._close(end):
            end += 1
        return end

    def _is_version(self, place: int) -> bool:
        word = self.word(place)
        return bool(_VERSION.match(word)) and not _YEAR.match(word)

    def _close(self, place: int) -> bool:
        return self.gap(place) in (" ", "-", ".", "", " v", "\u00a0")

    def is_initial(self, place: int) -> bool:
        """Whether a word is an initial, as in "R. Smith": a capital letter and a full stop before another."""
        is_letter = len(self.words[place].written) == 1 and self.is_capitalised(place)
        has_next = place + 1 < len(self.words)
        return is_letter and has_next and self.gap(place + 1).startswith(".") and self.is_capitalised(place + 1)
