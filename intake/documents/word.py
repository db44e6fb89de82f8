"""The text of a DOCX: paragraphs, tables cell by cell, and text boxes, in the order of the file."""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from lxml import etree

from intake.documents import limits
from intake.documents.document import Document, Hidden, Line, compose
from intake.documents.kind import Kind
from intake.documents.refusal import FileRefused

_AGAIN = "export the document again, or save it as PDF"
_TINY_HALF_POINTS = 6
_CONTRAST = 24
_COLUMN_PARAGRAPHS = 6
"""A cell with so many paragraphs is a column of the page."""
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def read_docx(content: bytes) -> Document:
    """Read a DOCX.

    Raises:
        FileRefused: it is damaged, or unpacks to more than any resume needs.
    """
    parts = _checked(content)
    try:
        document = docx.Document(io.BytesIO(content))
        reader = _Reader(document.styles)
        headers = {id(section.header._element): section.header._element for section in document.sections}
        for root in (*headers.values(), document.element.body):
            reader.read(root)
    except (PackageNotFoundError, KeyError, ValueError, AttributeError, zipfile.BadZipFile, etree.LxmlError):
        raise FileRefused("is damaged: its package cannot be opened", _AGAIN) from None
    notes = ("The document contains macros; none was run.",) if any("vbaProject" in part for part in parts) else ()
    return compose(reader.lines, kind=Kind.DOCX, hidden=reader.hidden, notes=notes)


def _checked(content: bytes) -> list[str]:
    """Return the names of the files inside, once it is certain that they can be unpacked and parsed safely."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            infos = package.infolist()
            if len(infos) > limits.MAX_PARTS or sum(info.file_size for info in infos) > limits.MAX_UNPACKED_BYTES:
                raise FileRefused("unpacks to more than any resume needs", "save it as PDF and send that")
            if any(info.flag_bits & 1 for info in infos):
                raise FileRefused("has a password", "save it without one")
            for info in infos:
                if info.filename.endswith((".xml", ".rels")) and b"<!ENTITY" in package.read(info).replace(b"\0", b""):
                    raise FileRefused("declares entities of its own, which no resume needs", _AGAIN)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, zipfile.zlib.error):  # type: ignore[attr-defined]
        raise FileRefused("is damaged: its package cannot be opened", _AGAIN) from None
    return [info.filename for info in infos]


class _Reader:
    """Collects lines and hidden text from the parts of a document.

    Args:
        styles: the styles of the document, as python-docx gives them.
    """

    def __init__(self, styles: Any) -> None:
        self.lines: list[Line] = []
        self.hidden: list[Hidden] = []
        self._styles = {style.style_id: style for style in styles}

    def read(self, root: Any) -> None:
        """Read a body or a header."""
        for paragraph in root.iter(qn("w:p")):
            if not any(parent.tag == _FALLBACK for parent in paragraph.iterancestors()):
                self._paragraph(paragraph)

    def _paragraph(self, paragraph: Any) -> None:
        parts: list[str] = []
        style = self._style(paragraph)
        for run in _runs(paragraph):
            text = _run_text(run)
            why = self._hidden(run, paragraph, style) if text.strip() else None
            if why:
                self.hidden.append(Hidden(why, 1, len(text.strip())))
            else:
                parts.append(text)
        self._add("".join(parts), paragraph, style)

    def _add(self, text: str, paragraph: Any, style: Any) -> None:
        name = (style.name or "").lower() if style is not None else ""
        is_heading = name.startswith(("heading", "title", "berschrift", "überschrift", "titre", "título"))
        is_item = paragraph.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None or name.startswith("list")
        for number, line in enumerate(text.split("\n")):
            spaced = re.sub(r"[ \u00a0]*\t[\t \u00a0]*|[ \u00a0]{4,}", "\t", line).strip()
            if spaced:
                mark = "• " if is_item and number == 0 and not spaced.startswith("•") else ""
                self._join_row(
                    Line(mark + spaced, 1, is_heading, number == 0 and _begins_a_column(paragraph)), paragraph
                )

    def _join_row(self, line: Line, paragraph: Any) -> None:
        """Add a line; one that is a whole short cell joins the cell before it in its row."""
        cell = next(paragraph.iterancestors(qn("w:tc")), None)
        before = cell.getprevious() if cell is not None else None
        is_label = before is not None and before.tag == qn("w:tc") and _is_short(before) and _is_first(paragraph, cell)
        if is_label and self.lines and not line.text.startswith("•") and self.lines[-1].text in _cell_texts(before):
            last = self.lines.pop()
            line = Line(f"{last.text}\t{line.text}", is_heading=False)
        self.lines.append(line)

    def _style(self, paragraph: Any) -> Any:
        named = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        return self._styles.get(named.get(qn("w:val"))) if named is not None else None

    def _hidden(self, run: Any, paragraph: Any, style: Any) -> str | None:
        """Say why a run cannot be seen; what a run does not say itself, its styles do."""
        properties = [found for found in self._properties(run, style) if found is not None]
        if _on(properties, "w:vanish") or _on(properties, "w:webHidden"):
            return "not displayed"
        size = _value(properties, "w:sz")
        if size and size.isdecimal() and int(size) < _TINY_HALF_POINTS:
            return "too small to be read"
        color, behind = _rgb(_value(properties, "w:color")), _shading(run, paragraph)
        if color is not None and max(abs(a - b) for a, b in zip(color, behind, strict=True)) < _CONTRAST:
            return "no contrast with what is behind it"
        return None

    def _properties(self, run: Any, style: Any) -> Iterator[Any]:
        own = run.find(qn("w:rPr"))
        yield own
        named = own.find(qn("w:rStyle")) if own is not None else None
        for start in (self._styles.get(named.get(qn("w:val"))) if named is not None else None, style):
            current, seen = start, 0
            while current is not None and seen < 20:
                yield current.element.find(qn("w:rPr"))
                current, seen = current.base_style, seen + 1


def _runs(paragraph: Any) -> Iterator[Any]:
    """Runs of a paragraph itself, not of a text box inside it, which has paragraphs of its own."""
    for run in paragraph.iter(qn("w:r")):
        owner = next(run.iterancestors(qn("w:p")), None)
        if owner is paragraph and not any(one.tag == qn("w:del") for one in run.iterancestors()):
            yield run


def _run_text(run: Any) -> str:
    parts = []
    for child in run:
        if child.tag == qn("w:t"):
            parts.append(child.text or "")
        elif child.tag in (qn("w:tab"), qn("w:ptab")):
            parts.append("\t")
        elif child.tag in (qn("w:br"), qn("w:cr")):
            parts.append("\n")
        elif child.tag == qn("w:noBreakHyphen"):
            parts.append("-")
    return "".join(parts)


def _cell_texts(cell: Any) -> list[str]:
    return ["".join(text.text or "" for text in p.iter(qn("w:t"))).strip() for p in cell.iter(qn("w:p"))]


def _is_short(cell: Any) -> bool:
    """Whether a cell is a label or a date: one paragraph of a few words."""
    texts = [text for text in _cell_texts(cell) if text]
    return len(texts) == 1 and len(texts[0]) <= 40


def _begins_a_column(paragraph: Any) -> bool:
    """Whether a paragraph is the first with text in a cell that is more than an item of a table."""
    cell = next(paragraph.iterancestors(qn("w:tc")), None)
    if cell is None or len(list(cell.iter(qn("w:p")))) < _COLUMN_PARAGRAPHS:
        return False
    first = next((one for one in cell.iter(qn("w:p")) if any(text.text for text in one.iter(qn("w:t")))), None)
    return first is paragraph


def _is_first(paragraph: Any, cell: Any) -> bool:
    return next(cell.iter(qn("w:p")), None) is paragraph


def _on(properties: list[Any], name: str) -> bool:
    for one in properties:
        found = one.find(qn(name))
        if found is not None:
            return str(found.get(qn("w:val"), "true")).lower() not in ("0", "false", "off")
    return False


def _value(properties: list[Any], name: str) -> str | None:
    for one in properties:
        found = one.find(qn(name))
        if found is not None and found.get(qn("w:val")):
            return str(found.get(qn("w:val")))
    return None


def _shading(run: Any, paragraph: Any) -> tuple[int, int, int]:
    """Return the colour behind a run: its own shading, or that of its paragraph, cell or table; white without one."""
    places = [run.find(f"{qn('w:rPr')}/{qn('w:shd')}"), paragraph.find(f"{qn('w:pPr')}/{qn('w:shd')}")]
    for parent in paragraph.iterancestors(qn("w:tc"), qn("w:tbl")):
        name = "w:tcPr" if parent.tag == qn("w:tc") else "w:tblPr"
        places.append(parent.find(f"{qn(name)}/{qn('w:shd')}"))
    if next(paragraph.iterancestors(qn("w:txbxContent")), None) is not None:
        return (128, 128, 128)  # a text box may have a fill of its own
    for shading in places:
        color = _rgb(shading.get(qn("w:fill"))) if shading is not None else None
        if color is not None:
            return color
    return (255, 255, 255)


def _rgb(value: str | None) -> tuple[int, int, int] | None:
    if value is None or not re.fullmatch(r"[0-9A-Fa-f]{6}", value):
        return None
    return int(value[:2], 16), int(value[2:4], 16), int(value[4:], 16)
