"""A sentence gives the facts of the two profiles and addresses each side in its own person."""

from typing import Any

import pytest

from matching.data.tables import CandidateProfile, JobProfile
from matching.explaining.wording import CANDIDATE, COMPANY, WORDINGS, sentence
from matching.features.columns import FEATURE_GROUPS
from tests.matching.explaining.profiles import ADA, POST


def sentences(group: str, candidate: dict[str, Any] | None = None, job: dict[str, Any] | None = None) -> list[str]:
    """The sentences for the candidate and for the company."""
    profiles = CandidateProfile.model_validate(ADA | (candidate or {})), JobProfile.model_validate(POST | (job or {}))
    return [sentence(group, *profiles, reader) for reader in (CANDIDATE, COMPANY)]


@pytest.mark.parametrize(
    ("group", "to_candidate", "to_company"),
    [
        (
            "skills",
            "You list 4 of the 5 required skills and 0 of the 1 nice-to-have skill; missing: Kubernetes.",
            "The candidate lists 4 of the 5 required skills and 0 of the 1 nice-to-have skill; missing: Kubernetes.",
        ),
        (
            "experience",
            "Your 2 years of experience are 3 years short of the 5 years that the job requires.",
            "The candidate's 2 years of experience are 3 years short of the 5 years that the job requires.",
        ),
        (
            "salary",
            "The salary band ends 8,000 USD a year below your expectation.",
            "The salary band ends below the candidate's expectation.",
        ),
        (
            "place",
            "The job is in your city. The job is fully remote, which is what you want.",
            "The job is in the candidate's city. The job is fully remote, which is what the candidate wants.",
        ),
        (
            "remote",
            "The job is fully remote, which is what you want.",
            "The job is fully remote, which is what the candidate wants.",
        ),
        (
            "role",
            "The job's title and your headline or wanted roles have backend in common.",
            "The job's title and the candidate's headline or wanted roles have backend in common.",
        ),
        (
            "wishes",
            "The job uses 1 of the 2 technologies that you want: Python; its industry, fintech, is one that you want.",
            "The job uses 1 of the 2 technologies that the candidate wants: Python; its industry, fintech, is one that "
            "the candidate wants.",
        ),
        (
            "company",
            "The company has 11-50 employees, not a size that you want.",
            "The company has 11-50 employees, not a size that the candidate wants.",
        ),
        (
            "other",
            "Other details of the job and of your profile.",
            "Other details of the job and of the candidate's profile.",
        ),
    ],
)
def test_each_side_has_its_own_sentence(group: str, to_candidate: str, to_company: str) -> None:
    assert sentences(group) == [to_candidate, to_company]


@pytest.mark.parametrize(
    ("group", "candidate", "job", "expected"),
    [
        ("skills", {}, {"must_have_skills": []}, "The job names no required skills."),
        (
            "skills",
            {},
            {"must_have_skills": ["Go", "go "], "nice_to_have_skills": []},
            "You list 1 of the 1 required skill.",
        ),
        (
            "experience",
            {"experience_years": 9.5},
            {},
            "Your 9.5 years of experience are 0.5 years above the job's maximum of 9 years.",
        ),
        (
            "experience",
            {"experience_years": 7},
            {},
            "Your 7 years of experience are within the range that the job requires.",
        ),
        ("experience", {"experience_years": None}, {}, "Your profile gives no years of experience."),
        (
            "salary",
            {"expected_salary_usd_per_year": 85_000},
            {},
            "The salary band reaches your expectation and ends 5,000 USD a year above it.",
        ),
        (
            "salary",
            {"expected_salary_usd_per_year": 70_000},
            {},
            "The salary band begins 10,000 USD a year above your expectation.",
        ),
        ("salary", {"expected_salary_usd_per_year": None}, {}, "Your profile gives no expected salary."),
        (
            "salary",
            {},
            {"min_salary_usd_per_year": None, "max_salary_usd_per_year": None},
            "The job gives no salary band.",
        ),
        ("place", {"city": "Dallas"}, {}, "The job is in your region, in another city."),
        ("place", {"city": "Paris", "region": None, "country": "France"}, {}, "The job is not in your country."),
        ("place", {"region": "Ohio"}, {}, "The job is in your country, in another city."),
        ("place", {"wish_cities": ["austin"], "city": "Rome"}, {}, "The job is in Austin, where you want to work."),
        ("remote", {"remote_wish": "onsite"}, {}, "The job is fully remote; you want work on site."),
        ("remote", {"remote_wish": "any"}, {}, "The job is fully remote; you want to work anywhere."),
        (
            "remote",
            {"remote_wish": None},
            {},
            "The job is fully remote; your profile does not say where you want to work.",
        ),
        ("remote", {}, {"remote_policy": None}, "The job does not say where the work is done."),
        ("role", {"headline": "Cook"}, {}, "The job's title and your headline or wanted roles have no word in common."),
        (
            "wishes",
            {"wish_stack": [], "wish_industries": []},
            {},
            "Your profile lists no wanted technologies or industries.",
        ),
    ],
)
def test_each_case_has_its_sentence(group: str, candidate: dict[str, Any], job: dict[str, Any], expected: str) -> None:
    remote = " The job is fully remote, which is what you want." if group == "place" else ""
    assert sentences(group, candidate, job)[0] == expected + remote


def test_every_group_of_features_has_a_wording() -> None:
    assert set(FEATURE_GROUPS) <= set(WORDINGS)


def test_a_group_of_another_feature_set_is_named_without_its_values() -> None:
    assert sentences("night_shifts")[0] == "What the job and your profile say about: night shifts."


def test_spellings_of_a_skill_are_one_skill_as_they_are_to_the_model() -> None:
    skills = [{"name": "k8s"}, {"name": "Golang"}]
    job = {"must_have_skills": ["Kubernetes", "Go", "SQL", "Java"], "nice_to_have_skills": []}
    to_candidate, _ = sentences("skills", {"skills": skills, "resume": "Reports in SQL and JavaScript."}, job)
    assert to_candidate == "You list 2 of the 4 required skills; the resume names SQL; missing: Java."


@pytest.mark.parametrize(
    ("active", "posted", "to_candidate"),
    [
        ("2026-03-05T12:00:00Z", "2026-03-01T00:00:00Z", "The job had been posted 4 days before you were last active."),
        ("2026-03-02T12:00:00Z", "2026-03-01T00:00:00Z", "The job had been posted 1 day before you were last active."),
        ("2026-03-01T09:00:00Z", "2026-03-01", "The job had been posted less than a day before you were last active."),
        ("2026-02-01T00:00:00Z", "2026-03-01", "The job was posted after you were last active."),
        (None, "2026-03-01", "It is not known when you were last active."),
        ("2026-03-01", None, "The job does not say when it was posted."),
    ],
)
def test_the_age_of_a_job(active: str | None, posted: str | None, to_candidate: str) -> None:
    for_candidate, for_company = sentences("freshness", {"last_active_at": active}, {"posted_at": posted})
    assert for_candidate == to_candidate
    assert not any(sign.isdigit() for sign in for_company), "a company does not learn when a candidate was active"
    assert for_company.startswith(("The job ", "It is not known when the candidate was"))
