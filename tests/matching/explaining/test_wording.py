"""Words state what the two profiles hold, to each side in its own person, the largest effect first."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.data.tables import CandidateProfile, JobProfile
from matching.explaining import wording
from matching.explaining.contributions import Contributions
from matching.features.columns import FEATURE_GROUPS

ADA = {
    "candidate_id": "c",
    "headline": "Senior backend engineer",
    "skills": [{"name": "Python"}, {"name": " SQL "}, {"name": "Go"}, {"name": "AWS"}, {"name": "Rust"}],
    "experience_years": 2.0,
    "city": "Austin",
    "region": "Texas",
    "country": "United States",
    "remote_wish": "remote",
    "wish_stack": ["Python", "Rust"],
    "wish_industries": ["Fintech"],
    "wish_company_sizes": ["1-10"],
    "expected_salary_usd_per_year": 98_000.0,
}
POST = {
    "job_id": "j",
    "title": "Backend developer",
    "must_have_skills": ["python", "SQL", "go", "AWS", "Kubernetes"],
    "nice_to_have_skills": ["Kafka"],
    "min_experience_years": 5.0,
    "max_experience_years": 9.0,
    "city": "Austin",
    "region": "Texas",
    "country": "United States",
    "remote_policy": "remote",
    "min_salary_usd_per_year": 80_000.0,
    "max_salary_usd_per_year": 90_000.0,
    "industry": "fintech",
    "company_size": "11-50",
}


def said(group: str, candidate: dict[str, Any] | None = None, job: dict[str, Any] | None = None) -> tuple[str, str]:
    told = Contributions("match", "log", -1.0, {group: 0.2}, -0.8, 0.45)
    people = CandidateProfile.model_validate(ADA | (candidate or {}))
    (reason,) = wording.reasons(told, people, JobProfile.model_validate(POST | (job or {})))
    return reason.for_candidate, reason.for_company


@pytest.mark.parametrize(
    ("group", "to_candidate", "to_company"),
    [
        (
            "skills",
            "You list 4 of the 5 required skills and 0 of 1 welcome; missing: Kubernetes.",
            "The candidate lists 4 of the 5 required skills and 0 of 1 welcome; missing: Kubernetes.",
        ),
        (
            "experience",
            "Your experience of 2 years is 3 years short of the 5 years that the job asks for.",
            "The candidate's experience of 2 years is 3 years short of the 5 years that the job asks for.",
        ),
        (
            "salary",
            "The salary band ends 8,000 USD a year below your expectation.",
            "The salary band ends below the candidate's expectation.",
        ),
        (
            "place",
            "The job is in your city. The job is fully remote, as you wish.",
            "The job is in the candidate's city. The job is fully remote, as the candidate wishes.",
        ),
        ("remote", "The job is fully remote, as you wish.", "The job is fully remote, as the candidate wishes."),
        (
            "role",
            "The job's title and your headline or wanted roles share backend.",
            "The job's title and the candidate's headline or wanted roles share backend.",
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
def test_facts_are_told_to_each_side(group: str, to_candidate: str, to_company: str) -> None:
    assert said(group) == (to_candidate, to_company)


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
            "Your experience of 9.5 years is 0.5 years above the 9 years that the job asks for at most.",
        ),
        ("experience", {"experience_years": 7}, {}, "Your experience of 7 years is within what the job asks for."),
        ("experience", {"experience_years": None}, {}, "Your profile states no years of experience."),
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
        ("salary", {"expected_salary_usd_per_year": None}, {}, "Your profile states no expected salary."),
        (
            "salary",
            {},
            {"min_salary_usd_per_year": None, "max_salary_usd_per_year": None},
            "The job states no salary band.",
        ),
        ("place", {"city": "Dallas"}, {}, "The job is in your region, in another city."),
        ("place", {"city": "Paris", "region": None, "country": "France"}, {}, "The job is not in your country."),
        ("place", {"region": "Ohio"}, {}, "The job is in your country, in another city."),
        ("place", {"wish_cities": ["austin"], "city": "Rome"}, {}, "The job is in Austin, where you want to work."),
        ("remote", {"remote_wish": "onsite"}, {}, "The job is fully remote; you want to work on site."),
        ("remote", {"remote_wish": "any"}, {}, "The job is fully remote; you want to work anywhere."),
        ("remote", {"remote_wish": None}, {}, "The job is fully remote; you state no wish."),
        ("remote", {}, {"remote_policy": None}, "The job does not state where the work is done."),
        ("role", {"headline": "Cook"}, {}, "The job's title and your headline or wanted roles share no word."),
        ("wishes", {"wish_stack": [], "wish_industries": []}, {}, "You state no wanted technologies or industries."),
    ],
)
def test_each_case_has_its_words(group: str, candidate: dict[str, Any], job: dict[str, Any], expected: str) -> None:
    told = said(group, candidate, job)[0]
    assert told == (f"{expected} The job is fully remote, as you wish." if group == "place" else expected)


def test_the_largest_effect_comes_first_and_a_small_one_does_not_matter() -> None:
    values = {"skills": 0.04, "salary": -0.9, "place": 0.3, "remote": 0.0}
    told = Contributions("company", "log odds", 0.0, values, -0.56, 0.36)
    found = wording.reasons(told, CandidateProfile.model_validate(ADA), JobProfile.model_validate(POST))
    assert [(one.group, one.effect, one.contribution) for one in found] == [
        ("salary", "lowers", -0.9),
        ("place", "raises", 0.3),
        ("skills", "does not matter", 0.04),
        ("remote", "does not matter", 0.0),
    ]


def test_every_group_of_features_has_words() -> None:
    assert set(FEATURE_GROUPS) <= set(wording.FACTS)


MAYBE = {
    "candidate": st.fixed_dictionaries({}, optional={name: st.just(value) for name, value in ADA.items()}),
    "job": st.fixed_dictionaries({}, optional={name: st.just(value) for name, value in POST.items()}),
}


@given(MAYBE["candidate"], MAYBE["job"])
def test_any_pair_has_words_for_every_group_and_no_number_of_a_persons_pay_for_the_company(
    candidate: dict[str, Any], job: dict[str, Any]
) -> None:
    needed = {"candidate_id": "c", "headline": "", "skills": []}, {"job_id": "j", "title": ""}
    people = CandidateProfile.model_validate(needed[0] | candidate)
    told = Contributions("match", "log", 0.0, dict.fromkeys(wording.FACTS, 0.1), 0.8, 0.5)
    for reason in wording.reasons(told, people, JobProfile.model_validate(needed[1] | job)):
        for sentence in (reason.for_candidate, reason.for_company):
            assert sentence[0].isupper()
            assert sentence.endswith(".")
            assert "None" not in sentence
        assert "USD" not in reason.for_company


def test_skills_are_told_by_meaning_as_the_model_reads_them() -> None:
    skills = [{"name": "k8s"}, {"name": "Golang"}]
    job = {"must_have_skills": ["Kubernetes", "Go", "SQL", "Java"], "nice_to_have_skills": []}
    told, _ = said("skills", {"skills": skills, "resume": "Reports in SQL and JavaScript."}, job)
    assert told == "You list 2 of the 4 required skills; the resume names SQL; missing: Java."


@pytest.mark.parametrize(
    ("active", "posted", "to_candidate"),
    [
        ("2026-03-05T12:00:00Z", "2026-03-01T00:00:00Z", "The job had been posted 4 days before you were last active."),
        ("2026-03-02T12:00:00Z", "2026-03-01T00:00:00Z", "The job had been posted 1 day before you were last active."),
        ("2026-03-01T09:00:00Z", "2026-03-01", "The job had been posted less than a day before you were last active."),
        ("2026-02-01T00:00:00Z", "2026-03-01", "The job was posted after you were last active."),
        (None, "2026-03-01", "When you were last active is not known."),
        ("2026-03-01", None, "The job does not state when it was posted."),
    ],
)
def test_how_new_a_job_was(active: str | None, posted: str | None, to_candidate: str) -> None:
    told, to_company = said("freshness", {"last_active_at": active}, {"posted_at": posted})
    assert told == to_candidate
    assert not any(sign.isdigit() for sign in to_company), "a company does not learn when somebody was active"
    assert to_company.startswith(("The job ", "When the candidate was"))
