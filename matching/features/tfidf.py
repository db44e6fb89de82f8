"""TF-IDF: texts as sparse vectors whose dot product is their cosine similarity."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix

from matching.arrays import Floats, Integers
from matching.text.plain_text import HIDDEN, plain

# A token keeps the characters that tell technologies apart: c++, c#, .net, node.js.
TOKEN = r"(?u)\.?\w[\w.+#]*[\w+#]|\w"  # noqa: S105 - a pattern, not a password
_WORD = re.compile(TOKEN)


class Tfidf:
    """Words and word pairs, or sequences of characters, with sublinear TF-IDF.

    The fitted state is data only: `terms_` in column order and `idf_` of shape (n_terms,).

    >>> tfidf = Tfidf().fit(["Go developer"], ["Ada writes Go"])
    >>> tfidf.terms_
    ['developer', 'go', 'go developer']
    >>> rows = tfidf.transform(["Go developer", "Go", "Nurse"])
    >>> row_dots(rows[[0, 0]], rows[[1, 2]]).round(2).tolist()
    [0.45, 0.0]

    Args:
        max_terms: number of terms to keep, the most frequent first.
        characters: use sequences of three and four characters instead of words.
    """

    def __init__(self, *, max_terms: int = 30_000, characters: bool = False) -> None:
        self.max_terms = max_terms
        self.characters = characters
        self.terms_: list[str] = []
        self.idf_: Floats = np.empty(0)

    def fit(self, job_texts: Sequence[str], candidate_texts: Sequence[str]) -> "Tfidf":
        """Learn the terms and their rarity.

        Only terms that a job uses are kept: the others can match no job. This keeps names and telephone numbers out of
        the model's files, and first names, which many share, out of the scores.

        Args:
            job_texts: one document per job.
            candidate_texts: one document per candidate; they may hold personal data.
        """
        from sklearn.feature_extraction.text import CountVectorizer  # a service does not fit, and starts without it

        counter = CountVectorizer(analyzer=self._terms_of)
        try:
            counts = counter.fit_transform([*job_texts, *candidate_texts])
        except ValueError:  # every text is empty
            return self.restore(["\x00"], np.ones(1))
        frequency = _documents(counts)
        kept = np.flatnonzero(_documents(counts[: len(job_texts)]))
        if not len(kept):
            return self.restore(["\x00"], np.ones(1))
        kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")[: self.max_terms]])
        idf = np.log((1 + counts.shape[0]) / (1 + frequency[kept])) + 1
        return self.restore(counter.get_feature_names_out()[kept].tolist(), idf)

    def restore(self, terms: Sequence[str], idf: Floats) -> "Tfidf":
        """Restore the fitted state from data."""
        self.terms_, self.idf_ = list(terms), np.asarray(idf, dtype=np.float64)
        self._columns = {term: column for column, term in enumerate(self.terms_)}
        return self

    def transform(self, documents: Sequence[str]) -> csr_matrix:
        """Encode documents as rows of unit length (or all zero), shape (n_documents, n_terms).

        The values are those of scikit-learn's `TfidfVectorizer(sublinear_tf=True)`, to the last bit.
        """
        counts = self._counts(documents)
        counts.data = (np.log(counts.data) + 1.0) * self.idf_[counts.indices]
        lengths = np.diff(counts.indptr)
        rows = np.repeat(np.arange(len(documents)), lengths)
        norms = np.sqrt(np.bincount(rows, weights=counts.data**2, minlength=len(documents)))
        counts.data /= np.repeat(norms, lengths)
        return counts

    def _counts(self, documents: Sequence[str]) -> csr_matrix:
        """Counts of terms, shape (n_documents, n_terms), with the columns of each row in order."""
        columns: list[int] = []
        counts: list[int] = []
        ends = [0]
        first: dict[str, int] = {}  # versions of a profile mostly repeat its texts
        for row, document in enumerate(documents):
            same = first.setdefault(document, row)
            if same == row:
                found = Counter(self._columns[term] for term in self._terms_of(document) if term in self._columns)
                for column, count in sorted(found.items()):
                    columns.append(column)
                    counts.append(count)
            else:
                columns += columns[ends[same] : ends[same + 1]]
                counts += counts[ends[same] : ends[same + 1]]
            ends.append(len(columns))
        return csr_matrix((counts, columns, ends), shape=(len(documents), len(self.terms_)), dtype=np.float64)

    def _terms_of(self, document: str) -> list[str]:
        """Terms of a document: its words and word pairs, or pieces of its words."""
        text = plain(document).casefold()
        if self.characters:
            return [piece for word in text.split() for piece in _pieces(f" {word} ")]
        terms: list[str] = []
        for part in text.split(HIDDEN):
            words = _WORD.findall(part)
            terms += words + [f"{first} {second}" for first, second in pairwise(words)]
        return terms


def _pieces(word: str) -> list[str]:
    """All sequences of three and of four characters."""
    return [word[start : start + length] for length in (3, 4) for start in range(len(word) - length + 1)]


def _documents(counts: csr_matrix) -> Integers:
    """Number of documents that contain each term."""
    return np.bincount(counts.indices, minlength=counts.shape[1])


def row_dots(left: csr_matrix, right: csr_matrix) -> Floats:
    """Dot product of each row of `left` with the same row of `right`, shape (n_rows,)."""
    return row_sums(row_products(left, right))


def row_products(left: csr_matrix, right: csr_matrix) -> csr_matrix:
    """Products of the values that both sides store, term by term, shape (n_rows, n_terms)."""
    return csr_matrix(left.multiply(right))


def row_sums(products: csr_matrix) -> Floats:
    """Sum of each row, shape (n_rows,).

    Terms are added in the order of their columns, whatever the batch, so that a pair has the same value to the last bit
    alone and among a million.
    """
    return np.asarray(products.sum(axis=1)).ravel()
