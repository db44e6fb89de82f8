"""Stored profiles come back bit for bit: the newest version of each, without protected attributes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text

from matching.data.tables import Candidate, CandidateProfile, Job, frame
from matching.errors import StorageError
from store.database import connect
from store.profiles import load, load_kind, read_payloads, replace_all
from store.schema import profiles

SOURCE = "marketplace"
EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, 12, 30, 0, 5, tzinfo=UTC)


def candidate(number: int, updated_at: datetime = EARLY, **more: Any) -> dict[str, Any]:
    skills = [{"name": "Python", "years": 0.1 + number}, {"name": "Go", "years": None}]
    return {
        "candidate_id": f"c{number}",
        "headline": f"Ünï\u2028code {number}",
        "skills": skills,
        "updated_at": updated_at,
    } | more


def job(number: int, updated_at: datetime = EARLY, **more: Any) -> dict[str, Any]:
    return {"job_id": f"j{number}", "title": "Engineer", "updated_at": updated_at} | more


def candidates(*rows: dict[str, Any]) -> pl.DataFrame:
    return frame(Candidate, list(rows))


def test_what_is_stored_comes_back_equal(engine: Engine) -> None:
    people = candidates(
        candidate(0), candidate(1, LATE, expected_salary_usd_per_year=123_456.789, wish_cities=["Köln"])
    )
    jobs = frame(Job, [job(0, company_size="11-50")])
    replace_all(engine, SOURCE, people, jobs)
    stored_people, stored_jobs = load(engine, SOURCE)
    assert stored_people.equals(people)
    assert stored_people.schema == people.schema
    assert stored_jobs.equals(jobs)


def test_the_newest_version_is_stored(engine: Engine) -> None:
    versions = candidates(candidate(0, LATE, headline="new"), candidate(0, EARLY, headline="old"), candidate(1))
    replace_all(engine, SOURCE, versions, frame(Job))
    stored, _ = load(engine, SOURCE)
    assert stored["candidate_id"].to_list() == ["c0", "c1"]
    assert stored["headline"][0] == "new"


def test_each_source_has_profiles_of_its_own(engine: Engine) -> None:
    replace_all(engine, SOURCE, candidates(candidate(0)), frame(Job))
    replace_all(engine, "another", candidates(candidate(0, headline="another"), candidate(1)), frame(Job))
    assert load(engine, SOURCE)[0]["candidate_id"].to_list() == ["c0"]
    replace_all(engine, SOURCE, candidates(), frame(Job))
    assert load(engine, "another")[0]["candidate_id"].to_list() == ["c0", "c1"]


def test_replacing_removes_all_others(engine: Engine) -> None:
    replace_all(engine, SOURCE, candidates(candidate(0), candidate(1)), frame(Job, [job(0)]))
    replace_all(engine, SOURCE, candidates(candidate(2)), frame(Job))
    stored, jobs = load(engine, SOURCE)
    assert stored["candidate_id"].to_list() == ["c2"]
    assert jobs.is_empty()
    assert jobs.schema == frame(Job).schema


def test_protected_attributes_are_not_stored(engine: Engine) -> None:
    people = candidates(candidate(0)).with_columns(pl.lit("woman").alias("gender"))
    replace_all(engine, SOURCE, people, frame(Job))
    with engine.connect() as connection:
        assert all("woman" not in row.payload for row in connection.execute(select(profiles)))


def test_payloads_and_rows_are_parallel(engine: Engine) -> None:
    replace_all(engine, SOURCE, candidates(*(candidate(n) for n in range(30))), frame(Job))
    stored = load_kind(engine, SOURCE, "candidate")
    for key, place in stored.row_of.items():
        assert stored.table["candidate_id"][place] == key
        assert CandidateProfile.model_validate_json(stored.payloads[place]).candidate_id == key


def test_a_broken_database_is_a_storage_error(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'log.db'}")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE profiles"))
    with pytest.raises(StorageError):
        load(engine, SOURCE)
    with pytest.raises(StorageError):
        replace_all(engine, SOURCE, candidates(candidate(0)), frame(Job))
    engine.dispose()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.builds(
        CandidateProfile,
        candidate_id=st.text(min_size=1, max_size=20),
        headline=st.text(max_size=60),
        resume=st.text(max_size=200),
        skills=st.just([]),
        experience_years=st.none() | st.floats(0, 60),
        expected_salary_usd_per_year=st.none() | st.floats(1_000, 5_000_000),
        wish_stack=st.lists(st.text(min_size=1, max_size=10), max_size=3),
        last_active_at=st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    )
)
def test_json_keeps_every_bit_of_a_profile(profile: CandidateProfile) -> None:
    direct = frame(CandidateProfile, [profile.model_dump()])
    payload = profile.model_dump_json()
    assert read_payloads([payload], CandidateProfile).equals(direct)
    assert frame(CandidateProfile, [CandidateProfile.model_validate_json(payload).model_dump()]).equals(direct)
