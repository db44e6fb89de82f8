"""The header of a CSV text: its delimiter, its column names, and what a wrong name was probably meant to be."""

import csv
import re
from collections.abc import Collection
from dataclasses import dataclass

from matching.errors import InputError
from matching.sources.reading.content import Bytes

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
LONGEST_HEADER = 1 << 20  # bytes
INDEX_NAME = re.compile(r"Unnamed: \d+(\.\d+)?|__index_level_\d+__")
"""A column without a name, or an index that pandas wrote beside the data."""


@dataclass(frozen=True)
class Header:
    """The header of a CSV text.

    Attributes:
        names: of the columns, without spaces around them.
        delimiter: between them.
        line: on which it stands, from 1; blank lines may come before it.
    """

    names: list[str]
    delimiter: str
    line: int


def read_header(data: Bytes, known: Collection[str] | None) -> Header:
    """Find delimiter and names: the delimiter that gives the most known names, else the only one that divides the line.

    Args:
        data: the text in UTF-8.
        known: column names that are expected; None where any will do.

    Raises:
        InputError: there is no header line, or more than one delimiter fits.
    """
    start = data[:LONGEST_HEADER]
    text = start.decode("utf-8", "ignore")
    blank = len(text) - len(text.lstrip("\r\n"))
    line = 1 + text[:blank].count("\n")
    text = text[blank:]
    if not text.strip():
        raise InputError("the file holds blank lines only: export it again, with a header line")
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
    except csv.Error:  # a field beyond the module's own limit
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
