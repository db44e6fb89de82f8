"""The header of a CSV text: its delimiter and its column names."""

import csv
import re
from collections.abc import Collection
from dataclasses import dataclass

from matching.errors import InputError
from matching.sources.reading.content import Bytes

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
LONGEST_HEADER = 1 << 20  # bytes
INDEX_NAME = re.compile(r"Unnamed: \d+(\.\d+)?|__index_level_\d+__")
"""Name of a column without a name, or of an index that pandas wrote."""


@dataclass(frozen=True)
class Header:
    """The header of a CSV text.

    Attributes:
        names: column names, without spaces around them.
        delimiter: what separates them.
        line: line of the header, from 1; blank lines may precede it.
    """

    names: list[str]
    delimiter: str
    line: int


def read_header(data: Bytes, known: Collection[str] | None) -> Header:
    """Find delimiter and names: the delimiter that gives the most known names, or the only one that divides the line.

    Args:
        data: the text in UTF-8.
        known: expected column names; None if any names are allowed.

    Raises:
        InputError: there is no header line, or several delimiters fit.

    >>> read_header(b"id;name", known=None)
    Header(names=['id', 'name'], delimiter=';', line=1)
    """
    start = data[:LONGEST_HEADER]
    text = start.decode("utf-8", "ignore")
    blank = len(text) - len(text.lstrip("\r\n"))
    line = 1 + text[:blank].count("\n")
    text = text[blank:]
    if not text.strip():
        raise InputError("the file has blank lines only: export it again, with a header line")
    if text.startswith("sep="):
        raise InputError(f"line {line}: a line for Excel ({text[:5].strip()}), not the header: remove it")
    if "\n" not in text and len(start) == LONGEST_HEADER:
        raise InputError(f"line {line}: no line break within the first MiB, so no header line: check the file")
    found = {delimiter: _names(text, delimiter) for delimiter in DELIMITERS}
    delimiter = _best(line, found, known)
    return Header(found[delimiter], delimiter, line)


def _names(text: str, delimiter: str) -> list[str]:
    try:
        record = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    except csv.Error:  # a field longer than the limit of the csv module
        return [""]
    return [column.strip() for column in record]


def _best(line: int, found: dict[str, list[str]], known: Collection[str] | None) -> str:
    if known:
        hits = {delimiter: len(set(names) & set(known)) for delimiter, names in found.items()}
        if max(hits.values()) > 0:
            return max(hits, key=lambda delimiter: hits[delimiter])
    dividing = [delimiter for delimiter, names in found.items() if len(names) > 1]
    if len(dividing) > 1 and dividing[0] != ",":
        words = " and ".join(DELIMITERS[delimiter] for delimiter in dividing)
        raise InputError(f"line {line}: both {words} divide the header line: separate the columns with commas")
    return dividing[0] if dividing else ","
