"""Whole words in texts: whether a text holds a word that another profile rules out."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np
import polars as pl

from matching.arrays import Booleans, Rows
from matching.text.plain_text import INVISIBLE

Texts = TypeVar("Texts", pl.Series, pl.Expr)


def folded(texts: Texts) -> Texts:
    """Texts in which compatibility forms are one (NFKC) and nothing is invisible."""
    return texts.str.normalize("NFKC").str.replace_all(INVISIBLE, "")


def plain(texts: pl.Series) -> pl.Series:
    """Texts as their words between single spaces: " senior c++ engineer ".

    Compatibility forms are one (NFKC), case and invisible signs do not count, and `+`, `#` and `.` belong to a word, so
    that "c" is not in "c++" and "java" not in "javascript". Dots at the end of a word end a sentence.
    """
    words = folded(texts.fill_null("")).str.to_lowercase()
    words = words.str.replace_all(r"[^\w+#.]+", " ").str.replace_all(r"\.+( |$)", " ")
    return (" " + words.str.strip_chars(" ").str.replace_all(" +", " ") + " ").rename(texts.name)


def plain_words(words: Sequence[str]) -> tuple[str, ...]:
    """Words and phrases in the form of `plain`, each once and sorted; what holds no word is left out."""
    return tuple(sorted(set(plain(pl.Series(words, dtype=pl.String)).to_list()) - {"  "}))


class Documents:
    """Texts of one side, brought into plain form once somebody rules out a word: most never do.

    Args:
        texts: gives columns of text, each of n rows; a row's document is all of them.
    """

    def __init__(self, texts: Callable[[], Sequence[pl.Series]]) -> None:
        self._texts = texts

    @cached_property
    def _plain(self) -> pl.Series:
        columns = pl.DataFrame([plain(text).alias(str(place)) for place, text in enumerate(self._texts())])
        # A sign that belongs to no word: no phrase is found across two fields.
        return columns.select(pl.concat_str(pl.all(), separator="|")).to_series()

    def hold_any(self, words: Sequence[str], rows: Rows) -> Booleans:
        """Tell which documents hold one of the words or phrases, given in the form of `plain`; shape (n_rows,)."""
        return self._plain.gather(rows).str.contains_any(list(words)).to_numpy()


class BlockWords:
    """The words that each profile of one side rules out.

    Args:
        lists: lists of words, one list per profile; null counts as empty.
    """

    def __init__(self, lists: pl.Series) -> None:
        stated = {row: words for row, words in enumerate(lists.to_list()) if words}
        self._words_of = {row: words for row, given in stated.items() if (words := plain_words(given))}

    def broken(self, own_rows: Rows, other_rows: Rows, documents: Documents) -> Booleans:
        """Tell for each pair whether the other's document holds a word that this side rules out, shape (n_pairs,)."""
        broken = np.zeros(len(own_rows), dtype=bool)
        for words, pairs in self._asked(own_rows).items():
            others, place = np.unique(other_rows[pairs], return_inverse=True)
            broken[pairs] = documents.hold_any(words, others)[place]
        return broken

    def _asked(self, own_rows: Rows) -> dict[tuple[str, ...], Rows]:
        """Return the pairs of each list of words; a list that several profiles share is looked for once."""
        if not self._words_of:
            return {}
        order = np.argsort(own_rows, kind="stable")
        present, first = np.unique(own_rows[order], return_index=True)
        ends = [*first[1:].tolist(), len(order)]
        pairs_of: dict[tuple[str, ...], list[Rows]] = {}
        for row, start, end in zip(present.tolist(), first.tolist(), ends, strict=True):
            if row in self._words_of:
                pairs_of.setdefault(self._words_of[row], []).append(order[start:end])
        return {words: np.concatenate(pairs) for words, pairs in pairs_of.items()}
