"""Named drift scenarios: what changes after the log, and in which columns it shows.

A scenario changes the true profiles (`change`), what the client reports (`report`), who is present (`admit`), or what
both sides look for (`weights`). Each choice depends on (seed, identifier) alone, so a scenario changes its own columns
and no other value.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from matching.arrays import Array, Booleans
from matching.errors import InputError
from matching.sources.marketplace import vocabulary as words
from matching.sources.marketplace.facts import CandidateFacts
from matching.sources.marketplace.randomness import keys, uniforms
from matching.sources.marketplace.utilities import CandidateWeights, CompanyWeights, UtilityWeights


@dataclass(frozen=True)
class Profiles:
    """The profiles of one window, in the schemas of `Candidate` and `Job`."""

    candidates: pl.DataFrame
    jobs: pl.DataFrame


Shift = Callable[[Profiles, int, int], Profiles]
"""Takes profiles, the seed and the number of the window, and returns changed profiles."""


def unchanged(profiles: Profiles, seed: int, window: int) -> Profiles:
    """Change nothing."""
    del seed, window
    return profiles


def everyone(facts: CandidateFacts, seed: int) -> Booleans:
    """Admit every candidate."""
    del seed
    return np.ones(len(facts.key), dtype=bool)


@dataclass(frozen=True)
class Scenario:
    """One named drift.

    Attributes:
        name: its name.
        description: what happens, in one sentence.
        candidate_columns: columns of candidates in which it shows.
        job_columns: columns of jobs in which it shows.
        change: changes the true profiles.
        report: changes what the client sends, and not the truth.
        admit: whether each candidate is present, from facts and seed.
        weights: what both sides look for.
    """

    name: str
    description: str
    candidate_columns: tuple[str, ...] = ()
    job_columns: tuple[str, ...] = ()
    change: Shift = unchanged
    report: Shift = unchanged
    admit: Callable[[CandidateFacts, int], Booleans] = everyone
    weights: UtilityWeights = field(default_factory=UtilityWeights)


EXPECTED_SALARY_GROWTH = 1.35
BAND_GROWTH = 1.08


def inflate_salaries(profiles: Profiles, seed: int, window: int) -> Profiles:
    """Raise expected salaries by 35 % and salary bands by 8 %."""
    del seed, window
    bands = pl.col("min_salary_usd_per_year", "max_salary_usd_per_year") * BAND_GROWTH
    expected = pl.col("expected_salary_usd_per_year") * EXPECTED_SALARY_GROWTH
    return Profiles(profiles.candidates.with_columns(expected.round(0)), profiles.jobs.with_columns(bands.round(0)))


def spread_new_stack(profiles: Profiles, seed: int, window: int) -> Profiles:
    """Give a growing share of candidates and jobs the new technology."""
    name, share = words.NEW_TECHNOLOGY, min(0.35 + 0.08 * window, 0.8)
    drawn = uniforms(keys(profiles.candidates["candidate_id"]), seed, "new stack", 2)
    knows = pl.Series(drawn[:, 0] < share)
    years = pl.Series(np.round(0.25 + 1.25 * drawn[:, 1], 2))
    skill = pl.struct(pl.lit(name).alias("name"), pl.lit(years).alias("years"))
    candidates = profiles.candidates.with_columns(
        skills=pl.when(knows).then(pl.concat_list("skills", skill)).otherwise("skills"),
        resume=pl.when(knows).then(pl.col("resume") + f" Lately I shipped a product with {name}.").otherwise("resume"),
    )
    requires = pl.Series(_drawn(profiles.jobs["job_id"], seed, "new stack") < share + 0.15)
    must = pl.col("must_have_skills")
    kept = must.list.head(pl.max_horizontal(must.list.len().cast(pl.Int64) - 1, pl.lit(1)))
    jobs = profiles.jobs.with_columns(
        must_have_skills=pl.when(requires).then(pl.concat_list(kept, pl.lit(name))).otherwise(must),
        title=pl.when(requires).then(pl.col("title") + f", {name}").otherwise("title"),
        description=pl.when(requires).then(pl.col("description") + f" We work with {name}.").otherwise("description"),
    )
    return Profiles(candidates, jobs)


def call_back_to_office(profiles: Profiles, seed: int, window: int) -> Profiles:
    """Move jobs on site while more candidates want remote work."""
    del window
    wants_remote = pl.Series(_drawn(profiles.candidates["candidate_id"], seed, "remote") < 0.7)
    moves = pl.Series(_drawn(profiles.jobs["job_id"], seed, "remote") < 0.7)
    line = pl.col("description") + " From now on the work is done in the office."
    return Profiles(
        profiles.candidates.with_columns(
            remote_wish=pl.when(wants_remote).then(pl.lit("remote")).otherwise("remote_wish")
        ),
        profiles.jobs.with_columns(
            remote_policy=pl.when(moves).then(pl.lit("onsite")).otherwise("remote_policy"),
            description=pl.when(moves).then(line).otherwise("description"),
        ),
    )


def report_monthly_salaries(profiles: Profiles, seed: int, window: int) -> Profiles:
    """Send six candidates in ten with a monthly salary in the field for the yearly one."""
    del window
    wrong = pl.Series(_drawn(profiles.candidates["candidate_id"], seed, "unit bug") < 0.6)
    salary = pl.col("expected_salary_usd_per_year")
    return replace(
        profiles,
        candidates=profiles.candidates.with_columns(pl.when(wrong).then((salary / 12).round(2)).otherwise(salary)),
    )


LOST_COLUMNS = ("experience_years", "city", "region", "country", "remote_wish", "expected_salary_usd_per_year")


def report_nulls(profiles: Profiles, seed: int, window: int) -> Profiles:
    """Lose each of `LOST_COLUMNS` of a candidate six times in ten."""
    del window
    drawn = uniforms(keys(profiles.candidates["candidate_id"]), seed, "null flood", len(LOST_COLUMNS))
    lost = [
        pl.when(pl.Series(drawn[:, place] >= 0.6)).then(pl.col(name)).alias(name)
        for place, name in enumerate(LOST_COLUMNS)
    ]
    return replace(profiles, candidates=profiles.candidates.with_columns(lost))


def admit_juniors(facts: CandidateFacts, seed: int) -> Booleans:
    """Admit everyone with under three years of experience, and one in five of the others."""
    drawn = uniforms(facts.key, seed, "seniority mix", 1)[:, 0]
    return np.asarray((facts.years < 3.0) | (drawn < 0.2))


def _drawn(ids: pl.Series, seed: int, stream: str) -> Array:
    return uniforms(keys(ids), seed, stream, 1)[:, 0]


SHIFTED_WEIGHTS = UtilityWeights(
    company=CompanyWeights(
        intercept=-0.5, coverage=-0.6, full_coverage=-0.3, low_coverage=0.0, depth_of_short=0.0, role=0.3, ready=-0.8,
        years_over=-0.35, years_short=0.05, salary_over=-4.0, bargain=1.2, place=0.9,
    ),
    candidate=CandidateWeights(
        intercept=-1.6, wanted_role=0.1, stack=-0.6, salary=2.2, remote=-0.9, size=-0.4, industry=0.0,
        remote_and_stack=-0.8, place=1.1,
    ),
)  # fmt: skip
"""Companies prefer cheap, local, less specialised candidates; candidates look for pay and proximity, not a stack."""

_ALL = (
    Scenario("none", "Nothing changes."),
    Scenario(
        "salary-inflation",
        "Candidates expect 35 % more pay while companies raise their bands by 8 %.",
        ("expected_salary_usd_per_year",),
        ("min_salary_usd_per_year", "max_salary_usd_per_year"),
        change=inflate_salaries,
    ),
    Scenario(
        "new-stack",
        f"{words.NEW_TECHNOLOGY}, a technology that is not in the log, spreads among candidates and jobs.",
        ("skills", "resume"),
        ("must_have_skills", "title", "description"),
        change=spread_new_stack,
    ),
    Scenario(
        "remote-shift",
        "Companies move jobs on site while more candidates want to work remotely.",
        ("remote_wish",),
        ("remote_policy", "description"),
        change=call_back_to_office,
    ),
    Scenario(
        "unit-bug",
        "A client sends the expected salary per month in the field for the salary per year.",
        ("expected_salary_usd_per_year",),
        report=report_monthly_salaries,
    ),
    Scenario(
        "null-flood",
        "A client stops sending most optional fields of candidates.",
        LOST_COLUMNS,
        report=report_nulls,
    ),
    Scenario(
        "seniority-mix",
        "Most experienced candidates leave, so searches show far more juniors.",
        ("experience_years", "skills", "headline", "resume", "expected_salary_usd_per_year"),
        admit=admit_juniors,
    ),
    Scenario(
        "taste-shift",
        "Both sides look for other things: profiles keep their distribution, outcomes change.",
        weights=SHIFTED_WEIGHTS,
    ),
)
SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in _ALL}
"""Every scenario by name."""


def named(name: str) -> Scenario:
    """Return the scenario of this name.

    Raises:
        InputError: there is none.
    """
    if name not in SCENARIOS:
        raise InputError(f"unknown scenario {name!r}: choose one of {', '.join(SCENARIOS)}")
    return SCENARIOS[name]
