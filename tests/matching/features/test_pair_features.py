from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile, ProtectedAttributes, frame
from matching.features.columns import FEATURE_INPUTS, FEATURE_NAMES
from matching.features.pair_features import PairFeatures

CANDIDATE: dict[str, Any] = {
    "candidate_id": "c",
    "headline": "Senior Python developer",
    "resume": "Ten years of Python and some Kubernetes.",
    "skills": [{"name": "Python", "years": 8.0}, {"name": "SQL", "years": None}],
    "experience_years": 10.0,
    "city": "Berlin",
    "region": "Berlin",
    "country": "Germany",
    "remote_wish": "remote",
    "wish_roles": ["Backend developer"],
    "wish_stack": ["Python", "Rust"],
    "wish_cities": ["Munich"],
    "wish_company_sizes": ["11-50"],
    "wish_industries": ["Games"],
    "expected_salary_usd_per_year": 100_000.0,
}
JOB: dict[str, Any] = {
    "job_id": "j",
    "title": "Python developer",
    "description": "Backend in Python, run on Kubernetes.",
    "must_have_skills": ["python", "Kubernetes"],
    "nice_to_have_skills": ["SQL"],
    "min_experience_years": 3.0,
    "max_experience_years": 8.0,
    "city": "Munich",
    "region": "Bavaria",
    "country": "Germany",
    "remote_policy": "hybrid",
    "min_salary_usd_per_year": 80_000.0,
    "max_salary_usd_per_year": 120_000.0,
    "company_size": "11-50",
    "industry": "Finance",
}
POSTED = datetime(2026, 3, 1, tzinfo=UTC)
OTHER_JOBS = [
    {"job_id": "k", "title": "Java developer", "must_have_skills": ["Java", "Kubernetes"]},
    {"job_id": "l", "title": "Python developer", "must_have_skills": ["Python"], "description": "Kubernetes"},
]


@pytest.fixture(scope="module")
def fitted() -> PairFeatures:
    people = [CANDIDATE, CANDIDATE | {"headline": "Java developer", "resume": "Java and Kubernetes."}]
    return PairFeatures().fit(frame(CandidateProfile, people), frame(JobProfile, [JOB, *OTHER_JOBS]))


def features_of(fitted: PairFeatures, candidate: dict[str, Any], job: dict[str, Any]) -> dict[str, float]:
    one = np.zeros(1, np.int64)
    pairs = Pairs(frame(CandidateProfile, [candidate]), frame(JobProfile, [job]), one, one)
    return dict(zip(FEATURE_NAMES, fitted.transform(pairs)[0].tolist(), strict=True))


def test_a_pair_has_the_values_computed_by_hand(fitted: PairFeatures) -> None:
    got = features_of(fitted, CANDIDATE, JOB)
    assert got["must_have_coverage"] == 1.0, "the resume names Kubernetes"
    assert 0 < got["must_have_listed_coverage"] < 1, "the list of skills does not"
    assert got["must_have_missing_count"] == 0
    assert got["must_have_listed_coverage"] < got["must_have_depth"] < 1, "the years of Kubernetes are unknown"
    assert got["nice_to_have_coverage"] == 1
    assert got["wish_stack_share"] == 0.5
    assert got["experience_below_years"] == 0
    assert got["experience_above_years"] == 2
    assert got["salary_headroom_log"] == pytest.approx(np.log(1.2))
    assert got["salary_middle_log"] == pytest.approx(0)
    assert (got["same_city"], got["same_region"]) == (0, 0)
    assert got["distance"] == 0, "a wanted city is as near as one's own"
    assert got["wish_city"] == 1
    assert got["remote_gap"] == 1
    assert got["wish_company_size"] == 1
    assert got["wish_industry"] == 0
    assert 0 < got["headline_title_similarity"] <= 1
    assert got["candidate_new_skill_share"] == 0


def test_a_rare_skill_weighs_more_than_a_common_one(fitted: PairFeatures) -> None:
    job = OTHER_JOBS[0] | {"must_have_skills": ["Python", "Java"]}
    person = CANDIDATE | {"resume": ""}
    common = features_of(fitted, person | {"skills": [{"name": "Python", "years": 1.0}]}, job)
    rare = features_of(fitted, person | {"skills": [{"name": "Java", "years": 1.0}]}, job)
    assert rare["must_have_coverage"] > 0.5 > common["must_have_coverage"]


def test_a_technology_never_seen_before_still_matches_itself(fitted: PairFeatures) -> None:
    person = CANDIDATE | {"skills": [{"name": "Newlang", "years": 1.0}]}
    got = features_of(fitted, person, JOB | {"must_have_skills": ["NEWLANG "], "nice_to_have_skills": []})
    assert got["must_have_coverage"] == 1
    assert got["candidate_new_skill_share"] == 1
    assert got["job_new_skill_share"] == 1


def test_java_is_not_javascript(fitted: PairFeatures) -> None:
    person = CANDIDATE | {"skills": [{"name": "JavaScript", "years": 5.0}], "resume": "JavaScript"}
    got = features_of(fitted, person, JOB | {"must_have_skills": ["Java"]})
    assert got["must_have_coverage"] == 0


def test_the_same_city_in_another_region_is_another_city(fitted: PairFeatures) -> None:
    person = CANDIDATE | {"city": "Springfield", "region": "Illinois"}
    same = features_of(fitted, person, JOB | {"city": "springfield", "region": "Illinois"})
    other = features_of(fitted, person, JOB | {"city": "Springfield", "region": "Ohio"})
    assert (same["same_city"], other["same_city"]) == (1, 0)


def test_a_missing_value_stays_missing_and_is_not_zero(fitted: PairFeatures) -> None:
    got = features_of(fitted, {"candidate_id": "c", "headline": "", "skills": []}, {"job_id": "j", "title": ""})
    missing = {name for name, value in got.items() if np.isnan(value)}
    assert {"candidate_experience_years", "must_have_coverage", "same_city", "wish_industry"} <= missing
    assert got["candidate_skill_count"] == 0
    assert got["text_similarity"] == 0


def test_a_value_does_not_depend_on_the_batch(fitted: PairFeatures) -> None:
    people = frame(CandidateProfile, [CANDIDATE | {"experience_years": float(n % 9)} for n in range(40)])
    jobs = frame(JobProfile, [JOB, *OTHER_JOBS])
    generator = np.random.default_rng(3)
    pairs = Pairs(people, jobs, generator.integers(0, 40, 500), generator.integers(0, 3, 500))
    together = fitted.transform(pairs)
    for row in (0, 17, 499):
        person, job = people[int(pairs.candidate_rows[row])], jobs[int(pairs.job_rows[row])]
        alone = fitted.transform(Pairs(person, job, np.zeros(1, np.int64), np.zeros(1, np.int64)))
        np.testing.assert_array_equal(alone[0], together[row])


def test_no_pairs_give_an_empty_matrix(fitted: PairFeatures) -> None:
    none = np.zeros(0, np.int64)
    empty = fitted.transform(Pairs(frame(CandidateProfile, [CANDIDATE]), frame(JobProfile, [JOB]), none, none))
    assert empty.shape == (0, len(FEATURE_NAMES))


def test_a_post_without_lists_asks_for_the_skills_and_years_of_its_text(fitted: PairFeatures) -> None:
    text = "You have 5+ years of experience. Requirements: Java 17, PostgreSQL. Kafka is a plus. No PHP required."
    bare = JOB | {
        "title": "Engineer",
        "must_have_skills": [],
        "nice_to_have_skills": [],
        "min_experience_years": None,
        "description": text,
    }
    listed = bare | {"must_have_skills": ["Java", "Postgres"], "nice_to_have_skills": ["Kafka"]}
    person = CANDIDATE | {"headline": "Engineer", "resume": "Java and Kafka, no PostgreSQL.", "skills": []}
    got, same = features_of(fitted, person, bare), features_of(fitted, person, listed)
    assert (got["job_must_have_count"], got["must_have_missing_count"], got["nice_to_have_coverage"]) == (2, 1, 1)
    assert got["job_min_experience_years"] == 5
    skills = [name for name in FEATURE_NAMES if "must_have" in name or "nice" in name]
    assert [got[name] for name in skills] == [same[name] for name in skills]


def test_names_streets_and_initials_that_look_like_skills_change_nothing() -> None:
    post = JOB | {
        "description": "Swift, Ruby, Rust and C with Jenkins, on Spring. Go is a plus.",
        "must_have_skills": [],
    }
    encoder = PairFeatures().fit(frame(CandidateProfile, [CANDIDATE]), frame(JobProfile, [post]))
    written = "{0}\n{1}, {2}@mail.org\nPython developer for {3} years. {4} Reference: Dr. {5}."
    plain = (
        "Maria Lopez",
        "12 Elmhurst Street, Tomball",
        "maria.lopez",
        "six",
        "I walk the extra mile.",
        "K. Brownlow",
    )
    alike = ("Maria Swift", "12 Ruby Street, Spring", "swift.ruby", "six", "I go the extra mile.", "C. Jenkins")
    one, other = (
        features_of(encoder, CANDIDATE | {"resume": written.format(*values), "skills": []}, post)
        for values in (plain, alike)
    )
    assert one == pytest.approx(other, abs=0, nan_ok=True)


def test_inputs_are_existing_columns_and_none_is_protected() -> None:
    known = {f"candidate.{name}" for name in CandidateProfile.model_fields}
    known |= {f"job.{name}" for name in JobProfile.model_fields}
    used = {column for columns in FEATURE_INPUTS.values() for column in columns}
    assert used <= known
    protected = set(ProtectedAttributes.model_fields) - {"candidate_id"}
    assert not {column.split(".")[1] for column in used} & protected


def test_each_feature_changes_only_with_its_inputs(fitted: PairFeatures) -> None:
    changes: dict[str, Any] = {
        "candidate.headline": "Plumber",
        "candidate.resume": "Pipes",
        "candidate.skills": [{"name": "Java", "years": 1.0}],
        "candidate.experience_years": 1.0,
        "candidate.city": None,
        "candidate.region": "Bavaria",
        "candidate.country": "France",
        "candidate.remote_wish": "onsite",
        "candidate.wish_roles": ["Python developer"],
        "candidate.wish_stack": ["Java"],
        "candidate.wish_cities": [JOB["city"]],
        "candidate.wish_company_sizes": ["1001+"],
        "candidate.wish_industries": ["Finance"],
        "candidate.expected_salary_usd_per_year": 50_000.0,
    }
    person = CANDIDATE | {"wish_cities": ["Rome"]}
    before = features_of(fitted, person, JOB)
    for column, value in changes.items():
        after = features_of(fitted, person | {column.split(".")[1]: value}, JOB)
        moved = {name for name in FEATURE_NAMES if not np.array_equal(before[name], after[name], equal_nan=True)}
        allowed = {name for name, columns in FEATURE_INPUTS.items() if column in columns}
        assert moved, f"nothing depends on {column}"
        assert moved <= allowed, column


@settings(max_examples=40, deadline=None)
@given(
    text=st.text(max_size=200),
    names=st.lists(st.text(min_size=1, max_size=20), max_size=5),
    years=st.none() | st.floats(0, 60),
)
def test_any_text_gives_finite_or_missing_values(text: str, names: list[str], years: float | None) -> None:
    encoder = PairFeatures().fit(frame(CandidateProfile, [CANDIDATE]), frame(JobProfile, [JOB]))
    person = CANDIDATE | {"headline": text, "resume": text, "skills": [{"name": n, "years": years} for n in names]}
    got = features_of(encoder, person | {"wish_roles": names}, JOB | {"must_have_skills": names, "title": text})
    assert not np.isinf(list(got.values())).any()


def test_fitting_on_empty_text_works() -> None:
    people = frame(CandidateProfile, [{"candidate_id": "c", "headline": "", "skills": []}])
    encoder = PairFeatures().fit(people, frame(JobProfile, [{"job_id": "j", "title": ""}]))
    assert features_of(encoder, CANDIDATE, JOB)["text_similarity"] == 0


def test_a_table_may_have_extra_columns(fitted: PairFeatures) -> None:
    people = frame(CandidateProfile, [CANDIDATE]).with_columns(pl.lit(1).alias("something_else"))
    one = np.zeros(1, np.int64)
    assert len(fitted.transform(Pairs(people, frame(JobProfile, [JOB]), one, one))) == 1


@pytest.mark.parametrize(("days", "age"), [(2.5, 2.5), (0, 0), (-3, 0)])
def test_the_age_of_a_job_post_is_measured_at_the_last_activity(fitted: PairFeatures, days: float, age: float) -> None:
    active = {"last_active_at": POSTED + timedelta(days=days)}
    found = features_of(fitted, CANDIDATE | active, JOB | {"posted_at": POSTED})
    assert found["post_age_days"] == pytest.approx(age, abs=1e-6)


def test_the_age_of_a_job_post_is_missing_without_either_time(fitted: PairFeatures) -> None:
    for candidate, job in ((CANDIDATE, JOB | {"posted_at": POSTED}), (CANDIDATE | {"last_active_at": POSTED}, JOB)):
        assert np.isnan(features_of(fitted, candidate, job)["post_age_days"])
