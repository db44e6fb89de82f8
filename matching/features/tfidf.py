"""Text of both sides as sparse vectors whose dot product is a cosine similarity."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from matching.arrays import Floats, Integers
from matching.text.plain_text import plain

# A token keeps the signs that tell technologies apart: c++, c#, .net, node.js.
TOKEN = r"(?u)\.?\w[\w.+#]*[\w+#]|\w"  # noqa: S105 - a pattern, not a password


class Text:
    """Words and word pairs with sublinear TF-IDF: the embedded encoder, and the lexical floor.

    Fitted state is data only: `terms_` in column order and `idf_` of shape (n_terms,).
    """

    def __init__(self, *, max_terms: int = 30_000, characters: bool = False) -> None:
        self.max_terms = max_terms
        self.characters = characters
        self.terms_: list[str] = []
        self.idf_: Floats = np.empty(0)

    def fit(self, posts: Sequence[str], people: Sequence[str]) -> "Text":
        """Learn the terms and how rare they are.

        Only terms that a post uses are kept. What people alone write can match no post: names and telephone numbers
        never enter the model's files, and a first name, which many share, does not move a score.

        Args:
            posts: public documents, one per job.
            people: personal documents, one per person.
        """
        counter = CountVectorizer(**self._analysis())
        try:
            counts = counter.fit_transform([*posts, *people])
        except ValueError:  # no term at all: every text is empty
            return self.restore(["\x00"], np.ones(1))
        frequency = _documents(counts)
        kept = np.flatnonzero(_documents(counts[: len(posts)]))
        if not len(kept):
            return self.restore(["\x00"], np.ones(1))
        kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")[: self.max_terms]])
        idf = np.log((1 + counts.shape[0]) / (1 + frequency[kept])) + 1
        return self.restore(counter.get_feature_names_out()[kept].tolist(), idf)

    def restore(self, terms: Sequence[str], idf: Floats) -> "Text":
        """Set the fitted state from data."""
        self.terms_, self.idf_ = list(terms), np.asarray(idf, dtype=np.float64)
        self._fitted = self._vectorizer()
        self._fitted.set_params(vocabulary={term: column for column, term in enumerate(self.terms_)})
        self._fitted.idf_ = self.idf_
        return self

    def transform(self, documents: Sequence[str]) -> csr_matrix:
        """Encode documents as rows of unit length (or all zero), shape (n_documents, n_terms)."""
        if not len(documents):  # scikit-learn refuses no rows; a service starts without stored profiles
            return csr_matrix((0, len(self.terms_)))
        return csr_matrix(self._fitted.transform(documents))

    def _vectorizer(self) -> Any:
        return TfidfVectorizer(sublinear_tf=True, dtype=np.float64, **self._analysis())

    def _analysis(self) -> dict[str, Any]:
        if self.characters:
            return {"preprocessor": _folded, "analyzer": "char_wb", "ngram_range": (3, 4)}
        return {"preprocessor": _folded, "token_pattern": TOKEN, "ngram_range": (1, 2)}


def _folded(text: str) -> str:
    return plain(text).casefold()


def _documents(counts: csr_matrix) -> Integers:
    """Number of documents with each term."""
    return np.bincount(counts.indices, minlength=counts.shape[1])


def row_dots(left: csr_matrix, right: csr_matrix) -> Floats:
    """Dot product of each row of `left` with the same row of `right`, shape (n_rows,).

    The terms of a sum are added in the order of their columns whatever else is in the batch, so that a pair has the
    same value to the last bit alone and among a million.
    """
    if left.shape[0] == 0:
        return np.empty(0)
    return np.asarray(left.multiply(right).sum(axis=1)).ravel()
