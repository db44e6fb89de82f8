"""Pair features: what a candidate and a job say about each other, as numbers.

Each side is encoded once; a pair only looks both up. The same functions run in training and in serving, and a value
does not depend on the batch it is computed in: the log can be replayed to the last bit. Missing stays missing (NaN).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from matching.data.dataset import Pairs, Rows
from matching.data.tables import CompanySize, RemotePolicy, RemoteWish
from matching.features import TFIDF
from matching.features.embeddings import (
    EMBEDDING_INPUTS,
    EMBEDDING_NAMES,
    Vectors,
    candidate_vectors,
    job_vectors,
    similarities,
    with_embeddings,
)
from matching.features.tfidf import Text, row_dots
from matching.features.topics import Topics
from matching.features.transformer import ENCODER_FOLDER, TransformerEncoder
from matching.text import skills
from matching.text.places import continent
from matching.text.seniority import years_of_titles

Floats = NDArray[np.float64]

CHUNK = 100_000  # pairs computed at once: bounds memory, changes no value

# Names become columns by hashing, so that a technology nobody has seen before still matches itself.
NAME_COLUMNS = 2**20
REMOTE_POLICIES: tuple[str, ...] = RemotePolicy.__args__  # type: ignore[attr-defined]
REMOTE_WISHES: tuple[str, ...] = RemoteWish.__args__  # type: ignore[attr-defined]
COMPANY_SIZES: tuple[str, ...] = CompanySize.__args__  # type: ignore[attr-defined]

# A longer list of skills says less about each of them: beyond this many, every skill counts for less (stuffing).
FULL_SKILLS = 30
# A resume that holds this share of a post's words and word pairs was made from the post: it counts for nothing there.
PASTED_SHARE = 0.6
FEWEST_PASTED_TERMS = 32  # of a shorter post, such as a bare title, an honest resume may hold it all
UNSTATED_SKILL_YEARS = 1.5  # counted for a skill without years; half of those who state them state less
FULL_DEPTH_YEARS = 6.0
FEWEST_PEOPLE = 5
ROLES_COMPARED = 3
MICROSECONDS_PER_DAY = 86_400_000_000

_CANDIDATE_SKILLS = ("candidate.skills", "candidate.resume")
_LISTED_SKILLS = ("candidate.skills",)
_JOB_SKILLS = ("job.must_have_skills", "job.nice_to_have_skills")
_CANDIDATE_TEXT = ("candidate.headline", "candidate.resume", "candidate.wish_roles")
_JOB_TEXT = ("job.title", "job.description")
# Whether a resume counts for a pair depends on whether it was pasted from the post.
_MUST = (*_CANDIDATE_SKILLS, "candidate.headline", *_JOB_TEXT, "job.must_have_skills")
_EXPERIENCE = ("candidate.experience_years", "candidate.headline")
_SALARIES = ("candidate.expected_salary_usd_per_year", "job.min_salary_usd_per_year", "job.max_salary_usd_per_year")
_PLACES = ("candidate.city", "candidate.region", "candidate.country", "job.city", "job.region", "job.country")


class Feature(NamedTuple):
    """One column of the matrix: its group, and the profile columns it is computed from."""

    group: str
    inputs: tuple[str, ...]


# Every feature, in the order of the matrix.
FEATURES: dict[str, Feature] = {
    "candidate_skill_count": Feature("skills", _LISTED_SKILLS),
    "candidate_new_skill_share": Feature("skills", _LISTED_SKILLS),
    "job_must_have_count": Feature("skills", ("job.must_have_skills",)),
    "job_new_skill_share": Feature("skills", _JOB_SKILLS),
    "must_have_coverage": Feature("skills", _MUST),
    "must_have_listed_coverage": Feature("skills", (*_LISTED_SKILLS, "job.must_have_skills")),
    "must_have_missing_count": Feature("skills", _MUST),
    "must_have_depth": Feature("skills", _MUST),
    "nice_to_have_coverage": Feature("skills", (*_CANDIDATE_SKILLS, "candidate.headline", *_JOB_TEXT, *_JOB_SKILLS)),
    "skill_overlap_rarity": Feature("skills", (*_CANDIDATE_SKILLS, "candidate.headline", *_JOB_TEXT, *_JOB_SKILLS)),
    "candidate_experience_years": Feature("experience", _EXPERIENCE),
    "job_min_experience_years": Feature("experience", ("job.min_experience_years",)),
    "job_max_experience_years": Feature("experience", ("job.max_experience_years",)),
    "experience_below_years": Feature("experience", (*_EXPERIENCE, "job.min_experience_years")),
    "experience_above_years": Feature("experience", (*_EXPERIENCE, "job.max_experience_years")),
    "candidate_expected_salary_usd_per_year": Feature("salary", ("candidate.expected_salary_usd_per_year",)),
    "job_min_salary_usd_per_year": Feature("salary", ("job.min_salary_usd_per_year",)),
    "job_max_salary_usd_per_year": Feature("salary", ("job.max_salary_usd_per_year",)),
    "salary_headroom_log": Feature("salary", _SALARIES),
    "salary_middle_log": Feature("salary", _SALARIES),
    "same_city": Feature("place", _PLACES),
    "same_region": Feature("place", _PLACES),
    "distance": Feature("place", (*_PLACES, "candidate.wish_cities")),
    "wish_city": Feature("place", ("candidate.wish_cities", "job.city")),
    "candidate_remote_wish": Feature("place", ("candidate.remote_wish",)),
    "job_remote_policy": Feature("place", ("job.remote_policy",)),
    "remote_gap": Feature("place", ("candidate.remote_wish", "job.remote_policy")),
    "role_similarity": Feature("role", ("candidate.headline", "job.title")),
    "wish_role_similarity": Feature("role", ("candidate.wish_roles", "job.title")),
    "headline_title_similarity": Feature("role", ("candidate.headline", "job.title")),
    "wish_title_similarity": Feature("role", ("candidate.wish_roles", "job.title")),
    "title_spelling_similarity": Feature("role", ("candidate.headline", "candidate.wish_roles", "job.title")),
    "text_similarity": Feature("text", (*_CANDIDATE_TEXT, *_JOB_TEXT)),
    "wish_stack_share": Feature("wishes", ("candidate.wish_stack", *_JOB_SKILLS)),
    "wish_company_size": Feature("wishes", ("candidate.wish_company_sizes", "job.company_size")),
    "wish_industry": Feature("wishes", ("candidate.wish_industries", "job.industry")),
    "job_company_size": Feature("company", ("job.company_size",)),
    "post_age_days": Feature("freshness", ("candidate.last_active_at", "job.posted_at")),
}
FEATURE_NAMES = tuple(FEATURES)
FEATURE_INPUTS = {name: feature.inputs for name, feature in FEATURES.items()}
FEATURE_GROUPS = {
    group: tuple(name for name, feature in FEATURES.items() if feature.group == group)
    for group in dict.fromkeys(feature.group for feature in FEATURES.values())
}


@dataclass(frozen=True)
class Encoded:
    """One side, encoded: numbers by name, shape (n,) or (n, dimensions), sparse rows by name, shape (n, columns).

    With a transformer encoder also vectors by name, shape (n, dimensions).
    """

    numbers: dict[str, Floats]
    sparse: dict[str, csr_matrix]
    vectors: Vectors = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.numbers.values())))


class PairFeatures:
    """Turns profiles into encodings and encodings into the feature matrix.

    Fitted state is data only: how rare each skill is (`skill_rarity_`), the text vocabularies, and what titles mean.

    Attributes:
        text_encoder: the transformer encoder, or None; it adds its features at the end.
        encoder_name: its name, or `tfidf`.
    """

    feature_names: tuple[str, ...] = FEATURE_NAMES
    inputs: Mapping[str, tuple[str, ...]] = FEATURE_INPUTS
    groups: Mapping[str, tuple[str, ...]] = FEATURE_GROUPS

    def __init__(self, text_encoder: TransformerEncoder | None = None) -> None:
        self.use(text_encoder)
        self.words = Text()
        self.spelling = Text(characters=True, max_terms=20_000)
        self.topics = Topics()
        self.skill_rarity_: dict[str, float] = {}

    def use(self, text_encoder: TransformerEncoder | None) -> "PairFeatures":
        """Add the features of a transformer encoder after all others, or leave them away; return itself."""
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
        """Learn vocabularies, rarities and titles from profiles known before the cut, one row per person and job."""
        people = candidates["headline"] + " " + candidates["resume"]
        titles, headlines = jobs["title"].to_list(), candidates["headline"].to_list()
        self.spelling.fit(titles, headlines)
        asked = [
            [*must, *nice] for must, nice in zip(*_lists(jobs, "must_have_skills", "nice_to_have_skills"), strict=True)
        ]
        listed = [[skill["name"] for skill in row] for row in candidates["skills"].to_list()]
        posts = _joined(_titled(titles, asked), jobs["description"].to_list())
        self.words.fit(posts, people.to_list())
        self.topics.fit(_titled(titles, asked), _titled(headlines, listed))
        return self.restore_skills(_rarity(asked, listed))

    def restore_skills(self, rarity: dict[str, float]) -> "PairFeatures":
        """Set the rarity of skills from data; a skill never seen counts as the rarest."""
        self.skill_rarity_ = rarity
        self._rarity = np.full(NAME_COLUMNS, max(rarity.values(), default=1.0))
        self._known = np.zeros(NAME_COLUMNS)
        for name, weight in rarity.items():
            self._rarity[_name_column(name)] = weight
            self._known[_name_column(name)] = 1.0
        self._spellings = skills.spellings(rarity)
        return self

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the vocabularies' arrays and any encoder into a folder; return the rest of the state for JSON."""
        if self.text_encoder is not None:
            self.text_encoder.save(folder / ENCODER_FOLDER)
        np.savez(
            folder / "text.npz",
            words=self.words.idf_,
            spelling=self.spelling.idf_,
            topics=self.topics.terms.idf_,
            topic_vectors=self.topics.vectors_,
        )
        return {
            "words": self.words.terms_,
            "spelling": self.spelling.terms_,
            "topics": self.topics.terms.terms_,
            "skill_rarity": self.skill_rarity_,
        }

    def restore(self, state: dict[str, Any], folder: Path) -> "PairFeatures":
        """Set the fitted state from what `save` wrote and returned, the transformer encoder where it wrote one."""
        encoder = folder / ENCODER_FOLDER
        self.use(TransformerEncoder.load(encoder) if encoder.is_dir() else None)
        with np.load(folder / "text.npz", allow_pickle=False) as arrays:
            self.words.restore(state["words"], arrays["words"])
            self.spelling.restore(state["spelling"], arrays["spelling"])
            self.topics.terms.restore(state["topics"], arrays["topics"])
            self.topics.restore(arrays["topic_vectors"])
        return self.restore_skills(state["skill_rarity"])

    def encode_candidates(self, candidates: pl.DataFrame) -> Encoded:
        """Encode `CandidateProfile` rows."""
        headlines, resumes = _lists(candidates, "headline", "resume")
        roles = candidates["wish_roles"].to_list()
        joined = [" ".join(wished) for wished in roles]
        profile_words = self.words.transform(_joined(headlines, resumes))
        numbers = {
            "experience": _experience(candidates),
            "expected_salary": _floats(candidates["expected_salary_usd_per_year"]),
            "remote_wish": _codes(candidates["remote_wish"], REMOTE_WISHES),
            "last_active": _days(candidates["last_active_at"]),
            "topics": self.topics.transform(headlines),
            **{f"role_topics_{n}": self.topics.transform(_nth(roles, n)) for n in range(ROLES_COMPARED)},
            **_place_numbers(candidates),
        }
        sparse = {
            "profile_words": profile_words,
            "profile_terms": _ones(profile_words),
            "headline_words": self.words.transform(headlines),
            "role_words": self.words.transform(joined),
            "title_spelling": self.spelling.transform(_joined(headlines, joined)),
            "wish_stack": _skill_rows(candidates["wish_stack"].to_list()),
            "wish_cities": name_rows(candidates["wish_cities"].to_list()),
            "wish_sizes": name_rows(candidates["wish_company_sizes"].to_list()),
            "wish_industries": name_rows(candidates["wish_industries"].to_list()),
        }
        held_numbers, held = self._held_skills(candidates, resumes)
        return Encoded(numbers | held_numbers, sparse | held, candidate_vectors(self.text_encoder, candidates))

    def _held_skills(
        self, candidates: pl.DataFrame, resumes: list[str]
    ) -> tuple[dict[str, Floats], dict[str, csr_matrix]]:
        """Skills a candidate lists, and those that list and resume name together, with years of use."""
        listed = [_listed_years(row) for row in candidates["skills"].to_list()]
        told = [skills.named_in(resume, self._spellings) for resume in resumes]
        either = [dict.fromkeys(sorted(named - own.keys())) | own for own, named in zip(listed, told, strict=True)]
        rows = {
            "listed": _skill_rows([list(own) for own in listed]),
            "held": _skill_rows([list(own) for own in either]),
        }
        listed_count = count(rows["listed"])
        numbers = {
            "skill_count": listed_count,
            "new_skill_share": _share(rows["listed"] @ (1 - self._known), listed_count),
            "listed_weight": np.minimum(1.0, FULL_SKILLS / np.maximum(listed_count, 1)),
            "held_weight": np.minimum(1.0, FULL_SKILLS / np.maximum(count(rows["held"]), 1)),
        }
        depth = {
            f"{name}_depth": _skill_rows([list(own) for own in held], [_depths(own.values()) for own in held])
            for name, held in (("listed", listed), ("held", either))
        }
        return numbers, rows | depth

    def encode_jobs(self, jobs: pl.DataFrame) -> Encoded:
        """Encode `JobProfile` rows."""
        titles, descriptions = _lists(jobs, "title", "description")
        must, nice = (_skill_rows(names) for names in _lists(jobs, "must_have_skills", "nice_to_have_skills"))
        either = _ones(must + nice)
        post_words = self.words.transform(_joined(titles, descriptions))
        numbers = {
            "min_experience": _floats(jobs["min_experience_years"]),
            "max_experience": _floats(jobs["max_experience_years"]),
            "min_salary": _floats(jobs["min_salary_usd_per_year"]),
            "max_salary": _floats(jobs["max_salary_usd_per_year"]),
            "remote_policy": _codes(jobs["remote_policy"], REMOTE_POLICIES),
            "company_size": _codes(jobs["company_size"], COMPANY_SIZES),
            "posted": _days(jobs["posted_at"]),
            "must_count": count(must),
            "nice_count": count(nice),
            "must_rarity": must @ self._rarity,
            "skill_rarity": either @ self._rarity,
            "new_skill_share": _share(either @ (1 - self._known), count(either)),
            "term_count": count(post_words),
            "topics": self.topics.transform(titles),
            **_place_numbers(jobs),
        }
        sparse = {
            "must": must,
            "must_weight": csr_matrix(must.multiply(self._rarity)),
            "nice": nice,
            "skills": either,
            "skill_weight": csr_matrix(either.multiply(self._rarity)),
            "post_words": post_words,
            "post_terms": _ones(post_words),
            "title_words": self.words.transform(titles),
            "title_spelling": self.spelling.transform(titles),
            "city": name_rows(_single(jobs["city"])),
            "size": name_rows(_single(jobs["company_size"])),
            "industry": name_rows(_single(jobs["industry"])),
        }
        return Encoded(numbers, sparse, job_vectors(self.text_encoder, jobs))

    def pair(self, candidates: Encoded, jobs: Encoded, candidate_rows: Rows, job_rows: Rows) -> NDArray[np.float32]:
        """Features of pairs of encoded profiles, shape (n_pairs, n_features), in the order of `feature_names`."""
        blocks = [
            self._chunk(candidates, jobs, candidate_rows[start : start + CHUNK], job_rows[start : start + CHUNK])
            for start in range(0, len(candidate_rows), CHUNK)
        ]
        return np.concatenate(blocks) if blocks else np.empty((0, len(self.feature_names)), np.float32)

    def transform(self, pairs: Pairs) -> NDArray[np.float32]:
        """Encode both sides and compute the features of their pairs, shape (n_pairs, n_features)."""
        candidates, jobs = self.encode_candidates(pairs.candidates), self.encode_jobs(pairs.jobs)
        return self.pair(candidates, jobs, pairs.candidate_rows, pairs.job_rows)

    def _chunk(self, candidates: Encoded, jobs: Encoded, candidate_rows: Rows, job_rows: Rows) -> NDArray[np.float32]:
        person = {name: values[candidate_rows] for name, values in candidates.numbers.items()}
        post = {name: values[job_rows] for name, values in jobs.numbers.items()}
        person_rows = {name: rows[candidate_rows] for name, rows in candidates.sparse.items()}
        post_rows = {name: rows[job_rows] for name, rows in jobs.sparse.items()}
        with np.errstate(invalid="ignore", divide="ignore"):
            columns = {
                **_side_features(person, post),
                **_skill_features(person, post, person_rows, post_rows),
                **_role_features(person, post, person_rows, post_rows),
                **_fit_features(person, post),
                **_wish_features(person, post, person_rows, post_rows),
            }
        pasted = np.isnan(columns["text_similarity"])  # nowhere else is it missing
        columns |= _embedding_features(similarities(candidates.vectors, jobs.vectors, candidate_rows, job_rows), pasted)
        return np.column_stack([columns[name] for name in self.feature_names]).astype(np.float32)


def _side_features(person: dict[str, Floats], post: dict[str, Floats]) -> dict[str, Floats]:
    return {
        "candidate_experience_years": person["experience"],
        "candidate_expected_salary_usd_per_year": person["expected_salary"],
        "candidate_skill_count": person["skill_count"],
        "candidate_new_skill_share": person["new_skill_share"],
        "candidate_remote_wish": person["remote_wish"],
        "job_min_experience_years": post["min_experience"],
        "job_max_experience_years": post["max_experience"],
        "job_min_salary_usd_per_year": post["min_salary"],
        "job_max_salary_usd_per_year": post["max_salary"],
        "job_remote_policy": post["remote_policy"],
        "job_company_size": post["company_size"],
        "job_must_have_count": post["must_count"],
        "job_new_skill_share": post["new_skill_share"],
    }


def _skill_features(
    person: dict[str, Floats],
    post: dict[str, Floats],
    person_rows: dict[str, csr_matrix],
    post_rows: dict[str, csr_matrix],
) -> dict[str, Floats]:
    shared = _share(row_dots(person_rows["profile_terms"], post_rows["post_terms"]), post["term_count"])
    pasted = (shared > PASTED_SHARE) & (post["term_count"] >= FEWEST_PASTED_TERMS)

    def overlap(suffix: str, wanted: str) -> Floats:
        """Overlap with the skills a candidate has; the resume does not count where it was pasted from the post."""
        both = [
            person[f"{kind}_weight"] * row_dots(person_rows[kind + suffix], post_rows[wanted])
            for kind in ("listed", "held")
        ]
        return np.where(pasted, *both)

    listed = person["listed_weight"] * row_dots(person_rows["listed"], post_rows["must_weight"])
    return {
        "must_have_coverage": _share(overlap("", "must_weight"), post["must_rarity"]),
        "must_have_listed_coverage": _share(listed, post["must_rarity"]),
        "must_have_missing_count": post["must_count"] - overlap("", "must"),
        "must_have_depth": _share(overlap("_depth", "must_weight"), post["must_rarity"]),
        "nice_to_have_coverage": _share(overlap("", "nice"), post["nice_count"]),
        "skill_overlap_rarity": _share(overlap("", "skill_weight"), post["skill_rarity"]),
        "text_similarity": np.where(pasted, np.nan, row_dots(person_rows["profile_words"], post_rows["post_words"])),
    }


def _embedding_features(found: dict[str, Floats], pasted: NDArray[np.bool_]) -> dict[str, Floats]:
    """Similarities by a transformer; one with a resume that was pasted from the post is missing, as TF-IDF's is."""
    return {
        name: np.where(pasted, np.nan, values) if "candidate.resume" in EMBEDDING_INPUTS[name] else values
        for name, values in found.items()
    }


def _role_features(
    person: dict[str, Floats],
    post: dict[str, Floats],
    person_rows: dict[str, csr_matrix],
    post_rows: dict[str, csr_matrix],
) -> dict[str, Floats]:
    wished = [(person[f"role_topics_{n}"] * post["topics"]).sum(axis=1) for n in range(ROLES_COMPARED)]
    return {
        "role_similarity": (person["topics"] * post["topics"]).sum(axis=1),
        "wish_role_similarity": np.where(count(person_rows["role_words"]) > 0, np.max(wished, axis=0), np.nan),
        "wish_title_similarity": row_dots(person_rows["role_words"], post_rows["title_words"]),
        "headline_title_similarity": row_dots(person_rows["headline_words"], post_rows["title_words"]),
        "title_spelling_similarity": row_dots(person_rows["title_spelling"], post_rows["title_spelling"]),
    }


def _fit_features(person: dict[str, Floats], post: dict[str, Floats]) -> dict[str, Floats]:
    middle = (post["min_salary"] + post["max_salary"]) / 2
    asks_any = person["remote_wish"] == REMOTE_WISHES.index("any")
    return {
        "experience_below_years": np.maximum(post["min_experience"] - person["experience"], 0),
        "experience_above_years": np.maximum(person["experience"] - post["max_experience"], 0),
        "salary_headroom_log": np.log(post["max_salary"] / person["expected_salary"]),
        "salary_middle_log": np.log(middle / person["expected_salary"]),
        "same_city": _same(person["city"], post["city"]),
        "same_region": _same(person["region"], post["region"]),
        # A post that is newer than the candidate's last visit is as fresh to them as one of that moment.
        "post_age_days": np.maximum(person["last_active"] - post["posted"], 0),
        "remote_gap": np.where(asks_any, 0.0, person["remote_wish"] - post["remote_policy"]),
    }


def _wish_features(
    person: dict[str, Floats],
    post: dict[str, Floats],
    person_rows: dict[str, csr_matrix],
    post_rows: dict[str, csr_matrix],
) -> dict[str, Floats]:
    wish_city = _wished(person_rows["wish_cities"], post_rows["city"])
    return {
        "wish_stack_share": _wished(person_rows["wish_stack"], post_rows["skills"]),
        "wish_city": wish_city,
        "distance": _distance(person, post, np.nan_to_num(wish_city) > 0),
        "wish_company_size": np.minimum(_wished(person_rows["wish_sizes"], post_rows["size"], share=False), 1.0),
        "wish_industry": np.minimum(_wished(person_rows["wish_industries"], post_rows["industry"], share=False), 1.0),
    }


def _distance(person: dict[str, Floats], post: dict[str, Floats], wished: NDArray[np.bool_]) -> Floats:
    """Steps from home to work: 0 same or wished city, 1 same country, 2 same continent, 3 farther; missing unknown."""
    steps = np.select(
        [wished | (_same(person["city"], post["city"]) == 1), person["country"] == post["country"]],
        [0.0, 1.0],
        np.where(person["continent"] == post["continent"], 2.0, 3.0),
    )
    unknown = (person["country"] == 0) | (post["country"] == 0)
    return np.where(unknown & (steps > 0), np.nan, steps)


def _wished(wishes: csr_matrix, offered: csr_matrix, *, share: bool = True) -> Floats:
    """Wishes that are met, as a share or a count; missing where nothing was wished for."""
    wished = count(wishes)
    met = row_dots(wishes, offered)
    return _share(met, wished) if share else np.where(wished > 0, met, np.nan)


def _share(part: Floats, whole: Floats) -> Floats:
    """`part / whole`, missing where the whole is zero."""
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0))


def _same(left: Floats, right: Floats) -> Floats:
    """Return 1 where two places are equal, 0 where not, missing where either is."""
    return np.where((left == 0) | (right == 0), np.nan, (left == right).astype(np.float64))


def _floats(values: pl.Series) -> Floats:
    return np.array([np.nan if value is None else value for value in values.to_list()], dtype=np.float64)


def _days(times: pl.Series) -> Floats:
    """Days since 1970; missing for null."""
    return times.dt.epoch("us").cast(pl.Float64).fill_null(np.nan).to_numpy() / MICROSECONDS_PER_DAY


def _codes(values: pl.Series, order: tuple[str, ...]) -> Floats:
    """Position of each value in `order`; missing for null."""
    position = {name: float(place) for place, name in enumerate(order)}
    return np.array([position.get(value, np.nan) for value in values.to_list()], dtype=np.float64)


def _experience(candidates: pl.DataFrame) -> Floats:
    """Stated years of experience, or what the headline's seniority suggests; missing where neither is there."""
    stated = _floats(candidates["experience_years"])
    return np.where(np.isnan(stated), years_of_titles(candidates["headline"].to_list()), stated)


def _listed_years(row: list[dict[str, Any]]) -> dict[str, float | None]:
    """Years of use by canonical name; of a skill listed twice the longest."""
    years: dict[str, float | None] = {}
    for skill in row:
        name = skills.canonical(skill["name"])
        both = [value for value in (years.get(name), skill["years"]) if value is not None]
        years[name] = max(both, default=None)
    return years


def _depths(years: Iterable[float | None]) -> list[float]:
    """How deeply each skill is known, 0 to 1, by its years of use."""
    used = np.array([UNSTATED_SKILL_YEARS if value is None else value for value in years], dtype=np.float64)
    depths: list[float] = np.minimum(np.log1p(used) / np.log1p(FULL_DEPTH_YEARS), 1.0).tolist()
    return depths


def _rarity(asked: list[list[str]], listed: list[list[str]]) -> dict[str, float]:
    """Weight of each skill that a job asks for: minus the log of the share of people who list it."""
    names = sorted({skills.canonical(name) for row in asked for name in row})
    people = Counter(name for row in listed for name in {skills.canonical(one) for one in row})
    return {name: float(np.log((len(listed) + FEWEST_PEOPLE) / (people[name] + FEWEST_PEOPLE)) + 0.1) for name in names}


def _titled(titles: list[str], named: list[list[str]]) -> list[str]:
    """Titles with the skills beside them, as documents."""
    return [" ".join([title, *map(skills.canonical, names)]) for title, names in zip(titles, named, strict=True)]


def _nth(lists: list[list[str]], place: int) -> list[str]:
    """The entry at a place of each list, empty where the list is shorter."""
    return [row[place] if place < len(row) else "" for row in lists]


def _lists(table: pl.DataFrame, *columns: str) -> tuple[list[Any], ...]:
    return tuple(table[column].to_list() for column in columns)


def _skill_rows(names: list[list[str]], values: list[list[float]] | None = None) -> csr_matrix:
    """As `name_rows`, for names of skills: spellings of one skill are one column."""
    return name_rows([[skills.canonical(name) for name in row] for row in names], values)


def _joined(first: list[str], second: list[str]) -> list[str]:
    return [f"{one} {other}" for one, other in zip(first, second, strict=True)]


def _place_numbers(profiles: pl.DataFrame) -> dict[str, Floats]:
    """City, region and country as numbers that are equal where the names are; 0 for null.

    A city is the same only within the same region: there are many Springfields.
    """
    cities, regions = profiles["city"].to_list(), profiles["region"].to_list()
    placed = [city and f"{city}|{region or ''}" for city, region in zip(cities, regions, strict=True)]
    countries = profiles["country"].to_list()
    return {
        "city": _place(placed),
        "region": _place(regions),
        "country": _place(countries),
        "continent": np.array([continent(country) for country in countries], dtype=np.float64),
    }


def _place(names: list[str | None]) -> Floats:
    return np.array([1 + crc32(n.strip().lower().encode()) if n else 0 for n in names], dtype=np.float64)


def _name_column(name: str) -> int:
    return crc32(name.strip().lower().encode()) % NAME_COLUMNS


def _single(values: pl.Series) -> list[list[str]]:
    """Wrap each value in a list of its own; null becomes an empty list."""
    return [[] if value is None else [value] for value in values.to_list()]


def name_rows(names: list[list[str]], values: list[list[float]] | None = None) -> csr_matrix:
    """Lists of names as rows of hashed columns: 1 for each name, or the largest of its values.

    Args:
        names: length n.
        values: parallel to `names`.
    """
    indices: list[int] = []
    data: list[float] = []
    ends = [0]
    for row, row_names in enumerate(names):
        cells: dict[int, float] = {}
        for place, name in enumerate(row_names):
            column = _name_column(name)
            cells[column] = max(cells.get(column, 0.0), 1.0 if values is None else values[row][place])
        for column in sorted(cells):
            indices.append(column)
            data.append(cells[column])
        ends.append(len(indices))
    return csr_matrix((data, indices, ends), shape=(len(names), NAME_COLUMNS), dtype=np.float64)


def count(rows: csr_matrix) -> Floats:
    """Names in each row."""
    return np.asarray(np.diff(rows.indptr), dtype=np.float64)


def _ones(rows: csr_matrix) -> csr_matrix:
    """Set every stored value to 1."""
    marked = csr_matrix(rows)
    marked.data = np.ones_like(marked.data)
    return marked
