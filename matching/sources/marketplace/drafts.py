"""Drafts: candidates and jobs as arrays, before they become profiles."""

from dataclasses import dataclass, replace

from matching.arrays import Array


@dataclass(frozen=True)
class CandidateDraft:
    """Candidates before they become profiles. Arrays have one row per candidate; a code of -1 means missing."""

    stack: Array
    city: Array
    experience_years: Array
    has_experience: Array
    skills: Array  # (n, MAX_SKILLS) technology codes, most typical first
    skill_years: Array
    is_listed: Array  # False for a skill that only the resume names
    has_years: Array
    n_skills: Array
    spelling: Array  # (n, MAX_SKILLS) random numbers that choose among synonyms
    remote_wish: Array
    wish_role: Array  # (n, 2) role codes
    wish_stack: Array  # (n, 4) technology codes
    wish_cities: Array  # (n, 2) city codes
    wish_sizes: Array  # (n, 5) booleans
    wish_industries: Array  # (n, 3) industry codes
    salary_usd_per_year: Array
    has_salary: Array
    gender: Array
    age_years: Array
    ethnicity: Array
    declared: Array  # (n, 3) booleans: whether gender, age band and ethnicity are declared
    text: Array  # (n, TEXT_CHOICES) random numbers that choose among phrasings

    def take(self, rows: Array) -> "CandidateDraft":
        """Keep the given candidates."""
        return replace(self, **{name: value[rows] for name, value in vars(self).items()})


@dataclass(frozen=True)
class JobDraft:
    """Jobs before they become profiles. Arrays have one row per job; a code of -1 means missing."""

    stack: Array
    must: Array  # (n, MAX_MUST) technology codes
    n_must: Array
    nice: Array  # (n, MAX_NICE) technology codes
    n_nice: Array
    spelling: Array
    min_years: Array
    max_years: Array
    has_band: Array
    city: Array
    policy: Array
    has_policy: Array
    min_salary_usd_per_year: Array
    max_salary_usd_per_year: Array
    has_salary: Array
    company_name: list[str]
    industry: Array
    size: Array
    text: Array
