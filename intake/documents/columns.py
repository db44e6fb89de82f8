"""Reading order of a page: column by column, and row by row where a column holds only labels or dates.

Words that leave a strip of the page empty over several lines form columns. This is the recursive X-Y cut (Nagy and
Seth, 1984), with one addition: rows of a table belong together, columns of a page do not.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from intake.documents.words import Word

MIN_GUTTER, NARROW_GUTTER = 0.75, 0.35
"""Width of the empty strip between columns, in heights of a line; a space is a quarter."""
MIN_LINES, MANY_LINES = 3, 8
"""Lines on each side of it; a narrow strip needs many."""
_SAME_LINE = 0.5
_WIDE = 1.1
"""A gap within a line that separates two things, in heights of a line."""
_ALIGNED = 0.8
_DASH_AT_END = re.compile(r"\s[-\u2010-\u2015]$|\d[-\u2010-\u2015]$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DASH_AT_START = re.compile(r"[-\u2010-\u2015]\s?\w")
_MAX_DEPTH = 6
_SAME_STRIP = 12.0
"""How far columns of two pages may differ, in points."""

IsHeading = Callable[[str], bool]


@dataclass(frozen=True)
class Row:
    """A line of a page.

    Attributes:
        text: its words; a tab stands for a wide gap.
        size: height of its characters, in points.
        top, bottom: in points from the top of the page.
    """

    text: str
    size: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Column:
    """Lines to be read one after the other, and the strip of the page they are in.

    Attributes:
        rows: from top to bottom.
        left, right: the strip they may use, in points.
    """

    rows: tuple[Row, ...]
    left: float
    right: float


def columns(words: Sequence[Word], is_heading: IsHeading) -> list[Column]:
    """Divide the words of a page into columns, in reading order.

    >>> left = [Word(text, 0, 20 * n, 50, 20 * n + 10, 10) for n, text in enumerate(["Skills", "go", "sql"])]
    >>> right = [Word(text, 90, 20 * n, 150, 20 * n + 10, 10) for n, text in enumerate(["Work", "a", "b"])]
    >>> [[row.text for row in column.rows] for column in columns([*left, *right], str.istitle)]
    [['Skills', 'go', 'sql'], ['Work', 'a', 'b']]

    Args:
        words: in any order.
        is_heading: whether a line is the heading of a section.
    """
    if not words:
        return []
    return _cut(list(words), min(one.left for one in words), max(one.right for one in words), is_heading, 0)


def rows(words: Sequence[Word]) -> list[Row]:
    """Join words to lines, from top to bottom."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda one: (one.middle, one.left)):
        if lines and abs(word.middle - lines[-1][0].middle) < _SAME_LINE * min(word.size, lines[-1][0].size):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [_row(line) for line in lines]


def _table_rows(left: Sequence[Word], right: Sequence[Word]) -> list[Row]:
    """Join both sides of a table row by row; dates that take two lines of a narrow cell become one."""
    cells, texts = _unwrapped(rows(left)), rows(right)
    result = []
    for text in texts:
        beside = next((one for one in cells if abs(one.bottom - text.bottom) < _SAME_LINE * text.size), None)
        if beside is not None:
            cells.remove(beside)
        result.append(replace(text, text=f"{beside.text}\t{text.text}") if beside else text)
    return sorted([*result, *cells], key=lambda one: one.top)


def _unwrapped(lines: Sequence[Row]) -> list[Row]:
    """Join a line with the next at a dash, and a year with the month before it."""
    result: list[Row] = []
    for line in lines:
        if result and _goes_on(result[-1].text, line.text):
            result[-1] = replace(result[-1], text=f"{result[-1].text} {line.text}")
        else:
            result.append(line)
    return result


def _goes_on(text: str, following: str) -> bool:
    is_year = _YEAR.fullmatch(following) and not _YEAR.search(text[-4:])
    return bool(_DASH_AT_END.search(text) or _DASH_AT_START.match(following) or is_year)


def _row(line: list[Word]) -> Row:
    ordered = sorted(line, key=lambda one: one.left)
    text = ordered[0].text
    for before, word in pairwise(ordered):
        gap = word.left - before.right
        text += ("\t" if gap > _WIDE * word.size else " ") + word.text
    return Row(text, median(one.size for one in line), min(one.top for one in line), max(one.bottom for one in line))


def _cut(words: list[Word], left: float, right: float, is_heading: IsHeading, depth: int) -> list[Column]:
    """Cut a region at its gutters, and what lies above and below one on its own."""
    found = _gutter(words) if depth < _MAX_DEPTH else None
    if found is None:
        return [Column(tuple(rows(words)), left, right)] if words else []
    top, bottom, gutter = found
    above = [one for one in words if one.top < top]
    below = [one for one in words if one.top > bottom]
    inside = [one for one in words if top <= one.top <= bottom]
    sides = [one for one in inside if one.left < gutter[0]], [one for one in inside if one.left >= gutter[0]]
    if _is_table(rows(sides[0]), rows(sides[1]), is_heading):
        middle = [Column(tuple(_table_rows(*sides)), left, right)]
    else:
        middle = [
            *_cut(sides[0], left, gutter[1], is_heading, depth + 1),
            *_cut(sides[1], gutter[0], right, is_heading, depth + 1),
        ]
    before = _cut(above, left, right, is_heading, depth + 1)
    return [*before, *middle, *_cut(below, left, right, is_heading, depth + 1)]


Gap = tuple[float, float]


def _gutter(words: list[Word]) -> tuple[float, float, Gap] | None:
    """Return the longest run of lines with a common empty strip: tops of its first and last line, and the strip."""
    if not words:
        return None
    ordered = sorted(words, key=lambda one: one.top)
    tops = sorted({one.top for one in ordered})
    size = median(one.size for one in words)
    by_top: dict[float, list[Word]] = {}
    for word in ordered:
        by_top.setdefault(word.top, []).append(word)
    best: tuple[float, float, Gap] | None = None
    start, longest = 0, 0
    while start < len(tops) - longest:
        end, gaps = _extended(tops, start, by_top, NARROW_GUTTER * size)
        if end - start > longest:
            gap = _valid([word for top in tops[start:end] for word in by_top[top]], gaps, MIN_GUTTER * size)
            if gap is not None:
                best, longest = (tops[start], tops[end - 1], gap), end - start
        start += 1
    return best


def _extended(tops: list[float], start: int, by_top: dict[float, list[Word]], width: float) -> tuple[int, list[Gap]]:
    """Add lines from `start` on while a strip of at least `width` points stays empty; return the end and the strips."""
    gaps: list[Gap] = [(-1e9, 1e9)]
    for end in range(start, len(tops)):
        remaining = _without(gaps, by_top[tops[end]], width)
        # Two endless margins always remain.
        inner = [gap for gap in remaining if gap[0] > -1e8 and gap[1] < 1e8]
        if not inner and end - start >= MIN_LINES:
            return end, gaps
        gaps = remaining
    return len(tops), gaps


def _without(gaps: list[Gap], line: list[Word], width: float) -> list[Gap]:
    """Take the words of a line out of the empty strips."""
    for word in line:
        pieces = []
        for left, right in gaps:
            if word.right <= left or word.left >= right:
                pieces.append((left, right))
            else:
                pieces += [piece for piece in ((left, word.left), (word.right, right)) if piece[1] - piece[0] >= width]
        gaps = pieces
    return gaps


def _valid(words: list[Word], gaps: list[Gap], wide: float) -> Gap | None:
    """Return the widest strip that has enough lines on both sides."""
    inner = sorted((gap for gap in gaps if gap[0] > -1e8 and gap[1] < 1e8), key=lambda gap: gap[0] - gap[1])
    for gap in inner:
        left = {round(one.middle) for one in words if one.left < gap[0]}
        right = {round(one.middle) for one in words if one.left >= gap[0]}
        if min(len(left), len(right)) >= (MIN_LINES if gap[1] - gap[0] >= wide else MANY_LINES):
            return gap
    return None


def _is_table(left: list[Row], right: list[Row], is_heading: IsHeading) -> bool:
    """Whether the rows of two sides belong together: labels or dates beside what they are about.

    Both sides of a page have headings of their own. In a table only one side has any, and the lines of the side with
    fewer lines begin where lines of the other begin; a heading between the rows of a table stands alone.
    """
    if any(is_heading(row.text) for row in left) and any(is_heading(row.text) for row in right):
        return False
    beside = [
        [row for row in _within(one, other) if not is_heading(row.text)]
        for one, other in ((left, right), (right, left))
    ]
    few, many = sorted(beside, key=len)
    aligned = sum(any(abs(one.bottom - other.bottom) < 0.3 * one.size for other in many) for one in few)
    return bool(few) and aligned >= _ALIGNED * len(few)


def _within(one: list[Row], other: list[Row]) -> list[Row]:
    """Return the rows of a side at the height of the other side: short lines above and below may belong to neither."""
    top, bottom = min(row.top for row in other), max(row.bottom for row in other)
    return [row for row in one if row.bottom > top and row.top < bottom]


def threaded(pages: Sequence[Sequence[Column]]) -> Iterator[tuple[int, Column]]:
    """Yield the columns of all pages in reading order with their page numbers, from 1.

    A column that goes on at the top of the next page is read to its end before its neighbour: else the experience on
    the second page would be read as part of the sidebar of the first.
    """
    pending = [(number, column) for number, page in enumerate(pages, start=1) for column in page]
    while pending:
        number, column = pending.pop(0)
        yield number, column
        while True:
            following = _continued(pending, number, column)
            if following is None:
                break
            pending.remove(following)
            number, column = following
            yield following


def _continued(pending: Sequence[tuple[int, Column]], number: int, column: Column) -> tuple[int, Column] | None:
    """Return the column at the top of the next page that lies within a column's strip, if that has a neighbour left."""
    has_neighbour = any(page == number for page, _ in pending)
    first = next(((page, other) for page, other in pending if page == number + 1), None)
    if not has_neighbour or first is None:
        return None
    fits = abs(first[1].left - column.left) < _SAME_STRIP and first[1].right <= column.right + _SAME_STRIP
    return first if fits else None
