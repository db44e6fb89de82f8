"""Which words of a PDF page can be seen: those that change what the page looks like.

The page is drawn with and without its text. A word is visible if a pixel of its box differs. One check so finds white
text on white, text under pictures, transparent, clipped and invisible text, whatever trick was used.
"""

import ctypes
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

from intake.documents.document import Hidden
from intake.documents.words import Word

MIN_CONTRAST = 25
"""Of 255: less than a tenth is no ink that anybody sees."""
MIN_SIZE_POINTS = 3.0
_MAX_PIXELS = 1_500_000
_MAX_DEPTH = 8


def visible(page: Any, words: list[Word], number: int) -> tuple[list[Word], list[Hidden]]:
    """Divide the words of a page into those that can be seen, and the rest with its causes.

    Args:
        page: of pypdfium2.
        words: with boxes in points from the upper left corner.
        number: of the page, from 1.
    """
    width, height = page.get_size()
    scale = min(1.0, (_MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
    with_text = _Picture(page, scale)
    for item in _texts(page.raw, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject, 0):
        pdfium.FPDFPageObj_SetIsActive(item, False)
    without = _Picture(page, scale)
    seen, hidden = [], []
    for word in words:
        why = _why_hidden(word, width, height) or with_text.lost(without, word)
        if why:
            hidden.append(Hidden(why, number, len(word.text)))
        else:
            seen.append(word)
    return seen, hidden


def _why_hidden(word: Word, width: float, height: float) -> str | None:
    if word.right <= 0 or word.bottom <= 0 or word.left >= width or word.top >= height:
        return "outside the page"
    return "too small to be read" if word.size < MIN_SIZE_POINTS else None


def _texts(owner: Any, count: Any, get: Any, depth: int) -> Iterator[Any]:
    """Yield every text object of a page or form, also in forms inside it."""
    for place in range(count(owner)):
        item = get(owner, place)
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            yield item
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
            yield from _texts(item, pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject, depth + 1)


class _Picture:
    """A page as it looks, in bytes of blue, green and red.

    Args:
        page: of pypdfium2.
        scale: pixels per point.
    """

    def __init__(self, page: Any, scale: float) -> None:
        bitmap = page.render(scale=scale, force_bitmap_format=pdfium.FPDFBitmap_BGR)
        self._scale, self._stride = scale, bitmap.stride
        self._width, self._height = bitmap.width, bitmap.height
        self._bytes = ctypes.string_at(bitmap.buffer, bitmap.stride * bitmap.height)
        bitmap.close()

    def lost(self, other: "_Picture", word: Word) -> str | None:
        """Say that a word leaves no trace in this picture that the other one lacks; None if it does."""
        left = max(0, int(word.left * self._scale)) * 3
        right = min(self._width, int(word.right * self._scale) + 1) * 3
        for row in range(max(0, int(word.top * self._scale)), min(self._height, int(word.bottom * self._scale) + 1)):
            start = row * self._stride
            mine, theirs = self._bytes[start + left : start + right], other._bytes[start + left : start + right]
            if mine != theirs and any(abs(a - b) >= MIN_CONTRAST for a, b in zip(mine, theirs, strict=True)):
                return None
        return "no contrast with what is behind it"
