"""Features from a transformer encoder: similarities of texts, for models that were trained with one."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from matching.arrays import Floats, Floats32, Rows
from matching.features.transformer import TransformerEncoder, cosine

Vectors = dict[str, Floats32]

CHUNK = 10_000  # pairs compared at once: bounds memory, changes no value

# Every feature, in the order of the matrix, with the profile columns it is computed from.
EMBEDDING_INPUTS: dict[str, tuple[str, ...]] = {
    "embedding_similarity": ("candidate.headline", "candidate.resume", "job.title", "job.description"),
    "title_embedding_similarity": ("candidate.headline", "candidate.wish_roles", "job.title"),
}
EMBEDDING_NAMES = tuple(EMBEDDING_INPUTS)
EMBEDDING_GROUPS = {"text": ("embedding_similarity",), "role": ("title_embedding_similarity",)}


def with_embeddings(groups: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Add the features of an encoder to groups of features, each at the end of the group it belongs to."""
    return {
        group: (*groups.get(group, ()), *EMBEDDING_GROUPS.get(group, ()))
        for group in dict.fromkeys((*groups, *EMBEDDING_GROUPS))
    }


def candidate_vectors(encoder: TransformerEncoder | None, candidates: pl.DataFrame) -> Vectors:
    """Vectors of `CandidateProfile` rows by feature, each of shape (n, dimensions); empty without an encoder."""
    if encoder is None:
        return {}
    headlines, resumes = candidates["headline"].to_list(), candidates["resume"].to_list()
    roles = [", ".join(wished) for wished in candidates["wish_roles"].to_list()]
    return {
        "embedding_similarity": encoder.transform(_joined(headlines, resumes)),
        "title_embedding_similarity": encoder.transform(_joined(headlines, roles)),
    }


def job_vectors(encoder: TransformerEncoder | None, jobs: pl.DataFrame) -> Vectors:
    """Vectors of `JobProfile` rows by feature, each of shape (n, dimensions); empty without an encoder."""
    if encoder is None:
        return {}
    titles, descriptions = jobs["title"].to_list(), jobs["description"].to_list()
    return {
        "embedding_similarity": encoder.transform(_joined(titles, descriptions)),
        "title_embedding_similarity": encoder.transform(titles),
    }


def similarities(candidates: Vectors, jobs: Vectors, candidate_rows: Rows, job_rows: Rows) -> dict[str, Floats]:
    """Cosine similarities of pairs by feature, each of shape (n_pairs,); NaN where a side has no text."""
    return {name: _similarity(vectors, jobs[name], candidate_rows, job_rows) for name, vectors in candidates.items()}


def _similarity(left: Floats32, right: Floats32, left_rows: Rows, right_rows: Rows) -> Floats:
    found = np.empty(len(left_rows))
    for start in range(0, len(left_rows), CHUNK):
        part = slice(start, start + CHUNK)
        found[part] = cosine(left[left_rows[part]], right[right_rows[part]])
    known = np.any(left, axis=1)[left_rows] & np.any(right, axis=1)[right_rows]
    return np.where(known, found, np.nan)


def _joined(first: list[str], second: list[str]) -> list[str]:
    return [f"{one}. {other}" if one and other else one or other for one, other in zip(first, second, strict=True)]
