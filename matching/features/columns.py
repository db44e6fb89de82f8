"""Columns of the feature matrix: their names and order, their groups, and the profile columns they depend on."""

from typing import NamedTuple

_CANDIDATE_SKILLS = ("candidate.skills", "candidate.headline", "candidate.resume")
_LISTED_SKILLS = ("candidate.skills",)
# What a post asks is in its lists or, without them, in its text.
_JOB_SKILLS = ("job.must_have_skills", "job.nice_to_have_skills", "job.title", "job.description")
_CANDIDATE_TEXT = ("candidate.headline", "candidate.resume", "candidate.wish_roles")
_JOB_TEXT = ("job.title", "job.description")
# A resume that was pasted from the job's text does not count: these features depend on both texts.
_BOTH_SKILLS = (*_CANDIDATE_SKILLS, *_JOB_SKILLS)
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
    "job_must_have_count": Feature("skills", _JOB_SKILLS),
    "job_new_skill_share": Feature("skills", _JOB_SKILLS),
    "must_have_coverage": Feature("skills", _BOTH_SKILLS),
    "must_have_listed_coverage": Feature("skills", (*_LISTED_SKILLS, *_JOB_SKILLS)),
    "must_have_missing_count": Feature("skills", _BOTH_SKILLS),
    "must_have_depth": Feature("skills", _BOTH_SKILLS),
    "nice_to_have_coverage": Feature("skills", _BOTH_SKILLS),
    "skill_overlap_rarity": Feature("skills", _BOTH_SKILLS),
    "candidate_experience_years": Feature("experience", _EXPERIENCE),
    "job_min_experience_years": Feature("experience", ("job.min_experience_years", *_JOB_TEXT)),
    "job_max_experience_years": Feature("experience", ("job.max_experience_years", *_JOB_TEXT)),
    "experience_below_years": Feature("experience", (*_EXPERIENCE, "job.min_experience_years", *_JOB_TEXT)),
    "experience_above_years": Feature("experience", (*_EXPERIENCE, "job.max_experience_years", *_JOB_TEXT)),
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
