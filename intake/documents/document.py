"""A document: its text in reading order, with the page of every line and a count of what was hidden."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Line:
    """A line or paragraph as a reader finds it.

    Attributes:
        text: without line breaks; a tab separates what stands apart on the same line.
        page: from 1; formats without pages have one.
        is_heading: whether its style says that it is a heading.
        is_start: whether a part of the page begins here that has nothing to do with the section before it.
    """

    text: str
    page: int = 1
    is_heading: bool = False
    is_start: bool = False


@dataclass(frozen=True)
class Block:
    """A line or paragraph of a document: characters `start` to `end` of the document's text; see `Line`."""

    start: int
    end: int
    page: int = 1
    is_heading: bool = False
    is_start: bool = False


@dataclass(frozen=True)
class Hidden:
    """Text that a reader of the page cannot see, and that was therefore dropped.

    Attributes:
        why: in a few words, such as "no contrast with what is behind it".
        page: from 1.
        characters: how many were dropped.
    """

    why: str
    page: int
    characters: int


@dataclass(frozen=True)
class Document:
    """The text of a file.

    Attributes:
        name: name of the file as given.
        kind: what its content is, such as "PDF", whatever its name says.
        text: its blocks in reading order, separated by line breaks.
        blocks: where each line or paragraph is in the text.
        hidden: what was dropped, by page and cause.
        notes: what else a user should know, in sentences; none contains text of the file.

    >>> document = compose([Line("Ada Lovelace", is_heading=True), Line("Engineer")], kind="text", name="ada.txt")
    >>> document.text, document.page_of(14), [document.of(block) for block in document.blocks]
    ('Ada Lovelace\\nEngineer', 1, ['Ada Lovelace', 'Engineer'])
    """

    name: str
    kind: str
    text: str
    blocks: tuple[Block, ...]
    hidden: tuple[Hidden, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def of(self, block: Block) -> str:
        """Return the text of a block."""
        return self.text[block.start : block.end]

    def page_of(self, character: int) -> int:
        """Return the page of a character of the text, from 1."""
        return next((block.page for block in reversed(self.blocks) if block.start <= character), 1)

    def to_json(self) -> bytes:
        """Write the document, to be read by `from_json`."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        facts: dict[str, Any] = json.loads(content)
        facts["blocks"] = tuple(Block(**block) for block in facts["blocks"])
        facts["hidden"] = tuple(Hidden(**hidden) for hidden in facts["hidden"])
        facts["notes"] = tuple(facts["notes"])
        return cls(**facts)


def compose(
    lines: Iterable[Line], *, kind: str, name: str = "", hidden: Sequence[Hidden] = (), notes: Sequence[str] = ()
) -> Document:
    """Join lines to a document; empty ones are left out."""
    texts: list[str] = []
    blocks: list[Block] = []
    start = 0
    for line in lines:
        text = line.text.strip()
        if text:
            texts.append(text)
            blocks.append(Block(start, start + len(text), line.page, line.is_heading, line.is_start))
            start += len(text) + 1
    return Document(name, kind, "\n".join(texts), tuple(blocks), _summed(hidden), tuple(notes))


def _summed(hidden: Iterable[Hidden]) -> tuple[Hidden, ...]:
    """Return one entry for each page and cause."""
    counts: Counter[tuple[str, int]] = Counter()
    for one in hidden:
        counts[one.why, one.page] += one.characters
    return tuple(Hidden(why, page, count) for (why, page), count in counts.items() if count)
