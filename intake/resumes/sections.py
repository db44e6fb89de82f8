"""The lines of a document by the section they are in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from intake.documents.document import Document
from intake.headings import Section, section_of

_LABEL = re.compile(r"^[\s\u2022]*([^:\t]{2,40}?)\s*(:\s*|\t)(?=\S)")
_LABELS = (Section.CONTACT, Section.WISHES)
"""Of these, what stands before the content says what it is: an address, an expected salary."""


@dataclass(frozen=True)
class Part:
    """A line of a document.

    Attributes:
        text: without the heading, if that stands apart on the same line.
        start: first character in the text of the document.
        page: from 1.
        section: None before the first heading.
        is_heading: whether its style says so.
    """

    text: str
    start: int
    page: int
    section: Section | None
    is_heading: bool = False

    @property
    def end(self) -> int:
        """Character after the last."""
        return self.start + len(self.text)

    @property
    def is_item(self) -> bool:
        """Whether it is an item of a list."""
        return self.text.startswith(("\u2022", "\u25aa", "\u25e6", "- ", "* ", "\u2013 ", "\u00b7", "\u25cf", "\u25cb"))


def parts(document: Document) -> list[Part]:
    """Return every line but the headings of sections, with its section.

    A heading on the line of its content counts: before a tab for what follows, before a colon for its line alone.

    >>> from intake.documents.document import Line, compose
    >>> lines = [Line("Ada"), Line("Skills"), Line("Go"), Line("Languages: German"), Line("SQL")]
    >>> [(one.text, one.section and one.section.value) for one in parts(compose(lines, kind="text"))]
    [('Ada', None), ('Go', 'skills'), ('Languages: German', 'languages'), ('SQL', 'skills')]
    """
    return list(_parts(document))


def _parts(document: Document) -> Iterator[Part]:
    current: Section | None = None
    for block in document.blocks:
        text = document.of(block)
        section = section_of(text)
        if block.is_start:
            current = None
        if section is not None:
            current = section
            continue
        label = _LABEL.match(text)
        named = section_of(label[1]) if label else None
        if label and named is not None and label[2] == "\t" and named not in _LABELS:
            current = named
            yield Part(text[label.end() :], block.start + label.end(), block.page, named)
        else:
            yield Part(text, block.start, block.page, named or current, block.is_heading)
