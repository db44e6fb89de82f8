"""Suggestions: which known word was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

CLOSE = 0.75  # difflib's ratio; below it, a suggestion misleads more often than it helps


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was probably meant to be; None if none is close.

    >>> closest("Remote", ["onsite", "hybrid", "remote"])
    'remote'
    >>> closest("Jane Roe, 12 Elm Street", ["onsite", "hybrid", "remote"])
    """
    by_form = {_form(name): name for name in known}
    if len(word) > 2 * max(map(len, by_form), default=0):
        return None
    form = _form(word)
    if form in by_form:
        return by_form[form]
    found = get_close_matches(form, by_form, n=1, cutoff=CLOSE)
    return by_form[found[0]] if found else None


def _form(word: str) -> str:
    """The word without case, spaces, dashes, underscores and dots."""
    return "".join(character for character in word.casefold() if character not in " _-\u2010\u2013\u2014.")
