"""The structure of a CSV text: where each record begins, how many fields it has, and whether its quotes are correct.

numpy scans the bytes in chunks, so that a file of any size is read at memory speed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.arrays import Booleans, Integers
from matching.errors import InputError
from matching.sources.reading.content import Bytes

LONGEST_LINE = 16 << 20
"""Bytes; the longest valid record is far shorter."""

_CHUNK = 16 << 20
_QUOTE, _NEWLINE, _RETURN = 34, 10, 13

Positions = Integers


@dataclass(frozen=True)
class Records:
    """The records of a text, its header first.

    Attributes:
        lines: line on which each record begins, from 1, shape (n_records,).
        fields: number of fields of each record, shape (n_records,); 1 for a blank line.
    """

    lines: Positions
    fields: Positions


def check_lengths(data: Bytes) -> None:
    """Refuse a text with a line that is too long for any table, before anything reads the line as a whole.

    Raises:
        InputError: a line is longer than `LONGEST_LINE`; the message has its number.
    """
    n_lines, last = 0, -1
    for start, chunk in _chunks(data):
        found = np.flatnonzero(chunk == _NEWLINE) + start
        gaps = np.diff(found, prepend=last, append=start + len(chunk))
        if gaps.max() > LONGEST_LINE:
            line = n_lines + int(gaps.argmax()) + 1
            raise InputError(
                f"line {line:,}: longer than {LONGEST_LINE >> 20} MiB; a line break or a quotation mark is missing"
            )
        last = int(found[-1]) if len(found) else last
        n_lines += len(found)


@dataclass(frozen=True)
class _Chunk:
    """A part of a text, with counts of what precedes it.

    Attributes:
        data: the whole text.
        start: offset of the part.
        content: bytes of the part.
        quotes, newlines: offsets of both within the part.
        n_quotes, n_lines: how many of both precede the part.
    """

    data: Bytes
    start: int
    content: NDArray[np.uint8]
    quotes: Positions
    newlines: Positions
    n_quotes: int
    n_lines: int

    def outside(self, positions: Positions) -> Booleans:
        """Whether each position lies outside quotation marks."""
        outside: Booleans = (np.searchsorted(self.quotes, positions) + self.n_quotes) % 2 == 0
        return outside

    def line(self, position: int) -> int:
        """Return the line of a position, from 1."""
        return self.n_lines + int(np.searchsorted(self.newlines, position)) + 1

    def byte(self, position: int) -> int:
        """Return the byte at a position, which may be outside the part; outside the text it is a line feed."""
        offset = self.start + position
        return self.data[offset : offset + 1][0] if 0 <= offset < len(self.data) else _NEWLINE


def records(data: Bytes, delimiter: str) -> Records:
    """Find the records of a text.

    Args:
        data: the text in UTF-8.
        delimiter: one ASCII character.

    Raises:
        InputError: quotation marks are not doubled or not closed, or a line has a lone carriage return; the message
            has the number of the first such line.
    """
    lines: list[Positions] = [np.array([1])]
    fields: list[Positions] = []
    n_quotes = n_lines = open_fields = 0
    opened_on = 1
    for start, content in _chunks(data):
        quotes, newlines = np.flatnonzero(content == _QUOTE), np.flatnonzero(content == _NEWLINE)
        chunk = _Chunk(data, start, content, quotes, newlines, n_quotes, n_lines)
        _check_quotes(chunk, delimiter)
        _check_returns(chunk)
        ends = np.flatnonzero(chunk.outside(newlines))
        splits = np.flatnonzero(content == ord(delimiter))
        splits = splits[chunk.outside(splits)]
        upto = np.searchsorted(splits, newlines[ends])
        fields.append(np.diff(upto, prepend=-open_fields) + 1)
        lines.append(n_lines + ends + 2)
        open_fields = len(splits) - int(upto[-1]) if len(ends) else open_fields + len(splits)
        n_quotes += len(quotes)
        if len(quotes) and n_quotes % 2:
            opened_on = chunk.line(int(quotes[-1]))
        n_lines += len(newlines)
    if n_quotes % 2:
        raise InputError(f"line {opened_on:,}: a quotation mark is opened and never closed: close it")
    begun = np.concatenate(lines)
    if data[len(data) - 1 : len(data)] == b"\n":
        begun = begun[:-1]
    else:
        fields.append(np.array([open_fields + 1]))
    return Records(begun, np.concatenate(fields))


def _chunks(data: Bytes) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for start in range(0, len(data), _CHUNK):
        # A copy, because a view would keep the file mapped as long as an exception keeps its frames.
        yield start, np.frombuffer(data[start : start + _CHUNK], np.uint8)


def _check_quotes(chunk: _Chunk, delimiter: str) -> None:
    """Refuse a quotation mark that opens within a field or closes before its end."""
    quotes = chunk.quotes
    if not len(quotes):
        return
    around = np.concatenate([[chunk.byte(-1)], chunk.content, [chunk.byte(len(chunk.content))]])
    opens = np.isin(around[quotes], [ord(delimiter), _NEWLINE, _QUOTE])
    closes = np.isin(around[quotes + 2], [ord(delimiter), _NEWLINE, _RETURN, _QUOTE])
    is_opening = (np.arange(len(quotes)) + chunk.n_quotes) % 2 == 0
    wrong = np.flatnonzero(np.where(is_opening, ~opens, ~closes))
    if len(wrong):
        raise InputError(
            f"line {chunk.line(int(quotes[wrong[0]])):,}: a quotation mark inside a field: put the whole field in "
            'quotation marks and double those inside it, as "5"" pipe"'
        )


def _check_returns(chunk: _Chunk) -> None:
    """Refuse a carriage return outside quotation marks that no line feed follows."""
    returns = np.flatnonzero(chunk.content == _RETURN)
    if not len(returns):
        return
    following = np.append(chunk.content[1:], chunk.byte(len(chunk.content)))
    lone = returns[(following[returns] != _NEWLINE) & chunk.outside(returns)]
    if len(lone):
        raise InputError(
            f"line {chunk.line(int(lone[0])):,}: a carriage return within the line, outside quotation marks: end every "
            "line with a line feed (LF or CRLF)"
        )
