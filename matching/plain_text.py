"""Text as it is read: one form for what looks the same, nothing invisible, no direction tricks."""

import re
import unicodedata

# Zero-width characters, soft hyphens, direction marks, tags, variation selectors: they split words that look whole.
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"\s+")
LONGEST = 110_000
"""Characters that are read: a resume may have 100,000, but one sign may stand for eighteen (U+FDFA)."""


def plain(text: str) -> str:
    """Compatibility-composed text without invisible characters, blanks collapsed; letters of any script stay.

    Source: Unicode Standard Annex 15 (normalisation form KC).
    """
    if text.isascii():
        return _SPACES.sub(" ", _CONTROL.sub(" ", text)).strip()
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))[:LONGEST]
    return _SPACES.sub(" ", _CONTROL.sub(" ", folded)).strip()
