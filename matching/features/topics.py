"""What titles mean, learned from the skills that stand beside them: latent semantic analysis.

"SDET" and "Test Automation Engineer" share no word, but the posts and people that use them share skills.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from matching.arrays import Floats
from matching.features.tfidf import Text

DIMENSIONS = 48


class Topics:
    """Titles as dense vectors of unit length, shape (n, dimensions); all zero where no word is known.

    Fitted state is data only: the vocabulary of `terms` and `vectors_` of shape (n_terms, dimensions).
    Source: Deerwester et al. (1990), "Indexing by latent semantic analysis".
    """

    def __init__(self) -> None:
        self.terms = Text(max_terms=8_000)
        self.vectors_: Floats = np.zeros((1, 1))

    def fit(self, posts: Sequence[str], people: Sequence[str]) -> "Topics":
        """Learn from titles with the skills beside them.

        Args:
            posts: title and asked skills, one document per job.
            people: headline and listed skills, one document per person.
        """
        self.terms.fit(posts, people)
        documents = csr_matrix(self.terms.transform([*posts, *people]))
        size = min(DIMENSIONS, *(length - 1 for length in documents.shape))
        if size < 1:
            return self.restore(np.zeros((len(self.terms.terms_), 1)))
        if size < DIMENSIONS:
            # Asked for almost every direction, ARPACK restarts at random: another result every time.
            _, _, directions = np.linalg.svd(documents.toarray(), full_matrices=False)
            return self.restore(np.asarray(directions[:size].T))
        # A fixed start makes the result the same every time.
        start = np.ones(min(documents.shape))
        _, _, directions = svds(documents, k=size, v0=start, solver="arpack")
        return self.restore(np.asarray(directions[::-1].T))

    def restore(self, vectors: Floats) -> "Topics":
        """Set the fitted state from data, after `terms`."""
        self.vectors_ = np.ascontiguousarray(vectors, dtype=np.float64)
        return self

    def transform(self, titles: Sequence[str]) -> Floats:
        """Encode titles, shape (n_titles, dimensions)."""
        dense = np.asarray(self.terms.transform(titles) @ self.vectors_)
        length = np.sqrt((dense * dense).sum(axis=1, keepdims=True))
        return np.asarray(np.divide(dense, length, out=np.zeros_like(dense), where=length > 0))
