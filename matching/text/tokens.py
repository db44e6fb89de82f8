"""Words of a text with their places, folded so that spellings compare equal."""

import re
import unicodedata
from typing import NamedTuple

from matching.text.plain_text import INVISIBLE

# Scripts without spaces have words of their own beside Latin ones: "熟悉Java".
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
# The characters that tell technologies apart belong to the word: C++, C#, .NET.
_JOINER = "\u00ad\u200b-\u200f\u2060\ufeff"  # invisible within a word
_LETTER = rf"(?![{_UNSPACED}])[^\W_]"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|(?:(?<![\w.])\.(?=[^\W\d_]))?{_LETTER}(?:{_LETTER}|[{_JOINER}])*(?:\+\+|\+|\#)?")
_INVISIBLE = re.compile(INVISIBLE)


class Token(NamedTuple):
    """One word.

    Attributes:
        folded: the word in lower case and normal form.
        written: the word as written.
        start: place of its first character.
        end: place after its last character.
    """

    folded: str
    written: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Return the words of a text in order.

    >>> [token.folded for token in tokens("C++/C# on .NET, Node.js")]
    ['c++', 'c#', 'on', '.net', 'node', 'js']
    """
    lower = str.lower if text.isascii() else fold
    return [Token(lower(found[0]), found[0], *found.span()) for found in _TOKEN.finditer(text)]


def fold(word: str) -> str:
    """Return the form in which words are compared: lower case, NFKC, without invisible characters.

    >>> fold("\uff30ython"), fold("Straße")
    ('python', 'strasse')
    """
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", word)).casefold()
