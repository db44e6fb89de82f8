"""What candidates and jobs are before they are written down."""

from dataclasses import dataclass, replace

from matching.arrays import Array


@dataclass(frozen=True)
class CandidateDraft:
    """What a candidate is before it is written down. Arrays have one row per candidate; -1 means not stated."""

    stack: Array
    city: Array
    experience_years: Array
    experience_stated: Array
    skills: Array  # (n, MAX_SKILLS) technology codes, most typical first
    skill_years: Array
    skill_stated: Array  # False where a skill is named only in the resume
    years_stated: Array
    n_skills: Array
    spelling: Array  # (n, MAX_SKILLS) numbers that choose among synonyms
    remote_wish: Array
    wish_role: Array  # (n, 2) role codes, -1 for none
    wish_stack: Array  # (n, 4) technology codes, -1 for none
    wish_cities: Array  # (n, 2) city codes, -1 for none
    wish_sizes: Array  # (n, 5) booleans
    wish_industries: Array  # (n, 3) industry codes, -1 for none
    salary_usd_per_year: Array
    salary_stated: Array
    gender: Array
    age_years: Array
    ethnicity: Array
    declared: Array  # (n, 3) booleans: gender, age band and ethnicity are declared
    text: Array  # (n, TEXT_CHOICES) numbers that choose among phrasings

    def take(self, rows: Array) -> "CandidateDraft":
        """Keep some of the candidates."""
        return replace(self, **{name: value[rows] for name, value in vars(self).items()})


@dataclass(frozen=True)
class JobDraft:
    """What a job is before it is written down. Arrays have one row per job; -1 means not stated."""

    stack: Array
    must: Array  # (n, MAX_MUST) technology codes
    n_must: Array
    nice: Array  # (n, MAX_NICE) technology codes
    n_nice: Array
    spelling: Array
    min_years: Array
    max_years: Array
    band_stated: Array
    city: Array
    policy: Array
    policy_stated: Array
    min_salary_usd_per_year: Array
    max_salary_usd_per_year: Array
    salary_stated: Array
    company_name: list[str]
    industry: Array
    size: Array
    text: Array
