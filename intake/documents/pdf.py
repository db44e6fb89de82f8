"""The text of a PDF: visible words, column by column."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from intake.documents import limits
from intake.documents.columns import Column, Row, columns, threaded
from intake.documents.document import Document, Hidden, Line, compose
from intake.documents.kind import Kind
from intake.documents.refusal import FileRefused
from intake.documents.visibility import visible
from intake.documents.words import words_of
from intake.headings import is_heading

_PASSWORD = 4  # FPDF_ERR_PASSWORD
_LARGER = 1.12
"""A line this much larger than most of the text is a heading."""
_ORIGINAL = "send the document from which it was made, as PDF or DOCX"


def read_pdf(content: bytes) -> Document:
    """Read a PDF.

    Raises:
        FileRefused: it is encrypted, damaged, too long, or has no text that can be seen.
    """
    document = _opened(content)
    if len(document) > limits.MAX_PAGES:
        raise FileRefused(f"has {len(document)} pages", f"send the pages of the resume, {limits.MAX_PAGES} at most")
    pages, hidden, has_pictures = [], [], False
    for number, page in enumerate(document, start=1):
        found, dropped, pictures = _page(page, number)
        pages.append(found)
        hidden += dropped
        has_pictures = has_pictures or pictures
    if not any(pages):
        raise _no_text(hidden, has_pictures)
    scripts = pdfium.FPDFDoc_GetJavaScriptActionCount(document) > 0
    notes = ("The PDF contains scripts; none was run.",) if scripts else ()
    return compose(_lines(pages), kind=Kind.PDF, hidden=hidden, notes=notes)


def _opened(content: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _PASSWORD:
            raise FileRefused("is encrypted", "save it without a password") from None
        raise FileRefused("is damaged: its pages cannot be opened", "export the document again") from None


def _page(page: Any, number: int) -> tuple[list[Column], list[Hidden], bool]:
    """Return the columns of a page, what was hidden on it, and whether it has pictures."""
    textpage = page.get_textpage()
    words = words_of(textpage, page.get_height())
    pictures = not words and any(item.type == pdfium.FPDF_PAGEOBJ_IMAGE for item in page.get_objects(max_depth=2))
    seen, hidden = visible(page, words, number) if words else ([], [])
    textpage.close()
    page.close()
    return columns(seen, is_heading), hidden, pictures


def _no_text(hidden: Sequence[Hidden], has_pictures: bool) -> FileRefused:
    if hidden:
        return FileRefused("has no text that can be seen, only hidden text, as scans have", _ORIGINAL)
    if has_pictures:
        return FileRefused("has no text, only pictures of it", _ORIGINAL)
    return FileRefused("has no text", _ORIGINAL)


def _lines(pages: Sequence[Sequence[Column]]) -> Iterator[Line]:
    usual = _usual_size([row for page in pages for column in page for row in column.rows])
    for number, column in threaded(pages):
        for place, row in enumerate(column.rows):
            large = row.size > _LARGER * usual and len(row.text) <= 60
            known = is_heading(row.text)
            # A column that begins with a name does not go on with the section of the column before it.
            yield Line(row.text, number, large or known, is_start=place == 0 and large and not known)


def _usual_size(rows: Sequence[Row]) -> float:
    """Height of most characters, in half points."""
    counts: Counter[float] = Counter()
    for row in rows:
        counts[round(row.size * 2) / 2] += len(row.text)
    return counts.most_common(1)[0][0] if counts else 0.0
