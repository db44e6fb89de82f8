"""Plain text: characters that look the same are the same, and none is invisible or reverses the direction."""

import re
import unicodedata

# Format characters (category Cf: zero-width characters, soft hyphens, direction marks, tags) and variation selectors:
# they split words that look whole. Written out, because Python's re has no name for the category; polars reads it too.
INVISIBLE = (
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_INVISIBLE = re.compile(INVISIBLE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"\s+")
HIDDEN = "\u2588"
"""Stands for words that no text may be compared by."""
MAX_CHARACTERS = 110_000
"""Length after normalisation. A resume may have 100,000 characters, and one character may become eighteen (U+FDFA)."""


def plain(text: str) -> str:
    r"""Normalise a text: no invisible characters, and single spaces. Letters of every script are kept.

    >>> plain("Py\u200bthon \n \uff24eveloper")
    'Python Developer'

    Source: Unicode Standard Annex 15 (normalisation form KC).
    """
    if text.isascii():
        return _SPACES.sub(" ", _CONTROL.sub(" ", text)).strip()
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))[:MAX_CHARACTERS]
    return _SPACES.sub(" ", _CONTROL.sub(" ", folded)).strip()
