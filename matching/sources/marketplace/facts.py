"""Facts: what the truth reads from a profile, as compact arrays of codes.

Only the columns of `CandidateProfile` and `JobProfile` are read, so any two tables have a truth, even if the simulator
did not make them. Unknown names count as absent.
"""

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from matching.arrays import Array, Keys
from matching.sources.marketplace import vocabulary as words
from matching.sources.marketplace.lookups import (
    N_TECHNOLOGIES,
    level_of_word,
    normalised,
    rarity,
    role_of_title,
    technology_of_spelling,
)
from matching.sources.marketplace.randomness import keys

DEFAULT_SKILL_YEARS = 1.5
"""Years of use of a skill that has none, or that only the resume names."""
YEARS_OF_LEVEL = (1.0, 3.0, 6.0, 10.0, 4.0)
"""Experience by the level in the headline, if the profile has none; the last entry is for an unknown level."""
MAX_MUST = 8
"""Largest number of required skills; further ones are ignored."""
QUARTERS = 4
MASK_WORDS = -(-N_TECHNOLOGIES // 64)


@dataclass(frozen=True)
class CandidateFacts:
    """Candidates as arrays of shape (n, ...); a code is -1 if the value is missing or unknown."""

    key: Keys
    role: Array
    years: Array
    skill_quarters: Array  # (n, n_technologies), uint8: quarters of a year, 0 for an unknown skill
    city: Array
    country: Array
    remote_wish: Array
    wish_roles: Array  # bit mask
    wish_cities: Array  # bit mask
    wish_sizes: Array  # bit mask
    wish_industries: Array  # bit mask
    wish_stack: Array  # (n, MASK_WORDS), bit mask over technologies
    log_salary: Array  # NaN if missing

    def take(self, rows: Array) -> "CandidateFacts":
        """Keep the given candidates."""
        return CandidateFacts(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


@dataclass(frozen=True)
class JobFacts:
    """Jobs as arrays of shape (n, ...); a code is -1 if the value is missing or unknown."""

    key: Keys
    role: Array
    must: Array  # (n, MAX_MUST), technology codes
    must_weight: Array  # (n, MAX_MUST), by rarity, sums to one; all zero if no known skill is required
    nice: Array  # (n, MAX_MUST), technology codes
    stack: Array  # (n, MASK_WORDS), bit mask over must and nice technologies
    min_years: Array  # NaN if missing
    max_years: Array
    city: Array
    country: Array
    policy: Array
    log_min_salary: Array
    log_max_salary: Array
    size: Array
    industry: Array


def concatenated(parts: list[CandidateFacts]) -> CandidateFacts:
    """Concatenate the facts of several tables."""
    return CandidateFacts(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(parts[0])})


def candidate_facts(candidates: pl.DataFrame) -> CandidateFacts:
    """Read the facts of candidates from a table with the columns of `CandidateProfile`."""
    role, level = _headline(candidates["headline"])
    experience = candidates["experience_years"].to_numpy()
    years = np.where(np.isnan(experience), np.array(YEARS_OF_LEVEL)[level], experience)
    return CandidateFacts(
        key=keys(candidates["candidate_id"]),
        role=role.astype(np.int8),
        years=years.astype(np.float32),
        skill_quarters=_skill_quarters(candidates),
        city=_codes(candidates["city"], [city.name for city in words.CITIES]),
        country=_codes(candidates["country"], words.COUNTRIES),
        remote_wish=_codes(candidates["remote_wish"], words.REMOTE_WISHES),
        wish_roles=_mask(candidates["wish_roles"], role_of_title(), normalise=True),
        wish_cities=_mask(candidates["wish_cities"], {city.name: code for code, city in enumerate(words.CITIES)}),
        wish_sizes=_mask(candidates["wish_company_sizes"], _numbered(words.COMPANY_SIZES)),
        wish_industries=_mask(candidates["wish_industries"], _numbered(words.INDUSTRIES)),
        wish_stack=_technology_mask(candidates["wish_stack"]),
        log_salary=_log(candidates["expected_salary_usd_per_year"]),
    )


def job_facts(jobs: pl.DataFrame) -> JobFacts:
    """Read the facts of jobs from a table with the columns of `JobProfile`."""
    must = _padded(jobs["must_have_skills"])
    weight = np.where(must >= 0, rarity()[must], 0.0)
    total = weight.sum(axis=1, keepdims=True)
    return JobFacts(
        key=keys(jobs["job_id"]),
        role=_headline(jobs["title"])[0].astype(np.int8),
        must=must,
        must_weight=np.divide(weight, total, out=np.zeros_like(weight), where=total > 0),
        nice=_padded(jobs["nice_to_have_skills"]),
        stack=_technology_mask(jobs["must_have_skills"]) | _technology_mask(jobs["nice_to_have_skills"]),
        min_years=jobs["min_experience_years"].to_numpy().astype(np.float32),
        max_years=jobs["max_experience_years"].to_numpy().astype(np.float32),
        city=_codes(jobs["city"], [city.name for city in words.CITIES]),
        country=_codes(jobs["country"], words.COUNTRIES),
        policy=_codes(jobs["remote_policy"], words.REMOTE_POLICIES),
        log_min_salary=_log(jobs["min_salary_usd_per_year"]),
        log_max_salary=_log(jobs["max_salary_usd_per_year"]),
        size=_codes(jobs["company_size"], words.COMPANY_SIZES),
        industry=_codes(jobs["industry"], words.INDUSTRIES),
    )


def _numbered(names: tuple[str, ...]) -> dict[str, int]:
    return {name: code for code, name in enumerate(names)}


def _log(values: pl.Series) -> Array:
    return np.asarray(np.log(values.cast(pl.Float64).to_numpy()), dtype=np.float32)


def _codes(values: pl.Series, names: list[str] | tuple[str, ...]) -> Array:
    """Return the code of each value, -1 if null or unknown."""
    table = {name: code for code, name in enumerate(names)}
    return values.replace_strict(table, default=-1, return_dtype=pl.Int8).fill_null(-1).to_numpy()


def _searchable(texts: pl.Series) -> pl.Series:
    """Return texts in the form of `lookups.normalised`."""
    words_only = texts.fill_null("").str.to_lowercase().str.replace_all(r"[^a-z0-9+#.]+", "  ")
    return " " + words_only.str.replace_all(r"\.+(  |$)", "  ") + " "


def _found(texts: pl.Series, names: dict[str, int]) -> tuple[Array, Array]:
    """Return the row of each whole name found in the texts, and its code; longer names take precedence."""
    patterns = sorted(names, key=len, reverse=True)
    hits = _searchable(texts).str.extract_many(patterns, leftmost=True, overlapping=False)
    flat = pl.DataFrame({"row": np.arange(len(texts)), "name": hits}).explode("name").drop_nulls()
    return flat["row"].to_numpy(), flat["name"].replace_strict(names, return_dtype=pl.Int64).to_numpy()


def _headline(texts: pl.Series) -> tuple[Array, Array]:
    """Return the role family (-1 if unknown) and seniority level (4 if unknown) that a text names first."""
    role, level = np.full(len(texts), -1), np.full(len(texts), 4)
    for target, names in ((role, role_of_title()), (level, level_of_word())):
        rows, codes = _found(texts, names)
        target[rows[::-1]] = codes[::-1]
    return role, level


def _skill_quarters(candidates: pl.DataFrame) -> Array:
    """Return the use of each technology in quarters of a year: listed skills, and those that only the resume names."""
    quarters = np.zeros((len(candidates), N_TECHNOLOGIES), dtype=np.uint8)
    rows, codes = _found(candidates["resume"], technology_of_spelling())
    quarters[rows, codes] = round(DEFAULT_SKILL_YEARS * QUARTERS)
    flat = (
        pl.DataFrame({"row": np.arange(len(candidates)), "skill": candidates["skills"]}).explode("skill").drop_nulls()
    )
    flat = flat.unnest("skill").with_columns(code=_technology_codes(flat["skill"].struct.field("name")))
    flat = flat.filter(pl.col("code") >= 0).with_columns(pl.col("years").fill_null(DEFAULT_SKILL_YEARS))
    years = np.clip(np.round(flat["years"].to_numpy() * QUARTERS), 1, 255).astype(np.uint8)
    quarters[flat["row"].to_numpy(), flat["code"].to_numpy()] = years
    return quarters


def _technology_codes(names: pl.Series) -> pl.Series:
    """Return the code of each technology name, -1 if unknown; names repeat, so each is looked up once."""
    table = technology_of_spelling()
    known = {name: table.get(normalised(name), -1) for name in names.unique().drop_nulls()}
    return names.replace_strict(known, default=-1, return_dtype=pl.Int64)


def _exploded(lists: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"row": np.arange(len(lists)), "name": lists}).explode("name").drop_nulls()


def _padded(lists: pl.Series) -> Array:
    """Return the codes of the known technologies in each list, shape (n, MAX_MUST), -1 after the last."""
    flat = _exploded(lists)
    flat = (
        flat.with_columns(code=_technology_codes(flat["name"]))
        .filter(pl.col("code") >= 0)
        .unique(["row", "code"], maintain_order=True)
    )
    flat = flat.with_columns(place=pl.int_range(pl.len()).over("row")).filter(pl.col("place") < MAX_MUST)
    codes = np.full((len(lists), MAX_MUST), -1, dtype=np.int16)
    codes[flat["row"].to_numpy(), flat["place"].to_numpy()] = flat["code"].to_numpy()
    return codes


def _technology_mask(lists: pl.Series) -> Array:
    """Return the technologies of each list as a bit mask, shape (n, MASK_WORDS)."""
    flat = _exploded(lists)
    codes = _technology_codes(flat["name"]).to_numpy()
    known = codes >= 0
    wanted = np.zeros((len(lists), MASK_WORDS * 64), dtype=bool)
    wanted[flat["row"].to_numpy()[known], codes[known]] = True
    return np.packbits(wanted, axis=1).view(np.uint64)


def _mask(lists: pl.Series, names: dict[str, int], *, normalise: bool = False) -> Array:
    """Return the codes of the names in each list as a bit mask; unknown names are ignored."""
    flat = _exploded(lists)
    unique = flat["name"].unique()
    known = {name: names.get(normalised(name) if normalise else name, -1) for name in unique}
    codes = flat["name"].replace_strict(known, default=-1, return_dtype=pl.Int64).to_numpy()
    masks = np.zeros(len(lists), dtype=np.uint64)
    good = codes >= 0
    np.bitwise_or.at(masks, flat["row"].to_numpy()[good], np.uint64(1) << codes[good].astype(np.uint64))
    return masks
