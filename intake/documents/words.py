"""The words of a PDF page with their boxes, in points from the upper left corner of the page."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

_GAP = 0.22
"""Space between two words, in heights of a line."""
_OVERLAP = 0.6
"""How far a character may go back over the one before it, in heights of a line."""
_PRIVATE = (0xE000, 0xF8FF)


@dataclass(frozen=True)
class Word:
    """A word and its box: `left`, `top`, `right`, `bottom` in points, from the upper left corner of the page."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float = 0.0

    @property
    def middle(self) -> float:
        """Height of the middle of the word."""
        return (self.top + self.bottom) / 2


def words_of(textpage: Any, height: float) -> list[Word]:
    """Return the words of a page in the order of the file; `height` is the page's, in points."""
    return [word for run in _runs(_characters(textpage, height)) if (word := _word(run))]


_Character = tuple[str, float, float, float, float]


def _characters(textpage: Any, height: float) -> Iterator[_Character]:
    """Yield each character with its box; a space has an empty text."""
    box = pdfium.FS_RECTF()
    reference = ctypes.byref(box)
    for place in range(pdfium.FPDFText_CountChars(textpage)):
        code = pdfium.FPDFText_GetUnicode(textpage, place)
        text = chr(code) if 32 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
        if _PRIVATE[0] <= code <= _PRIVATE[1] or text.isspace():
            text = ""  # the icons of a font, and every kind of space
        if text and pdfium.FPDFText_GetLooseCharBox(textpage, place, reference):
            yield text, box.left, height - box.top, box.right, height - box.bottom
        else:
            yield "", 0.0, 0.0, 0.0, 0.0


def _runs(characters: Iterator[_Character]) -> Iterator[list[_Character]]:
    """Divide the characters into words: at spaces, gaps and jumps."""
    run: list[_Character] = []
    for character in characters:
        if run and (not character[0] or _is_apart(run[-1], character)):
            yield run
            run = []
        if character[0]:
            run.append(character)
    if run:
        yield run


def _is_apart(one: _Character, other: _Character) -> bool:
    height = max(one[4] - one[2], other[4] - other[2], 1.0)
    is_other_line = abs((one[2] + one[4]) - (other[2] + other[4])) > height
    return is_other_line or other[1] - one[3] > _GAP * height or other[1] < one[1] - _OVERLAP * height


def _word(run: list[_Character]) -> Word | None:
    text = "".join(character[0] for character in run)
    left, top = min(one[1] for one in run), min(one[2] for one in run)
    right, bottom = max(one[3] for one in run), max(one[4] for one in run)
    return Word(text, left, top, right, bottom, bottom - top) if text.strip() else None
