"""Encoding one side of a pair: numbers, sparse rows and vectors, which pairing looks up.

A missing value stays missing (NaN).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from matching.arrays import Floats
from matching.data.columns import floats, singletons
from matching.data.tables import CompanySize, RemotePolicy, RemoteWish
from matching.features.embeddings import Vectors, candidate_vectors, job_vectors
from matching.features.name_rows import count, name_rows, ones, skill_rows
from matching.features.shares import share
from matching.features.skill_rarity import SkillRarity
from matching.features.tfidf import Tfidf
from matching.features.topics import Topics
from matching.features.transformer import TransformerEncoder
from matching.text import places, skills
from matching.text.posts.post import Asked, asked
from matching.text.seniority import years_of_titles
from matching.text.skill_vocabulary import SkillVocabulary

REMOTE_POLICIES: tuple[str, ...] = RemotePolicy.__args__  # type: ignore[attr-defined]
REMOTE_WISHES: tuple[str, ...] = RemoteWish.__args__  # type: ignore[attr-defined]
COMPANY_SIZES: tuple[str, ...] = CompanySize.__args__  # type: ignore[attr-defined]

# In a list with more skills than this, each counts for less, so that stuffing the list does not pay.
FULL_SKILLS = 30
DEFAULT_SKILL_YEARS = 1.5  # for a skill without years: half of those who give years give fewer
FULL_DEPTH_YEARS = 6.0
ROLES_COMPARED = 3
MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Encoded:
    """The encoding of one side.

    Attributes:
        numbers: arrays by name, shape (n,) or (n, dimensions).
        sparse: sparse rows by name, shape (n, columns).
        vectors: vectors of the transformer encoder by feature, shape (n, dimensions); empty without an encoder.
    """

    numbers: dict[str, Floats]
    sparse: dict[str, csr_matrix]
    vectors: Vectors = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.numbers.values())))


class Vocabularies:
    """What encoding learns: the terms of texts, the topics of titles, and the rarity of skills."""

    def __init__(self) -> None:
        self.words = Tfidf()
        self.spelling = Tfidf(characters=True, max_terms=20_000)
        self.topics = Topics()
        self.skills = SkillRarity()


def encode_candidates(
    candidates: pl.DataFrame, known: Vocabularies, text_encoder: TransformerEncoder | None
) -> Encoded:
    """Encode `CandidateProfile` rows."""
    headlines, resumes = _lists(candidates, "headline", "resume")
    roles = candidates["wish_roles"].to_list()
    joined = [" ".join(wished) for wished in roles]
    profiles = readings(headlines, resumes, known.skills.vocabulary)
    profile_words = known.words.transform([profile.words for profile in profiles])
    numbers = {
        "experience": _experience(candidates),
        "expected_salary": floats(candidates["expected_salary_usd_per_year"]),
        "remote_wish": _codes(candidates["remote_wish"], REMOTE_WISHES),
        "last_active": _days(candidates["last_active_at"]),
        "topics": known.topics.transform(headlines),
        **{f"role_topics_{n}": known.topics.transform(_nth(roles, n)) for n in range(ROLES_COMPARED)},
        **_place_numbers(candidates),
    }
    sparse = {
        "profile_words": profile_words,
        "headline_words": known.words.transform(headlines),
        "role_words": known.words.transform(joined),
        "title_spelling": known.spelling.transform(_joined(headlines, joined)),
        "wish_stack": skill_rows(candidates["wish_stack"].to_list()),
        "wish_cities": name_rows([_cities(names) for names in candidates["wish_cities"].to_list()]),
        "wish_sizes": name_rows(candidates["wish_company_sizes"].to_list()),
        "wish_industries": name_rows(candidates["wish_industries"].to_list()),
    }
    held_numbers, held = _held_skills(known, candidates, [profile.held for profile in profiles])
    return Encoded(numbers | held_numbers, sparse | held, candidate_vectors(text_encoder, candidates))


def _held_skills(
    known: Vocabularies, candidates: pl.DataFrame, named: list[set[str]]
) -> tuple[dict[str, Floats], dict[str, csr_matrix]]:
    """Skills in a candidate's list, and skills in the list, the headline or the resume, with years of use."""
    listed = [_listed_years(row) for row in candidates["skills"].to_list()]
    either = [dict.fromkeys(sorted(found - own.keys())) | own for own, found in zip(listed, named, strict=True)]
    rows = {
        "listed": skill_rows([list(own) for own in listed]),
        "held": skill_rows([list(own) for own in either]),
    }
    listed_count = count(rows["listed"])
    numbers = {
        "skill_count": listed_count,
        "new_skill_share": share(rows["listed"] @ (1 - known.skills.known), listed_count),
        "listed_weight": np.minimum(1.0, FULL_SKILLS / np.maximum(listed_count, 1)),
        "held_weight": np.minimum(1.0, FULL_SKILLS / np.maximum(count(rows["held"]), 1)),
    }
    depth = {
        f"{name}_depth": name_rows([list(own) for own in held], [_depths(own.values()) for own in held])
        for name, held in (("listed", listed), ("held", either))
    }
    return numbers, rows | depth


def encode_jobs(jobs: pl.DataFrame, known: Vocabularies, text_encoder: TransformerEncoder | None) -> Encoded:
    """Encode `JobProfile` rows."""
    titles, descriptions = _lists(jobs, "title", "description")
    posts = posts_of(jobs, known.skills.vocabulary)
    must, nice = name_rows([list(post.must) for post in posts]), name_rows([list(post.nice) for post in posts])
    either = ones(must + nice)
    texts = readings(titles, descriptions, known.skills.vocabulary)
    post_words = known.words.transform([text.words for text in texts])
    numbers = {
        "min_experience": _first_known(jobs["min_experience_years"], [post.min_years for post in posts]),
        "max_experience": _first_known(jobs["max_experience_years"], [post.max_years for post in posts]),
        "min_salary": floats(jobs["min_salary_usd_per_year"]),
        "max_salary": floats(jobs["max_salary_usd_per_year"]),
        "remote_policy": _codes(jobs["remote_policy"], REMOTE_POLICIES),
        "company_size": _codes(jobs["company_size"], COMPANY_SIZES),
        "posted": _days(jobs["posted_at"]),
        "must_count": count(must),
        "nice_count": count(nice),
        "must_rarity": must @ known.skills.weight,
        "skill_rarity": either @ known.skills.weight,
        "new_skill_share": share(either @ (1 - known.skills.known), count(either)),
        "term_count": count(post_words),
        "topics": known.topics.transform(titles),
        **_place_numbers(jobs),
    }
    sparse = {
        "must": must,
        "must_weight": csr_matrix(must.multiply(known.skills.weight)),
        "nice": nice,
        "skills": either,
        "skill_weight": csr_matrix(either.multiply(known.skills.weight)),
        "post_words": post_words,
        "title_words": known.words.transform(titles),
        "title_spelling": known.spelling.transform(titles),
        "city": name_rows([list(places.cities(name)) for name in jobs["city"].to_list()]),
        "size": name_rows(singletons(jobs["company_size"])),
        "industry": name_rows(singletons(jobs["industry"])),
    }
    return Encoded(numbers, sparse, job_vectors(text_encoder, jobs))


def posts_of(jobs: pl.DataFrame, vocabulary: SkillVocabulary) -> list[Asked]:
    """Return what each job asks in its lists or, without them, in its title and description."""
    columns = _lists(jobs, "title", "description", "must_have_skills", "nice_to_have_skills")
    return [
        (_kept if len(description) <= skills.KEPT_CHARACTERS else asked)(
            title, description, tuple(must), tuple(nice), vocabulary
        )
        for title, description, must, nice in zip(*columns, strict=True)
    ]


_kept = lru_cache(maxsize=skills.KEPT_TEXTS)(asked)


def _first_known(values: pl.Series, otherwise: list[float | None]) -> Floats:
    """Each value, or if it is missing, the other one; NaN without either."""
    given = floats(values)
    return np.where(np.isnan(given), np.array(otherwise, dtype=np.float64), given)


def _days(times: pl.Series) -> Floats:
    """Days since 1970; NaN for null."""
    return times.dt.epoch("us").cast(pl.Float64).fill_null(np.nan).to_numpy() / MICROSECONDS_PER_DAY


def _codes(values: pl.Series, order: tuple[str, ...]) -> Floats:
    """Position of each value in `order`; NaN for null."""
    position = {name: float(place) for place, name in enumerate(order)}
    return np.array([position.get(value, np.nan) for value in values.to_list()], dtype=np.float64)


def _experience(candidates: pl.DataFrame) -> Floats:
    """Years of experience, or if missing, what the headline's seniority suggests; NaN without either."""
    years = floats(candidates["experience_years"])
    return np.where(np.isnan(years), years_of_titles(candidates["headline"].to_list()), years)


def _listed_years(row: list[dict[str, Any]]) -> dict[str, float | None]:
    """Years of use by canonical name; for a skill that is listed twice, the larger number."""
    years: dict[str, float | None] = {}
    for skill in row:
        for name in skills.listed(skill["name"]):
            both = [value for value in (years.get(name), skill["years"]) if value is not None]
            years[name] = max(both, default=None)
    return years


def _depths(years: Iterable[float | None]) -> list[float]:
    """Depth of each skill, from 0 to 1, by its years of use."""
    used = np.array([DEFAULT_SKILL_YEARS if value is None else value for value in years], dtype=np.float64)
    depths: list[float] = np.minimum(np.log1p(used) / np.log1p(FULL_DEPTH_YEARS), 1.0).tolist()
    return depths


def _nth(lists: list[list[str]], place: int) -> list[str]:
    """Entry number `place` of each list, from 0; empty if the list is shorter."""
    return [row[place] if place < len(row) else "" for row in lists]


def _lists(table: pl.DataFrame, *columns: str) -> tuple[list[Any], ...]:
    return tuple(table[column].to_list() for column in columns)


def readings(first: list[str], second: list[str], vocabulary: SkillVocabulary) -> list[skills.Reading]:
    """Read pairs of texts, such as headlines and resumes."""
    return [skills.reading("\n".join(texts), vocabulary) for texts in zip(first, second, strict=True)]


def _joined(first: list[str], second: list[str]) -> list[str]:
    return [f"{one} {other}" for one, other in zip(first, second, strict=True)]


def _cities(names: list[str]) -> list[str]:
    return [city for name in names for city in places.cities(name)]


def _place_numbers(profiles: pl.DataFrame) -> dict[str, Floats]:
    """City, region, country and continent as numbers that are equal if the names are; 0 for null.

    Cities of the same name in different regions differ: there are many Springfields.
    """
    cities = [places.cities(name) for name in profiles["city"].to_list()]
    regions = [places.region(name) for name in profiles["region"].to_list()]
    placed = [f"{city[0]}|{region}" if city else None for city, region in zip(cities, regions, strict=True)]
    countries = profiles["country"].to_list()
    return {
        "city": _place(placed),
        "region": _place(regions),
        "country": _place([places.country(name) for name in countries]),
        "continent": np.array([places.continent(name) for name in countries], dtype=np.float64),
    }


def _place(names: Sequence[str | None]) -> Floats:
    return np.array([1 + crc32(name.encode()) if name else 0 for name in names], dtype=np.float64)
