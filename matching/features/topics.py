"""Topics of titles, learned from the skills beside them: latent semantic analysis.

"SDET" and "Test Automation Engineer" share no word, but the jobs and candidates with these titles share skills.
"""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import svd
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import LinearOperator, eigsh

from matching.arrays import Floats
from matching.features.tfidf import Tfidf

DIMENSIONS = 48


class Topics:
    """Titles as dense vectors of unit length, shape (n, dimensions); all zero for a title without a known word.

    The fitted state is data only: the vocabulary of `terms`, and `vectors_` of shape (n_terms, dimensions).

    Source: Deerwester et al. (1990), "Indexing by latent semantic analysis".
    """

    def __init__(self) -> None:
        self.terms = Tfidf(max_terms=8_000)
        self.vectors_: Floats = np.zeros((1, 1))

    def fit(self, job_texts: Sequence[str], candidate_texts: Sequence[str]) -> "Topics":
        """Learn from titles with the skills beside them.

        Args:
            job_texts: title and required skills, one document per job.
            candidate_texts: headline and listed skills, one document per candidate.
        """
        self.terms.fit(job_texts, candidate_texts)
        documents = csr_matrix(self.terms.transform([*job_texts, *candidate_texts]))
        size = min(DIMENSIONS, *(length - 1 for length in documents.shape))
        if size < 1:
            return self.restore(np.zeros((len(self.terms.terms_), 1)))
        if size < DIMENSIONS:
            # ARPACK restarts at random when it needs almost every component: its result would vary.
            _, _, components = np.linalg.svd(documents.toarray(), full_matrices=False)
            return self.restore(np.asarray(components[:size].T))
        return self.restore(_components(documents, size).T)

    def restore(self, vectors: Floats) -> "Topics":
        """Restore the fitted state from data, after that of `terms`."""
        self.vectors_ = np.ascontiguousarray(vectors, dtype=np.float64)
        return self

    def transform(self, titles: Sequence[str]) -> Floats:
        """Encode titles, shape (n_titles, dimensions)."""
        dense = np.asarray(self.terms.transform(titles) @ self.vectors_)
        length = np.sqrt((dense * dense).sum(axis=1, keepdims=True))
        return np.asarray(np.divide(dense, length, out=np.zeros_like(dense), where=length > 0))


def _components(documents: csr_matrix, size: int) -> Floats:
    """The strongest right singular vectors, shape (size, n_terms).

    The same, bit for bit, as `scipy.sparse.linalg.svds` with ARPACK, but seeded: where the texts span few dimensions,
    ARPACK continues from a random vector, and `svds` cannot seed it.
    """
    is_wide = documents.shape[0] < documents.shape[1]
    tall = documents.T if is_wide else documents
    n = tall.shape[1]
    gram = LinearOperator((n, n), matvec=lambda vector: tall.T @ (tall @ vector), dtype=documents.dtype)
    _, vectors = eigsh(gram, k=size, v0=np.ones(n), rng=0)
    vectors, _ = np.linalg.qr(vectors)
    left, _, right = svd(tall @ vectors, full_matrices=False)
    return np.asarray(left.T if is_wide else (right[::-1] @ vectors.T)[::-1])
