"""Similarities of texts by a transformer encoder: the features a model has only where it was trained with one."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from matching.arrays import Floats, Floats32, Rows
from matching.features.transformer import TransformerEncoder, cosine

Vectors = dict[str, Floats32]

AT_ONCE = 10_000  # pairs whose vectors are held side by side: bounds memory, changes no value

# Every feature, in the order of the matrix, with the profile columns it is computed from.
EMBEDDING_INPUTS: dict[str, tuple[str, ...]] = {
    "embedding_similarity": ("candidate.headline", "candidate.resume", "job.title", "job.description"),
    "title_embedding_similarity": ("candidate.headline", "candidate.wish_roles", "job.title"),
}
EMBEDDING_NAMES = tuple(EMBEDDING_INPUTS)
EMBEDDING_GROUPS = {"text": ("embedding_similarity",), "role": ("title_embedding_similarity",)}


def with_embeddings(groups: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Groups of features with those of an encoder at the end of the groups that say the same."""
    return {
        group: (*groups.get(group, ()), *EMBEDDING_GROUPS.get(group, ()))
        for group in dict.fromkeys((*groups, *EMBEDDING_GROUPS))
    }


def candidate_vectors(encoder: TransformerEncoder | None, candidates: pl.DataFrame) -> Vectors:
    """Vectors of `CandidateProfile` rows, each shape (n, dimensions); none without an encoder."""
    if encoder is None:
        return {}
    headlines, resumes = candidates["headline"].to_list(), candidates["resume"].to_list()
    roles = [", ".join(wished) for wished in candidates["wish_roles"].to_list()]
    return {
        "embedding_similarity": encoder.transform(_joined(headlines, resumes)),
        "title_embedding_similarity": encoder.transform(_joined(headlines, roles)),
    }


def job_vectors(encoder: TransformerEncoder | None, jobs: pl.DataFrame) -> Vectors:
    """Vectors of `JobProfile` rows, each shape (n, dimensions); none without an encoder."""
    if encoder is None:
        return {}
    titles, descriptions = jobs["title"].to_list(), jobs["description"].to_list()
    return {
        "embedding_similarity": encoder.transform(_joined(titles, descriptions)),
        "title_embedding_similarity": encoder.transform(titles),
    }


def similarities(person: Vectors, post: Vectors, candidate_rows: Rows, job_rows: Rows) -> dict[str, Floats]:
    """Cosines of pairs by name of the feature, each shape (n_pairs,); missing where a side has no text."""
    return {name: _similarity(vectors, post[name], candidate_rows, job_rows) for name, vectors in person.items()}


def _similarity(left: Floats32, right: Floats32, left_rows: Rows, right_rows: Rows) -> Floats:
    found = np.empty(len(left_rows))
    for start in range(0, len(left_rows), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        found[part] = cosine(left[left_rows[part]], right[right_rows[part]])
    known = np.any(left, axis=1)[left_rows] & np.any(right, axis=1)[right_rows]
    return np.where(known, found, np.nan)


def _joined(first: list[str], second: list[str]) -> list[str]:
    return [f"{one}. {other}" if one and other else one or other for one, other in zip(first, second, strict=True)]
