from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from matching.data.dataset import Dataset
from matching.data.tables import Candidate, Event, Job, ProtectedAttributes, frame
from matching.data.validation import broken_rules, examine, validate
from matching.errors import InvalidTable, UnusableData

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def candidate(**changes: Any) -> dict[str, Any]:
    return {"candidate_id": "ann", "headline": "Nurse", "skills": [], "updated_at": START} | changes


def job(**changes: Any) -> dict[str, Any]:
    return {"job_id": "ward", "title": "Nurse", "updated_at": START} | changes


def event(**changes: Any) -> dict[str, Any]:
    return {"candidate_id": "ann", "job_id": "ward", "kind": "view", "time": LATER} | changes


def dataset(
    candidates: list[dict[str, Any]] | None = None,
    jobs: list[dict[str, Any]] | None = None,
    events: list[dict[str, Any]] | None = None,
    protected: list[dict[str, Any]] | None = None,
) -> Dataset:
    return Dataset(
        "test",
        frame(Candidate, candidates or [candidate()]),
        frame(Job, jobs or [job()]),
        frame(Event, events or [event()]),
        frame(ProtectedAttributes, protected),
    )


def broken(data: Dataset) -> list[tuple[Any, ...]]:
    return broken_rules(data, now=NOW).select("table", "row", "column", "rule").rows()


def test_rows_that_satisfy_every_rule_pass_and_leave_no_file(tmp_path: Path) -> None:
    full = candidate(
        skills=[{"name": "triage", "years": None}, {"name": "care", "years": 60.0}],
        city="Lyon",
        remote_wish="any",
        wish_company_sizes=["1-10", "1001+"],
        expected_salary_usd_per_year=1_000.0,
    )
    band = job(min_experience_years=2.0, max_experience_years=2.0, min_salary_usd_per_year=30_000.0)
    shown = event(position=1, propensity=1.0, time=START)
    validate(
        dataset([full], [band], [shown], [{"candidate_id": "ann", "gender": "other"}]), tmp_path / "rejected", now=NOW
    )
    assert not (tmp_path / "rejected").exists()


BROKEN_CANDIDATES = {
    "headline too long": ({"headline": "x" * 501}, "headline", "must have at most 500 characters"),
    "headline null": ({"headline": None}, "headline", "must not be null"),
    "id empty": ({"candidate_id": ""}, "candidate_id", "must have at least 1 character"),
    "experience negative": ({"experience_years": -0.5}, "experience_years", "must be at least 0"),
    "experience not a number": ({"experience_years": float("nan")}, "experience_years", "must be at least 0"),
    "salary in cents": ({"expected_salary_usd_per_year": 9e6}, "expected_salary_usd_per_year", "at most 5,000"),
    "salary infinite": ({"expected_salary_usd_per_year": float("inf")}, "expected_salary_usd_per_year", "at most"),
    "unknown choice": ({"remote_wish": "moon"}, "remote_wish", "must be one of onsite, hybrid, remote, any"),
    "unknown choice in a list": ({"wish_company_sizes": ["1-10", "huge"]}, "wish_company_sizes", "each entry must be"),
    "list too long": ({"wish_roles": ["x"] * 201}, "wish_roles", "must have at most 200 entries"),
    "entry too long": ({"wish_stack": ["sql", "x" * 121]}, "wish_stack", "each entry must have at most 120 characters"),
    "entry null": ({"wish_cities": ["Lyon", None]}, "wish_cities", "must have no null entry"),
    "list null": ({"wish_cities": None}, "wish_cities", "must not be null"),
    "skill years": ({"skills": [{"name": "a", "years": 61.0}]}, "skills", "each entry (years) must be at most 60"),
    "skill name null": ({"skills": [{"name": None, "years": 1.0}]}, "skills", "each entry (name) must not be null"),
    "time absurd": ({"updated_at": datetime(1970, 1, 1, tzinfo=UTC)}, "updated_at", "must lie between 1990 and 2100"),
}


@pytest.mark.parametrize(("changes", "column", "rule"), BROKEN_CANDIDATES.values(), ids=BROKEN_CANDIDATES)
def test_each_broken_rule_is_reported_with_its_row_and_column(changes: dict[str, Any], column: str, rule: str) -> None:
    good = candidate(candidate_id="bob")
    found = broken(dataset([candidate(), good, candidate(updated_at=LATER) | changes]))
    assert [(table, row, name) for table, row, name, _ in found] == [("candidates", 3, column)] * len(found)
    assert any(rule in words for *_, words in found)


def test_a_salary_that_is_too_low_for_a_year_is_said_to_look_like_another_period() -> None:
    hourly = dataset(jobs=[job(min_salary_usd_per_year=60.0)])
    hints = examine(hourly, now=LATER).faults["hint"].to_list()
    assert hints == ["found 60, which looks like an hourly amount"]


def test_rules_between_columns_rows_and_tables() -> None:
    people = [candidate(), candidate(headline="another")]
    jobs = [job(min_experience_years=5.0, max_experience_years=2.0), job(job_id="b", min_salary_usd_per_year=9e4)]
    jobs[1]["max_salary_usd_per_year"] = 8e4
    early = datetime(2025, 12, 31, tzinfo=UTC)
    events = [event(), event(candidate_id="eve"), event(job_id="none"), event(time=early)]
    protected = [{"candidate_id": "ann"}, {"candidate_id": "eve"}]
    assert set(broken(dataset(people, jobs, events, protected))) == {
        ("candidates", 1, "candidate_id", "must be unique together with updated_at"),
        ("candidates", 2, "candidate_id", "must be unique together with updated_at"),
        ("jobs", 1, "min_experience_years", "must not be above max_experience_years"),
        ("jobs", 2, "min_salary_usd_per_year", "must not be above max_salary_usd_per_year"),
        ("events", 2, "candidate_id", "must exist in candidates"),
        ("events", 3, "job_id", "must exist in jobs"),
        ("events", 4, "time", "must not be before the first version in candidates"),
        ("events", 4, "time", "must not be before the first version in jobs"),
        ("protected", 2, "candidate_id", "must exist in candidates"),
    }


def test_the_error_is_one_line_and_the_rejected_rows_have_reasons(tmp_path: Path) -> None:
    secret = "Jane Roe, 12 Elm Street"
    people = [candidate(), candidate(candidate_id="b", headline=secret * 50, experience_years=99.0)]
    rejected = tmp_path / "rejected"
    with pytest.raises(InvalidTable) as caught:
        validate(dataset(people, events=[event(), event(job_id="x"), event(job_id="x")]), rejected, now=NOW)
    message = str(caught.value)
    assert "\n" not in message
    assert "3 rows break 3 rules" in message
    assert "2 x events column job_id must exist in jobs" in message
    assert "first: table candidates, row 2, column headline must have at most 500 characters" in message
    assert str(rejected) in message
    assert "Jane" not in message
    people_rejected = pl.read_parquet(rejected / "candidates.parquet")
    assert people_rejected["row"].to_list() == [2]
    assert people_rejected["reason"].to_list() == [
        "headline: must have at most 500 characters; experience_years: must be at most 60"
    ]
    assert people_rejected.columns == ["row", *Candidate.model_fields, "reason"]
    assert (rejected / "candidates.parquet").stat().st_mode & 0o077 == 0
    assert pl.read_parquet(rejected / "events.parquet")["row"].to_list() == [2, 3]
    assert not (rejected / "jobs.parquet").exists()


def test_rejected_rows_of_an_earlier_run_are_removed(tmp_path: Path) -> None:
    with pytest.raises(InvalidTable):
        validate(dataset(events=[event(job_id="x")]), tmp_path, now=NOW)
    validate(dataset(), tmp_path, now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_table_with_other_columns_or_types_is_refused_with_the_difference(tmp_path: Path) -> None:
    data = dataset()
    wrong = data.jobs.drop("city").with_columns(pl.lit(1).alias("floor"), pl.col("title").cast(pl.Binary))
    with pytest.raises(InvalidTable, match=r"jobs.*-title \(String\), -city \(String\), \+title \(Binary\), \+floor"):
        validate(Dataset("test", data.candidates, wrong, data.events), tmp_path, now=NOW)


@pytest.mark.parametrize("table", ["candidates", "jobs", "events"])
def test_an_empty_table_is_unusable(table: str, tmp_path: Path) -> None:
    tables = {name: rows.head(0) if name == table else rows for name, (_, rows) in dataset().tables().items()}
    with pytest.raises(UnusableData, match=f"table {table}: has no rows"):
        validate(Dataset("test", **tables), tmp_path, now=NOW)


def test_each_of_many_rows_is_counted(tmp_path: Path) -> None:
    data = dataset()
    many = pl.concat([data.events.with_columns(pl.lit(2.0).alias("propensity"))] * 50_000)
    with pytest.raises(InvalidTable, match=r"50,000 x events column propensity must be at most 1"):
        validate(Dataset("test", data.candidates, data.jobs, many), tmp_path, now=NOW)
    assert pl.read_parquet(tmp_path / "events.parquet").height == 50_000


def test_an_event_in_the_future_is_refused_because_the_newest_event_ends_the_log(tmp_path: Path) -> None:
    with pytest.raises(InvalidTable, match="events, row 1, column time must not lie in the future"):
        validate(dataset(), tmp_path, now=datetime(2026, 1, 15, tzinfo=UTC))
    validate(dataset(), tmp_path, now=NOW)


@pytest.mark.parametrize(
    "word", ["Women only", "wom\u00aden", "\uff57\uff4f\uff4d\uff45\uff4e", "mus\U000e0001lim", "mus\ufe0flim"]
)
def test_a_job_that_rules_out_a_protected_group_breaks_a_rule(word: str) -> None:
    jobs = [job(block_words=["agency"]), job(job_id="other", block_words=["agency", word])]
    (found,) = broken(dataset(jobs=jobs))
    assert found == ("jobs", 2, "block_words", "must not name a protected group")
