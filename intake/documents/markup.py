"""The text of HTML, in the order of the file, without what its style hides."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree, html

from intake.documents import limits
from intake.documents.document import Document, Hidden, Line, compose
from intake.documents.kind import Kind
from intake.documents.refusal import FileRefused
from intake.documents.styles import Rules, declarations, hidden_by, rules

_NOT_TEXT = frozenset([
    "script", "style", "template", "noscript", "title", "svg", "math", "object", "embed", "iframe", "canvas",
    "audio", "video",
])  # fmt: skip
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6", "dt", "legend", "caption"])
_BREAKS = _HEADINGS | frozenset([
    "p", "div", "li", "ul", "ol", "dl", "dd", "br", "hr", "table", "tr", "section", "article", "header", "footer",
    "main", "aside", "nav", "body", "html", "blockquote", "pre", "address", "figure", "figcaption", "form",
    "fieldset", "details", "summary", "thead", "tbody", "tfoot",
])  # fmt: skip
_CELLS = frozenset(["td", "th"])


def read_html(text: str) -> Document:
    """Read a page of HTML.

    Raises:
        FileRefused: it is no HTML, or nested without end.
    """
    root = _parsed(text)
    notes = ("The page contains scripts; none was run.",) if root.find(".//script") is not None else ()
    walk = _Walk(rules("\n".join(style.text or "" for style in root.iter("style"))))
    walk.over(root)
    return compose(walk.lines, kind=Kind.HTML, hidden=walk.hidden, notes=notes)


def text_lines(markup: str) -> list[str]:
    """Return the lines of a piece of HTML, or of plain text.

    >>> text_lines("<p>Python</p><ul><li>Go</li></ul>"), text_lines("plain")
    (['Python', '• Go'], ['plain'])
    """
    return read_html(f"<div>{markup}</div>").text.splitlines() if markup.strip() else []


def _parsed(text: str) -> Any:
    # As bytes, because lxml refuses text with an encoding declaration. Its parser predates HTML 5 and leaves elements
    # that it does not know in the head, so the head may hold text.
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=False)
    try:
        return html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        raise FileRefused("is damaged: its HTML cannot be read", "print the page to PDF and send that") from None


class _Walk:
    """One walk over a tree, without recursion: nesting costs no stack."""

    def __init__(self, sheet: Rules) -> None:
        self.lines: list[Line] = []
        self.hidden: list[Hidden] = []
        self._sheet = sheet
        self._parts: list[str] = []
        self._is_heading = False

    def over(self, root: Any) -> None:
        """Read every element below `root`."""
        open_: list[tuple[Any, Iterator[Any], Mapping[str, str]]] = []
        self._open(root, {}, open_)
        while open_:
            element, children, style = open_[-1]
            child = next(children, None)
            if child is not None:
                self._open(child, style, open_)
                continue
            open_.pop()
            self._close(element)
            if open_:
                self._parts.append(element.tail or "")
        self._break()

    def _open(self, element: Any, inherited: Mapping[str, str], open_: list[Any]) -> None:
        if len(open_) > limits.MAX_DEPTH:
            raise FileRefused("contains elements inside elements without end", "print the page to PDF and send that")
        if not isinstance(element.tag, str):
            if element.tag is etree.Comment and (element.text or "").strip():
                self.hidden.append(Hidden("a comment", 1, len((element.text or "").strip())))
            self._parts.append(element.tail or "")
            return
        style = {**inherited, **declarations(element, self._sheet)}
        why = hidden_by(style, element)
        if element.tag in _NOT_TEXT or why:
            if why and element.tag not in _NOT_TEXT:
                self._drop(element, why)
            self._parts.append(element.tail or "")
            return
        self._start(element.tag)
        self._parts.append(element.text or "")
        open_.append((element, iter(element), style))

    def _drop(self, element: Any, why: str) -> None:
        length = len(" ".join("".join(element.itertext()).split()))
        if length:
            self.hidden.append(Hidden(why, 1, length))

    def _start(self, tag: str) -> None:
        if tag in _BREAKS:
            self._break()
        if tag in _HEADINGS:
            self._is_heading = True
        elif tag == "li":
            self._parts.append("• ")
        elif tag in _CELLS:
            self._parts.append("\t")

    def _close(self, element: Any) -> None:
        if element.tag in _BREAKS:
            self._break()

    def _break(self) -> None:
        cells = (" ".join(cell.split()) for cell in re.split("\t+", "".join(self._parts).replace("\n", " ")))
        text = "\t".join(cell for cell in cells if cell)
        if text and text != "•":
            self.lines.append(Line(text, is_heading=self._is_heading))
        self._parts = ["• "] if text == "•" else []
        self._is_heading = False
