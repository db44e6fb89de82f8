"""What a reader of a text would see: no mark-up, no entities, no addresses of pages and mailboxes.

Positions stay those of the original text, so that a mention can be shown where it was found.
"""

import html
import re
from dataclasses import dataclass

# What is never closed goes to the end, as in browsers: otherwise each opening would search the rest again.
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)|</?[a-zA-Z][^<>]*>", re.DOTALL | re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
# Possessive, and begun only at the start of a run: a long run of hyphens and digits must not be tried from each place.
_ADDRESS = re.compile(
    r"\b(?:https?|ftp)://\S+|\bwww\.\S+|(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+|"
    r"(?<![\w.-])[\w-]++(?:\.[\w-]+)*\.(?:com|org|edu|gov|de|fr|uk|co|eu|dev|app|info|ch|at|nl|ru|ua)(?:/\S*)+"
    r"|(?<![\w-])[\w-]++\.(?:com|org|edu|gov|info)\b"
)
# Every address has one of these; most texts have none.
_MARKS = (
    *("@", "://", "www.", ".com", ".org", ".edu", ".gov", ".info", ".de/", ".fr/", ".uk/", ".co/", ".eu/", ".dev/"),
    *(".app/", ".ch/", ".at/", ".nl/", ".ru/", ".ua/"),
)


@dataclass(frozen=True)
class Visible:
    """The visible part of a text.

    Attributes:
        text: the text without mark-up; an address is as many spaces.
        offsets: position in the original text of each character and of the end; None if they are the same.
    """

    text: str
    offsets: list[int] | None = None

    def original(self, place: int) -> int:
        """Return the position in the original text."""
        return place if self.offsets is None else self.offsets[place]


def visible(text: str) -> Visible:
    """Return what a reader would see.

    >>> visible("<b>C&#43;&#43;</b> see https://go.dev/tour").text
    ' C++  see                    '
    """
    shown, offsets = (text, None) if "<" not in text and "&" not in text else _without_markup(text)
    if any(mark in shown for mark in _MARKS):
        shown = _ADDRESS.sub(lambda found: " " * len(found[0]), shown)
    return Visible(shown, offsets)


def _without_markup(text: str) -> tuple[str, list[int] | None]:
    pieces: list[str] = []
    offsets: list[int] = []
    place = 0
    for start, end, shown in _replaced(text):
        pieces += (text[place:start], shown)
        offsets += (*range(place, start), *([start] * len(shown)))
        place = end
    if not pieces:
        return text, None
    pieces.append(text[place:])
    offsets += range(place, len(text) + 1)
    return "".join(pieces), offsets


def _replaced(text: str) -> list[tuple[int, int, str]]:
    """Start and end of each tag and entity, and what is shown instead."""
    tags = [(found.start(), found.end(), _shown(found[0])) for found in _TAG.finditer(text)]
    entities = [(found.start(), found.end(), html.unescape(found[0])) for found in _ENTITY.finditer(text)]
    ordered = sorted([*tags, *entities])
    return [one for one, before in zip(ordered, [(0, 0, ""), *ordered], strict=False) if one[0] >= before[1]]


def _shown(tag: str) -> str:
    """A block ends a line; other mark-up is a space, or nothing inside a word."""
    return "\n" if re.match(r"</?(?:p|br|div|li|ul|ol|tr|td|h[1-6]|section)\b", tag, re.IGNORECASE) else " "
