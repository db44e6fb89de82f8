"""Jobs and the companies that post them, drawn in numbered blocks like candidates."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from matching.arrays import Array
from matching.data.tables import JobProfile, polars_schema
from matching.sources.marketplace import texts
from matching.sources.marketplace import vocabulary as words
from matching.sources.marketplace.drafts import JobDraft
from matching.sources.marketplace.lookups import STACK_ROLES, shares, stack_log_weights
from matching.sources.marketplace.randomness import generator

BLOCK = 512
MAX_MUST = 6
MAX_NICE = 4
TEXT_CHOICES = 8
N_COMPANIES = 1_000

_NAME_STARTS = (
    "Nor", "Alba", "Vero", "Quin", "Lumen", "Tera", "Orbi", "Kalo", "Zeno", "Miro",
    "Sola", "Pax", "Hexa", "Juno", "Brio", "Cedar", "Delta", "Ember", "Fjord", "Halo",
    "Indigo", "Krono", "Lark", "Nimbus", "Opal",
)  # fmt: skip
_NAME_ENDS = (
    "ware", "labs", "soft", "works", "byte", "flow", "loop", "grid", "path", "forge",
    "point", "mind", "link", "wave", "stack", "nest", "bridge", "field", "craft", "scale",
    "port", "logic", "base", "sense", "deck", "line", "house", "core", "ville", "yard",
    "cast", "drive", "gate", "lane", "mark", "pulse", "ridge", "sphere", "trail", "vault",
)  # fmt: skip


@dataclass(frozen=True)
class Companies:
    """The companies of one marketplace; arrays have one row per company."""

    name: list[str]
    city: Array
    industry: Array
    size: Array
    pay: Array  # log of the pay relative to the market
    share: Array  # of the jobs


@lru_cache(maxsize=4)
def companies(seed: int) -> Companies:
    """Return the companies of a marketplace."""
    rng = generator(seed, "companies")
    size = rng.choice(5, size=N_COMPANIES, p=words.COMPANY_SIZE_SHARES)
    order = rng.permutation(N_COMPANIES)
    posts = np.exp(0.45 * size + rng.normal(0, 0.8, N_COMPANIES))
    return Companies(
        name=[_NAME_STARTS[i % 25] + _NAME_ENDS[i // 25] for i in order.tolist()],
        city=rng.choice(len(words.CITIES), size=N_COMPANIES, p=shares([city.share for city in words.CITIES])),
        industry=rng.choice(len(words.INDUSTRIES), size=N_COMPANIES, p=shares(words.INDUSTRY_SHARES)),
        size=size,
        pay=np.log(words.COMPANY_SIZE_PAY)[size] + rng.normal(0, 0.08, N_COMPANIES),
        share=posts / posts.sum(),
    )


def draft_block(seed: int, block: int) -> JobDraft:
    """Draw the `BLOCK` jobs whose numbers begin at `block * BLOCK`."""
    rng = generator(seed, "jobs", block)
    firms = companies(seed)
    firm = rng.choice(N_COMPANIES, size=BLOCK, p=firms.share)
    stack = rng.choice(len(words.STACKS), size=BLOCK, p=shares([stack.share for stack in words.STACKS]))
    low, width = (_from_shares(rng, table) for table in (words.MIN_EXPERIENCE_SHARES, words.BAND_WIDTH_SHARES))
    anywhere = rng.choice(len(words.CITIES), size=BLOCK, p=shares([city.share for city in words.CITIES]))
    city = np.where(rng.random(BLOCK) < 0.2, anywhere, firms.city[firm])
    min_pay, max_pay = _band(rng, STACK_ROLES[stack], city, low + width / 2, firms.pay[firm])
    return JobDraft(
        stack=stack,
        **_skills(rng, stack),
        min_years=low.astype(np.float64),
        max_years=(low + width).astype(np.float64),
        has_band=rng.random(BLOCK) > 0.05,
        city=city,
        policy=rng.choice(3, size=BLOCK, p=words.REMOTE_POLICY_SHARES),
        has_policy=rng.random(BLOCK) > 0.03,
        min_salary_usd_per_year=min_pay,
        max_salary_usd_per_year=max_pay,
        has_salary=rng.random(BLOCK) > 0.08,
        company_name=[firms.name[i] for i in firm.tolist()],
        industry=firms.industry[firm],
        size=firms.size[firm],
        text=rng.integers(0, 1 << 16, (BLOCK, TEXT_CHOICES)),
    )


def _from_shares(rng: np.random.Generator, table: dict[float, float]) -> Array:
    return rng.choice(list(table), size=BLOCK, p=shares(list(table.values())))


def _skills(rng: np.random.Generator, stack: Array) -> dict[str, Array]:
    """Draw the required and the nice-to-have technologies of each job."""
    n = len(stack)
    keys = stack_log_weights()[stack] + rng.gumbel(size=(n, len(words.TECHNOLOGIES)))
    order = np.argsort(-keys, axis=1)[:, : MAX_MUST + MAX_NICE]
    return {
        "must": order[:, :MAX_MUST],
        "n_must": rng.integers(2, MAX_MUST + 1, n),
        "nice": order[:, MAX_MUST:],
        "n_nice": rng.integers(0, MAX_NICE + 1, n),
        "spelling": rng.integers(0, 1 << 16, (n, MAX_MUST + MAX_NICE)),
    }


def _band(rng: np.random.Generator, role: Array, city: Array, years: Array, firm_pay: Array) -> tuple[Array, Array]:
    """Draw salary bands around the market's pay for role, place and experience."""
    middle = np.log(words.SALARY_AT_ENTRY_USD_PER_YEAR) + words.SALARY_GROWTH * np.log1p(years) + firm_pay
    middle += np.log([place.pay for place in words.CITIES])[city] + np.log([family.pay for family in words.ROLES])[role]
    middle += rng.normal(0.05, 0.10, len(role))
    half = rng.uniform(0.06, 0.20, len(role))
    low, high = np.round(np.exp(middle - half), -3), np.round(np.exp(middle + half), -3)
    return np.maximum(low, 10_000.0), np.maximum(high, 12_000.0)


def job_ids(first: int, count: int) -> list[str]:
    """Return the identifiers of `count` jobs, from number `first`."""
    return [f"j{number:06d}" for number in range(first, first + count)]


def profiles(draft: JobDraft, ids: list[str]) -> pl.DataFrame:
    """Return the profiles of jobs, rows of `JobProfile`."""
    must, nice = _skill_names(draft)
    cities = [words.CITIES[code] for code in draft.city.tolist()]
    columns: dict[str, Any] = {
        "job_id": ids,
        "title": texts.titles(draft),
        "description": texts.descriptions(draft, must, nice),
        "must_have_skills": must,
        "nice_to_have_skills": nice,
        "min_experience_years": _optional(draft.min_years, draft.has_band),
        "max_experience_years": _optional(draft.max_years, draft.has_band),
        "city": [city.name for city in cities],
        "region": [city.region for city in cities],
        "country": [city.country for city in cities],
        "remote_policy": [
            words.REMOTE_POLICIES[code] if there else None
            for code, there in zip(draft.policy.tolist(), draft.has_policy.tolist(), strict=True)
        ],
        "min_salary_usd_per_year": _optional(draft.min_salary_usd_per_year, draft.has_salary),
        "max_salary_usd_per_year": _optional(draft.max_salary_usd_per_year, draft.has_salary),
        "company": draft.company_name,
        "industry": [words.INDUSTRIES[code] for code in draft.industry.tolist()],
        "company_size": [words.COMPANY_SIZES[code] for code in draft.size.tolist()],
        "sponsors_work_permit": [None] * len(ids),
        "posted_at": [None] * len(ids),
        "block_words": [[] for _ in ids],
    }
    return pl.DataFrame(columns, schema=polars_schema(JobProfile))


def _skill_names(draft: JobDraft) -> tuple[list[list[str]], list[list[str]]]:
    codes = np.concatenate([draft.must, draft.nice], axis=1)
    width = codes.shape[1]
    names = texts.spelled(codes.ravel(), draft.spelling.ravel())
    rows = [names[start : start + width] for start in range(0, len(names), width)]
    must = [row[:count] for row, count in zip(rows, draft.n_must.tolist(), strict=True)]
    nice = [row[MAX_MUST : MAX_MUST + count] for row, count in zip(rows, draft.n_nice.tolist(), strict=True)]
    return must, nice


def _optional(values: Array, present: Array) -> list[float | None]:
    return [value if there else None for value, there in zip(values.tolist(), present.tolist(), strict=True)]
