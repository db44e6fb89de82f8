"""Block words: whether a profile contains a word that a profile of the other side rules out."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np
import polars as pl

from matching.arrays import Booleans, Rows
from matching.text.plain_text import INVISIBLE

Texts = TypeVar("Texts", pl.Series, pl.Expr)


def folded(texts: Texts) -> Texts:
    """Normalise texts (NFKC) and remove invisible characters."""
    return texts.str.normalize("NFKC").str.replace_all(INVISIBLE, "")


def spaced_words(texts: pl.Series) -> pl.Series:
    """Reduce each text to its words in lower case, with one space before and after every word.

    A phrase in this form is found only as whole words: "java" is not in "javascript". `+`, `#` and `.` are parts of a
    word, so that "c" is not in "c++"; a dot at the end of a word is punctuation.

    >>> spaced_words(pl.Series(["Senior C++ engineer."])).item()
    ' senior c++ engineer '
    """
    words = folded(texts.fill_null("")).str.to_lowercase()
    words = words.str.replace_all(r"[^\w+#.]+", " ").str.replace_all(r"\.+( |$)", " ")
    return (" " + words.str.strip_chars(" ").str.replace_all(" +", " ") + " ").rename(texts.name)


def spaced_phrases(phrases: Sequence[str]) -> tuple[str, ...]:
    """Bring words and phrases into the form of `spaced_words`: each once, sorted, without those that hold no word."""
    return tuple(sorted(set(spaced_words(pl.Series(phrases, dtype=pl.String)).to_list()) - {"  "}))


class Documents:
    """The searchable text of each profile of one side. It is prepared on first use: most profiles are never searched.

    Args:
        texts: returns columns of text, each of n rows; a document is one row of all columns.

    >>> documents = Documents(lambda: [pl.Series(["Croupier", "Nurse"]), pl.Series(["Night shift, casino.", None])])
    >>> documents.contain_any(spaced_phrases(["night shift"]), np.array([0, 1])).tolist()
    [True, False]
    """

    def __init__(self, texts: Callable[[], Sequence[pl.Series]]) -> None:
        self._texts = texts

    @cached_property
    def _words(self) -> pl.Series:
        columns = pl.DataFrame([spaced_words(text).alias(str(place)) for place, text in enumerate(self._texts())])
        # The separator belongs to no word, so that no phrase spans two fields.
        return columns.select(pl.concat_str(pl.all(), separator="|")).to_series()

    def contain_any(self, phrases: Sequence[str], rows: Rows) -> Booleans:
        """Whether each document contains one of the phrases, given in the form of `spaced_words`; shape (n_rows,)."""
        return self._words.gather(rows).str.contains_any(list(phrases)).to_numpy()


class BlockWords:
    """The words and phrases that each profile of one side rules out.

    Args:
        lists: one list of words per profile; null counts as empty.

    >>> blocked_by_candidates = BlockWords(pl.Series([["Casino"], None]))
    >>> jobs = Documents(lambda: [pl.Series(["Casino manager", "Nurse"])])
    >>> blocked_by_candidates.broken(np.array([0, 0, 1]), np.array([0, 1, 0]), jobs).tolist()
    [True, False, False]
    """

    def __init__(self, lists: pl.Series) -> None:
        filled = {row: words for row, words in enumerate(lists.to_list()) if words}
        self._phrases_of = {row: phrases for row, words in filled.items() if (phrases := spaced_phrases(words))}

    def broken(self, own_rows: Rows, other_rows: Rows, documents: Documents) -> Booleans:
        """Whether the other profile of each pair contains a word that this side rules out; shape (n_pairs,)."""
        broken = np.zeros(len(own_rows), dtype=bool)
        for phrases, pairs in self._pairs_by_phrases(own_rows).items():
            others, place = np.unique(other_rows[pairs], return_inverse=True)
            broken[pairs] = documents.contain_any(phrases, others)[place]
        return broken

    def _pairs_by_phrases(self, own_rows: Rows) -> dict[tuple[str, ...], Rows]:
        """Pairs by the phrases they must not contain: profiles that rule out the same are searched together."""
        if not self._phrases_of:
            return {}
        order = np.argsort(own_rows, kind="stable")
        present, first = np.unique(own_rows[order], return_index=True)
        ends = [*first[1:].tolist(), len(order)]
        pairs_of: dict[tuple[str, ...], list[Rows]] = {}
        for row, start, end in zip(present.tolist(), first.tolist(), ends, strict=True):
            if row in self._phrases_of:
                pairs_of.setdefault(self._phrases_of[row], []).append(order[start:end])
        return {phrases: np.concatenate(pairs) for phrases, pairs in pairs_of.items()}
