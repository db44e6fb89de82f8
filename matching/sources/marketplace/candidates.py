"""Candidates, drawn in numbered blocks, so that each block can be drawn again without the others."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from matching.arrays import Array
from matching.data.tables import CandidateProfile, ProtectedAttributes, polars_schema
from matching.sources.marketplace import texts
from matching.sources.marketplace import vocabulary as words
from matching.sources.marketplace.drafts import CandidateDraft
from matching.sources.marketplace.lookups import STACK_ROLES, shares, stack_log_weights
from matching.sources.marketplace.randomness import generator

BLOCK = 2_048
MAX_SKILLS = 14
MIN_SALARY_USD_PER_YEAR = 13_000.0
MAX_SALARY_USD_PER_YEAR = 400_000.0
NEW_SKILL_YEARS = 0.5
TEXT_CHOICES = 12


def draft_block(seed: int, block: int) -> CandidateDraft:
    """Draw the `BLOCK` candidates whose numbers begin at `block * BLOCK`."""
    rng = generator(seed, "candidates", block)
    stack = rng.choice(len(words.STACKS), size=BLOCK, p=shares([stack.share for stack in words.STACKS]))
    role = STACK_ROLES[stack]
    city = rng.choice(len(words.CITIES), size=BLOCK, p=shares([city.share for city in words.CITIES]))
    experience = np.round(np.clip(rng.lognormal(np.log(4.6), 0.8, BLOCK), 0, 38) * 2) / 2
    people = _people(rng, role, city, experience)
    return CandidateDraft(
        stack=stack,
        city=city,
        experience_years=experience,
        has_experience=rng.random(BLOCK) > 0.04,
        **_skills(rng, stack, experience),
        **_wishes(rng, stack),
        salary_usd_per_year=_salary(rng, role, city, experience, people["gender"]),
        has_salary=rng.random(BLOCK) > 0.10,
        **people,
        text=rng.integers(0, 1 << 16, (BLOCK, TEXT_CHOICES)),
    )


def _skills(rng: np.random.Generator, stack: Array, experience: Array) -> dict[str, Array]:
    """Draw skills typical of the stack; experience brings more of them and more years of use."""
    n = len(stack)
    keys = stack_log_weights()[stack] + rng.gumbel(size=(n, len(words.TECHNOLOGIES)))
    skills = np.argsort(-keys, axis=1)[:, :MAX_SKILLS]
    use = rng.beta(1.6, 1.4, (n, MAX_SKILLS)) * (1.15 - 0.05 * np.arange(MAX_SKILLS))
    years = np.maximum(np.round(np.clip(use, 0.05, 1.0) * experience[:, None] * 2) / 2, NEW_SKILL_YEARS)
    return {
        "skills": skills,
        "skill_years": years,
        "is_listed": (rng.random((n, MAX_SKILLS)) > 0.10) | (np.arange(MAX_SKILLS) == 0),
        "has_years": rng.random((n, MAX_SKILLS)) > 0.10,
        "n_skills": np.clip(np.round(rng.normal(5.0, 1.6, n) + 1.6 * np.log1p(experience)), 3, MAX_SKILLS).astype(int),
        "spelling": rng.integers(0, 1 << 16, (n, MAX_SKILLS)),
    }


def _wishes(rng: np.random.Generator, stack: Array) -> dict[str, Array]:
    """Draw what candidates want; some want another stack or role than they have."""
    n = len(stack)
    elsewhere = rng.choice(len(words.STACKS), size=n, p=shares([stack.share for stack in words.STACKS]))
    wanted = np.where(rng.random(n) < 0.18, elsewhere, stack)
    other_role = np.where(rng.random(n) < 0.3, STACK_ROLES[elsewhere], -1)
    keys = 0.7 * stack_log_weights()[wanted] + rng.gumbel(size=(n, len(words.TECHNOLOGIES)))
    size_odds = np.array([0.34, 0.45, 0.50, 0.42, 0.40])
    has_sizes = rng.random((n, 1)) > 0.35
    return {
        "remote_wish": _sometimes(rng, rng.choice(4, size=n, p=shares(words.REMOTE_WISH_SHARES)), 0.05),
        "wish_role": np.stack([_sometimes(rng, STACK_ROLES[wanted], 0.10), other_role], axis=1),
        "wish_stack": _first(np.argsort(-keys, axis=1)[:, :4], rng.integers(0, 5, n)),
        "wish_cities": _first(rng.choice(len(words.CITIES), size=(n, 2), p=_city_shares()), rng.integers(0, 3, n)),
        "wish_sizes": (rng.random((n, 5)) < size_odds) & has_sizes,
        "wish_industries": _first(_industries(rng, n), rng.integers(0, 4, n)),
    }


def _city_shares() -> Array:
    return shares([city.share for city in words.CITIES])


def _industries(rng: np.random.Generator, n: int) -> Array:
    keys = np.log(shares(words.INDUSTRY_SHARES)) + rng.gumbel(size=(n, len(words.INDUSTRIES)))
    return np.argsort(-keys, axis=1)[:, :3]


def _first(codes: Array, count: Array) -> Array:
    """Keep the first `count` codes of each row; the others become -1."""
    return np.asarray(np.where(np.arange(codes.shape[1]) < count[:, None], codes, -1))


def _sometimes(rng: np.random.Generator, codes: Array, missing: float) -> Array:
    """Set each code to -1 with the given probability."""
    return np.where(rng.random(len(codes)) < missing, -1, codes)


def _salary(rng: np.random.Generator, role: Array, city: Array, experience: Array, gender: Array) -> Array:
    """Draw expected pay from experience, place and role; women expect slightly less, as in the surveys."""
    pay = np.log(words.SALARY_AT_ENTRY_USD_PER_YEAR) + words.SALARY_GROWTH * np.log1p(experience)
    pay += np.log([place.pay for place in words.CITIES])[city] + np.log([family.pay for family in words.ROLES])[role]
    pay += rng.normal(0.04, words.SALARY_SPREAD, len(role)) - 0.05 * (gender == 0)
    return np.asarray(np.clip(np.round(np.exp(pay), -2), MIN_SALARY_USD_PER_YEAR, MAX_SALARY_USD_PER_YEAR))


def _people(rng: np.random.Generator, role: Array, city: Array, experience: Array) -> dict[str, Array]:
    """Draw protected attributes, which depend weakly on the other arguments. Gender: 0 woman, 1 man, 2 other."""
    n = len(role)
    women = np.array([family.women for family in words.ROLES])[role]
    gender = np.where(rng.random(n) < 0.01, 2, np.where(rng.random(n) < women, 0, 1))
    ethnicity = np.zeros(n, dtype=np.int64)
    continents = np.array([place.continent for place in words.CITIES])[city]
    for continent, odds in words.ETHNICITY_SHARES.items():
        rows = np.flatnonzero(continents == continent)
        ethnicity[rows] = rng.choice(len(words.ETHNICITIES), size=len(rows), p=shares(odds))
    return {
        "gender": gender,
        "age_years": np.clip(21 + experience + rng.gamma(2.0, 1.8, n), 18, 72),
        "ethnicity": ethnicity,
        "declared": rng.random((n, 3)) > np.array([0.06, 0.08, 0.20]),
    }


def edited(draft: CandidateDraft, seed: int, block: int) -> CandidateDraft:
    """Return each candidate of a block after an edit: one more skill, new pay and wishes."""
    rng = generator(seed, "candidate edits", block)
    n = len(draft.stack)
    raise_share = np.exp(rng.normal(0.05, 0.06, n))
    salary = np.clip(np.round(draft.salary_usd_per_year * raise_share, -2), MIN_SALARY_USD_PER_YEAR, None)
    changes_wish = rng.random(n) < 0.25
    remote = rng.choice(4, size=n, p=shares(words.REMOTE_WISH_SHARES))
    return replace(
        draft,
        experience_years=draft.experience_years + 0.5,
        n_skills=np.minimum(draft.n_skills + 1, MAX_SKILLS),
        remote_wish=np.where(changes_wish & (draft.remote_wish >= 0), remote, draft.remote_wish),
        salary_usd_per_year=np.minimum(salary, MAX_SALARY_USD_PER_YEAR),
    )


def candidate_ids(first: int, count: int) -> list[str]:
    """Return the identifiers of `count` candidates, from number `first`."""
    return [f"c{number:07d}" for number in range(first, first + count)]


def profiles(draft: CandidateDraft, ids: list[str]) -> pl.DataFrame:
    """Return the profiles of candidates, rows of `CandidateProfile`."""
    role = STACK_ROLES[draft.stack]
    columns: dict[str, Any] = {
        "candidate_id": ids,
        "headline": texts.headlines(draft, role),
        "resume": texts.resumes(draft, role),
        "skills": _skill_column(draft),
        "experience_years": _optional(draft.experience_years, draft.has_experience),
        "city": [words.CITIES[code].name for code in draft.city],
        "region": [words.CITIES[code].region for code in draft.city],
        "country": [words.CITIES[code].country for code in draft.city],
        "remote_wish": [words.REMOTE_WISHES[code] if code >= 0 else None for code in draft.remote_wish],
        "wish_roles": _names([role.name for role in words.ROLES], draft.wish_role),
        "wish_stack": _names(words.TECHNOLOGIES, draft.wish_stack),
        "wish_cities": _names([city.name for city in words.CITIES], draft.wish_cities),
        "wish_company_sizes": [
            [size for size, wanted in zip(words.COMPANY_SIZES, row, strict=True) if wanted]
            for row in draft.wish_sizes.tolist()
        ],
        "wish_industries": _names(words.INDUSTRIES, draft.wish_industries),
        "expected_salary_usd_per_year": _optional(draft.salary_usd_per_year, draft.has_salary),
        "min_salary_usd_per_year": [None] * len(ids),
        "work_countries": [[] for _ in ids],
        "would_relocate": [None] * len(ids),
        "block_words": [[] for _ in ids],
        "last_active_at": [None] * len(ids),
    }
    return pl.DataFrame(columns, schema=polars_schema(CandidateProfile))


def protected(draft: CandidateDraft, ids: list[str]) -> pl.DataFrame:
    """Return the protected attributes of candidates, rows of `ProtectedAttributes`."""
    band = np.digitize(draft.age_years, [25, 35, 45, 55])
    genders = ("woman", "man", "other")
    columns = {
        "candidate_id": ids,
        "gender": _declared(genders, draft.gender, draft.declared[:, 0]),
        "age_band": _declared(words.AGE_BANDS, band, draft.declared[:, 1]),
        "ethnicity": _declared(words.ETHNICITIES, draft.ethnicity, draft.declared[:, 2]),
    }
    return pl.DataFrame(columns, schema=polars_schema(ProtectedAttributes))


def _declared(names: tuple[str, ...], codes: Array, declared: Array) -> list[str | None]:
    return [names[code] if is_declared else None for code, is_declared in zip(codes, declared, strict=True)]


def _optional(values: Array, present: Array) -> list[float | None]:
    return [value if there else None for value, there in zip(values.tolist(), present.tolist(), strict=True)]


def _names(names: list[str] | tuple[str, ...], codes: Array) -> list[list[str]]:
    """Return the names of the codes in each row, without duplicates."""
    return [list(dict.fromkeys(names[code] for code in row if code >= 0)) for row in codes.tolist()]


def _skill_column(draft: CandidateDraft) -> pl.Series:
    """Return the listed skills of each candidate as a list of structs."""
    shown = draft.is_listed & (np.arange(MAX_SKILLS) < draft.n_skills[:, None])
    rows, places = np.nonzero(shown)
    names = texts.spelled(draft.skills[rows, places], draft.spelling[rows, places])
    years = np.where(draft.has_years[rows, places], draft.skill_years[rows, places], np.nan)
    flat = pl.DataFrame({"row": rows, "name": names, "years": years}).with_columns(pl.col("years").fill_nan(None))
    return (
        flat.group_by("row", maintain_order=True).agg(pl.struct("name", "years").alias("skills")).get_column("skills")
    )
