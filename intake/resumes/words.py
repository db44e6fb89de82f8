"""Words of resumes in eight languages, from `words.toml`, as patterns for folded text."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


def any_of(words: Iterable[str]) -> str:
    """Return a pattern for one of some words; a star is any ending."""
    return "|".join(re.escape(word).replace(r"\*", r"\w*") for word in sorted(words, key=len, reverse=True))


def label(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for a label at the beginning of a line, up to what follows it."""
    return re.compile(rf"^[^\w(+]*(?:{any_of(words)})\s*[:\t]\s*")


def phrase(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for whole words anywhere."""
    return re.compile(rf"(?<!\w)(?:{any_of(words)})(?!\w)")


def folded(text: str) -> str:
    """Return a text without accents and in lower case, each character in its place.

    >>> folded("Août 2019, Févr. 2021, Straße")
    'aout 2019, fevr. 2021, straße'
    """
    if text.isascii():
        return text.lower()
    return "".join(_bare(letter) for letter in text)


def _bare(letter: str) -> str:
    if letter == "\u2019":
        return "'"
    base = unicodedata.normalize("NFD", letter)[0].lower()
    return base if len(base) == 1 else letter
