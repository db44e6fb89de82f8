"""Plain text and Markdown."""

import re

from intake.documents.document import Document, Hidden, Line, compose
from intake.documents.kind import Kind

_RULE = re.compile(r"\s*(?:[-=_*~#•·]\s*){3,}")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,500}(?:\s+\"[^\"]*\")?\)")
_EMPHASIS = re.compile(r"(?<![\w*_])(\*{1,3}|_{1,3}|~~|`{1,3})(?=\S)(.{0,500}?\S)\1(?![\w*_])")
_BULLET = re.compile(r"^(\s*)(?:[-*+•▪‣◦]|\d{1,2}[.)])\s+(?:\[[ xX]\]\s+)?")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*")


def read_text(text: str) -> Document:
    """Read plain text: one line is one block; underlines are left out, and the line above one is a heading."""
    lines: list[Line] = []
    for raw in text.splitlines():
        if _RULE.fullmatch(raw):
            if lines and lines[-1].text and len(lines[-1].text) <= 60:
                lines[-1] = Line(lines[-1].text, is_heading=True)
            continue
        lines.append(Line(_spaced(raw)))
    return compose(lines, kind=Kind.TEXT)


def read_markdown(text: str) -> Document:
    """Read Markdown: without its marks and comments; the target of a link is no text."""
    dropped = sum(len(comment) for comment in _COMMENT.findall(text))
    lines = [_markdown_line(raw) for raw in _COMMENT.sub("", text).splitlines()]
    hidden = [Hidden("a comment", 1, dropped)] if dropped else []
    return compose([line for line in lines if line], kind=Kind.MARKDOWN, hidden=hidden)


def _markdown_line(raw: str) -> Line | None:
    if _RULE.fullmatch(raw) or _TABLE_RULE.fullmatch(raw):
        return None
    heading = _HEADING.fullmatch(raw)
    text = heading[2] if heading else re.sub(r"^\s*>\s?", "", raw)
    text = _TAG.sub(" ", _LINK.sub(r"\1", text))
    for _ in range(2):  # bold inside italics
        text = _EMPHASIS.sub(r"\2", text)
    if text.count("|") >= 2 and text.strip().startswith("|"):
        text = "\t".join(cell.strip() for cell in text.strip().strip("|").split("|"))
    return Line(_spaced(text), is_heading=heading is not None)


def _spaced(raw: str) -> str:
    """Make a wide gap a tab, as in other formats, and a bullet one character."""
    text = _BULLET.sub("• ", raw.rstrip())
    return re.sub(r"[ \u00a0]{3,}|\s*\t\s*", "\t", text.strip())
