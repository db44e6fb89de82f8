"""The built-in feature set: how a candidate and a job fit each other, as numbers.

Each side is encoded once; a pair only looks both up. The same functions run in training and in serving, and a value
does not depend on its batch: the features in the log can be recomputed to the last bit. A missing value stays missing
(NaN).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from matching.arrays import Floats32, Rows
from matching.data.dataset import Pairs
from matching.errors import ModelError
from matching.features import ENCODER_FOLDER, TFIDF, encoding
from matching.features.columns import FEATURE_GROUPS, FEATURE_INPUTS, FEATURE_NAMES
from matching.features.embeddings import EMBEDDING_INPUTS, EMBEDDING_NAMES, with_embeddings
from matching.features.encoding import Encoded, Vocabularies
from matching.features.pairing import pair_columns
from matching.features.skill_rarity import SkillRarity
from matching.features.transformer import TransformerEncoder
from matching.text import skills
from matching.text.skill_vocabulary import built_in

REVISION = 2  # of what is read from a profile: raise it when the same profile gets other features
CHUNK = 100_000  # pairs computed at once: bounds memory, changes no value


class PairFeatures:
    """Turns profiles into encodings, and encodings into the feature matrix.

    The fitted state, data only, is in `vocabularies`: terms of texts, topics of titles, and rarity of skills.

    >>> from matching.data.tables import frame
    >>> ada = {"candidate_id": "ada", "headline": "Go engineer", "skills": [{"name": "golang", "years": 4.0}]}
    >>> post = {"job_id": "backend", "title": "Backend developer", "must_have_skills": ["Go", "SQL"]}
    >>> candidates, jobs = frame(CandidateProfile, [ada]), frame(JobProfile, [post])
    >>> features = PairFeatures().fit(candidates, jobs)
    >>> values = features.transform(Pairs(candidates, jobs, np.array([0]), np.array([0])))
    >>> values[0, features.feature_names.index("must_have_missing_count")].item()
    1.0

    Attributes:
        text_encoder: the transformer encoder, or None; its features come last.
        encoder_name: its name, or `tfidf`.
    """

    feature_names: tuple[str, ...] = FEATURE_NAMES
    inputs: Mapping[str, tuple[str, ...]] = FEATURE_INPUTS
    groups: Mapping[str, tuple[str, ...]] = FEATURE_GROUPS

    def __init__(self, text_encoder: TransformerEncoder | None = None) -> None:
        self.use(text_encoder)
        self.vocabularies = Vocabularies()

    def use(self, text_encoder: TransformerEncoder | None) -> "PairFeatures":
        """Add the features of a transformer encoder after all others, or remove them; return itself."""
        kind = type(self)
        self.text_encoder = text_encoder
        self.encoder_name = TFIDF if text_encoder is None else text_encoder.facts.name
        self.feature_names, self.inputs, self.groups = kind.feature_names, kind.inputs, kind.groups
        if text_encoder is not None:
            self.feature_names = (*kind.feature_names, *EMBEDDING_NAMES)
            self.inputs = {**kind.inputs, **EMBEDDING_INPUTS}
            self.groups = with_embeddings(kind.groups)
        return self

    def fit(self, candidates: pl.DataFrame, jobs: pl.DataFrame) -> "PairFeatures":
        """Learn terms, topics and rarities from profiles known before the end of the train split.

        Args:
            candidates: schema of `CandidateProfile`, one row per candidate.
            jobs: schema of `JobProfile`, one row per job.
        """
        known = self.vocabularies
        titles, headlines = jobs["title"].to_list(), candidates["headline"].to_list()
        lists = [name for column in ("must_have_skills", "nice_to_have_skills") for name in jobs[column].explode()]
        vocabulary = built_in().extended(skills.canonical_names(name for name in lists if name))
        required = [[*post.must, *post.nice] for post in encoding.posts_of(jobs, vocabulary)]
        listed = [[skill["name"] for skill in row] for row in candidates["skills"].to_list()]
        known.spelling.fit(titles, headlines)
        titled = _titled(titles, required)
        descriptions, resumes = jobs["description"].to_list(), candidates["resume"].to_list()
        posts = encoding.readings(titles, descriptions, vocabulary)
        profiles = encoding.readings(headlines, resumes, vocabulary)
        named = [" ".join([post.words, *names]) for post, names in zip(posts, required, strict=True)]
        known.words.fit(named, [profile.words for profile in profiles])
        known.topics.fit(titled, _titled(headlines, listed))
        known.skills = SkillRarity.learn(required, listed)
        return self

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the arrays and any transformer encoder into a folder; return the rest of the state as data for JSON."""
        if self.text_encoder is not None:
            self.text_encoder.save(folder / ENCODER_FOLDER)
        known = self.vocabularies
        np.savez(
            folder / "text.npz",
            words=known.words.idf_,
            spelling=known.spelling.idf_,
            topics=known.topics.terms.idf_,
            topic_vectors=known.topics.vectors_,
        )
        return {
            "words": known.words.terms_,
            "spelling": known.spelling.terms_,
            "topics": known.topics.terms.terms_,
            "skill_rarity": known.skills.by_name,
            "revision": REVISION,
        }

    def restore(self, state: dict[str, Any], folder: Path) -> "PairFeatures":
        """Restore the fitted state, and any transformer encoder, from what `save` wrote and returned.

        Raises:
            ModelError: another revision computed the features that the model learned from.
        """
        if state.get("revision", 1) != REVISION:
            raise ModelError(
                f"{folder.parent} was trained by a version of Tandem that reads texts differently: run `make train`"
            )
        encoder = folder / ENCODER_FOLDER
        self.use(TransformerEncoder.load(encoder) if encoder.is_dir() else None)
        known = self.vocabularies
        with np.load(folder / "text.npz", allow_pickle=False) as arrays:
            known.words.restore(state["words"], arrays["words"])
            known.spelling.restore(state["spelling"], arrays["spelling"])
            known.topics.terms.restore(state["topics"], arrays["topics"])
            known.topics.restore(arrays["topic_vectors"])
        known.skills = SkillRarity(state["skill_rarity"])
        return self

    def encode_candidates(self, candidates: pl.DataFrame) -> Encoded:
        """Encode `CandidateProfile` rows."""
        return encoding.encode_candidates(candidates, self.vocabularies, self.text_encoder)

    def encode_jobs(self, jobs: pl.DataFrame) -> Encoded:
        """Encode `JobProfile` rows."""
        return encoding.encode_jobs(jobs, self.vocabularies, self.text_encoder)

    def pair(self, candidates: Encoded, jobs: Encoded, candidate_rows: Rows, job_rows: Rows) -> Floats32:
        """Features of pairs of encoded profiles, shape (n_pairs, n_features), in the order of `feature_names`."""
        blocks = [
            self._chunk(candidates, jobs, candidate_rows[start : start + CHUNK], job_rows[start : start + CHUNK])
            for start in range(0, len(candidate_rows), CHUNK)
        ]
        return np.concatenate(blocks) if blocks else np.empty((0, len(self.feature_names)), np.float32)

    def transform(self, pairs: Pairs) -> Floats32:
        """Encode both sides and compute the features of their pairs, shape (n_pairs, n_features)."""
        candidates, jobs = self.encode_candidates(pairs.candidates), self.encode_jobs(pairs.jobs)
        return self.pair(candidates, jobs, pairs.candidate_rows, pairs.job_rows)

    def _chunk(self, candidates: Encoded, jobs: Encoded, candidate_rows: Rows, job_rows: Rows) -> Floats32:
        columns = pair_columns(candidates, jobs, candidate_rows, job_rows)
        return np.column_stack([columns[name] for name in self.feature_names]).astype(np.float32)


def _titled(titles: list[str], named: list[list[str]]) -> list[str]:
    """Titles followed by their skills, as documents."""
    return [" ".join([title, *map(skills.canonical, names)]) for title, names in zip(titles, named, strict=True)]
