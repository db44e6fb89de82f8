"""The public job board: dirty files become valid tables, and no profile sees its own view or the future."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from matching.data.cleaning import clean
from matching.data.dataset import Dataset
from matching.data.labels import labelled_pairs
from matching.data.tables import Event, Job, frame
from matching.data.validation import validate
from matching.errors import InputError, MissingInput, UnusableData
from matching.features.columns import FEATURE_INPUTS
from matching.problems import load_problem
from matching.sources.job_board import EPOCH, date_jobs
from matching.training.next_view import holdout

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VIEW_COLUMNS = (
    "Applicant.ID,Job.ID,Title,Position,Company,City,State.Name,State.Code,Industry,View.Start,View.End,"
    "View.Duration,Created.At,Updated.At"
)
EXPERIENCE = """Applicant.ID,Position.Name,Employer.Name,City,State.Name,State.Code,Start.Date,End.Date,Updated.At
1,Cook,Old Diner,Reno,Nevada,NV,0113-11-17,NA,2014-11-01 00:00:00 UTC
1,Chef,New Diner,,,,2010-11-01,,2014-11-01 00:00:00 UTC
1,NA,Shop,NA,NA,NA,2064-06-30,NA,2014-11-01 00:00:00 UTC
2,Guard,Later Inc,Salem,Oregon,OR,2012-01-01,NA,2015-03-01 00:00:00 UTC
9,Nurse,Ward,Lyon,NA,NA,NA,NA,not a date
"""
INTERESTS = """Applicant.ID,Position.Of.Interest,Created.At,Updated.At
1,Baker,2014-11-01 00:00:00 UTC,2014-11-20 00:00:00 UTC
1,,2014-11-01 00:00:00 UTC,2014-11-01 00:00:00 UTC
"""


def view(person: int, job: int, time: str, title: str = "Cook", **more: str) -> str:
    row = {"company": "Diner", "city": "Reno", "state": "Nevada", "industry": "NA"} | more
    place = f"{row['city']},{row['state']},XX,{row['industry']}"
    return f"{person},{job},{title} @ x,{title},{row['company']},{place},{time},NA,NA,{time},{time}"


VIEWS = [
    view(1, 10, "2014-12-01 08:00:00 UTC", industry="NA", company="NA"),
    view(1, 10, "2014-12-01 08:00:00 UTC", industry="Food"),
    view(1, 11, "2014-12-01 08:00:00 UTC", title="Waiter", city=" los  angeles", state=""),
    view(1, 10, "2014-12-03 08:00:00 UTC"),
    view(2, 12, "2014-12-02 08:00:00 UTC", title="Guard", city="RENO"),
    view(2, 10, "NA"),
    view(2, 10, "12/02/2014"),
    view(3, 13, "2014-12-02 08:00:00 UTC", title="NA"),
]


def folder_of(tmp_path: Path, views: list[str] | None = None, **others: str) -> Path:
    folder = tmp_path / "board"
    folder.mkdir(parents=True)
    (folder / "Job_Views.csv").write_text("\n".join([VIEW_COLUMNS, *(views or VIEWS)]) + "\n", encoding="utf-8")
    for name, text in others.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def load(folder: Path | None) -> Dataset:
    return load_problem("job_board").source.load(folder, seed=0, progress=lambda _: None)


def full(tmp_path: Path) -> Dataset:
    return load(folder_of(tmp_path, Experience=EXPERIENCE, Positions_Of_Interest=INTERESTS))


def versions(data: Dataset, person: str) -> list[dict[str, Any]]:
    return data.candidates.filter(pl.col("candidate_id") == person).sort("updated_at").to_dicts()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_dirty_files_become_valid_tables(tmp_path: Path) -> None:
    data = full(tmp_path)
    validate(data, tmp_path / "rejected", now=NOW)
    assert data.jobs["job_id"].to_list() == ["10", "11", "12"]
    cook, waiter, guard = data.jobs.to_dicts()
    assert (cook["title"], cook["company"], cook["industry"]) == ("Cook", "Diner", "Food")
    assert (cook["city"], cook["region"], cook["country"]) == ("Reno", "Nevada", "United States")
    assert (waiter["city"], waiter["region"]) == ("Los Angeles", None)
    assert guard["city"] == "Reno"


def test_views_at_the_same_time_are_one_event(tmp_path: Path) -> None:
    cleaned = clean(full(tmp_path), tmp_path / "rejected", now=NOW)
    events = cleaned.events
    assert cleaned.cleaning.redelivered == {"view": 1}
    assert set(events["kind"]) == {"view"}
    assert events.select("candidate_id", "job_id", "time").rows() == [
        ("1", "10", at("2014-12-01 08:00")),
        ("1", "11", at("2014-12-01 08:00")),
        ("2", "12", at("2014-12-02 08:00")),
        ("1", "10", at("2014-12-03 08:00")),
    ]


def test_rows_left_out_are_counted_and_reported(tmp_path: Path) -> None:
    messages: list[str] = []
    load_problem("job_board").source.load(folder_of(tmp_path), seed=0, progress=messages.append)
    assert "Job_Views.csv: left out 2 rows without applicant or readable time" in messages


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableData, match=r"Job_Views.csv: 2 of 3 rows .* View.Start: check the file"):
        load(folder_of(tmp_path, views=[VIEWS[0], VIEWS[5], VIEWS[6]]))


def test_a_job_existed_once_a_job_with_a_higher_number_was_viewed(tmp_path: Path) -> None:
    views = [
        view(1, 10, "2014-12-05 08:00:00 UTC"),
        view(1, 20, "2014-12-02 08:00:00 UTC"),
        view(2, 20, "2014-12-09 08:00:00 UTC"),
        view(2, 9, "2014-12-01 08:00:00 UTC"),
        view(3, 30, "2014-12-07 08:00:00 UTC"),
    ]
    jobs = {row["job_id"]: row for row in load(folder_of(tmp_path, views)).jobs.to_dicts()}
    assert {name: row["posted_at"] for name, row in jobs.items()} == {
        "9": at("2014-12-02 08:00"),
        "10": at("2014-12-02 08:00"),
        "20": at("2014-12-07 08:00"),  # its own views do not date it
        "30": None,
    }
    assert {name: row["updated_at"] for name, row in jobs.items()} == {
        "9": at("2014-12-01 08:00"),
        "10": at("2014-12-02 08:00"),
        "20": at("2014-12-02 08:00"),
        "30": at("2014-12-07 08:00"),
    }


def test_dates_reveal_nothing_of_held_out_views(tmp_path: Path) -> None:
    views = [view(1, n, f"2014-12-0{n} 08:00:00 UTC") for n in (1, 2, 3)] + [view(2, 4, "2014-12-02 09:00:00 UTC")]
    training, targets = holdout(load(folder_of(tmp_path, views)))
    jobs = {row["job_id"]: row for row in training.jobs.to_dicts()}
    assert targets.jobs["job_id"].gather(targets.job_rows).to_list() == ["3"]
    assert jobs["2"]["posted_at"] == jobs["3"]["posted_at"] == at("2014-12-02 09:00")
    only = load(folder_of(tmp_path / "only", [view(1, n, f"2014-12-0{n} 08:00:00 UTC") for n in (1, 2, 3)]))
    training, targets = holdout(only)
    last = training.jobs.filter(pl.col("job_id") == "3").row(0, named=True)
    assert (last["posted_at"], last["updated_at"]) == (None, at("2014-12-02 08:00")), "the end of the remaining log"


def test_jobs_without_numbers_exist_from_their_first_view_on() -> None:
    jobs = date_jobs(
        frame(Job, [{"job_id": name, "title": "x", "updated_at": EPOCH} for name in ("a", "b", "7")]),
        frame(Event, [{"candidate_id": "p", "job_id": "a", "kind": "view", "time": at("2014-12-01 08:00")}]),
    )
    assert dict(jobs.select("job_id", "posted_at").rows()) == {"7": None, "a": None, "b": None}
    assert jobs["updated_at"].to_list() == [at("2014-12-01 08:00")] * 3


def test_no_feature_reads_the_time_of_a_version() -> None:
    assert not any("updated_at" in column for columns in FEATURE_INPUTS.values() for column in columns)


def test_a_profile_grows_with_the_known_facts(tmp_path: Path) -> None:
    empty, worked, wished, viewed, again = versions(full(tmp_path), "1")
    assert empty["updated_at"] == EPOCH
    assert (empty["headline"], empty["resume"], empty["city"], empty["wish_roles"]) == ("", "", None, [])
    assert worked["updated_at"] == at("2014-11-01") + timedelta(microseconds=1)
    assert worked["headline"] == "Chef"
    assert set(worked["resume"].split("\n")) == {"Cook, Old Diner", "Chef, New Diner", "Shop"}
    assert worked["experience_years"] == pytest.approx(4.0, abs=0.01)
    assert (worked["city"], worked["region"], worked["wish_cities"]) == ("Reno", "Nevada", [])
    assert (worked["wish_roles"], wished["wish_roles"]) == ([], ["Baker"])
    assert viewed["updated_at"] == at("2014-12-01 08:00") + timedelta(microseconds=1)
    assert (empty["last_active_at"], viewed["last_active_at"]) == (None, at("2014-12-01 08:00"))
    assert (viewed["headline"], viewed["city"], viewed["region"]) == ("Waiter", "Los Angeles", None)
    assert viewed["wish_cities"] == ["Reno", "Los Angeles"]
    assert viewed["wish_industries"] == ["Food"]
    assert (again["headline"], again["city"]) == ("Cook", "Reno")


def test_a_view_sees_neither_itself_nor_a_view_at_the_same_time_nor_anything_later(tmp_path: Path) -> None:
    loaded = full(tmp_path)
    # In this short log, jobs are dated after their first views, which would be left out.
    data = replace(loaded, jobs=loaded.jobs.with_columns(posted_at=pl.lit(None, loaded.jobs.schema["posted_at"])))
    end = at("2015-01-01")
    shown = labelled_pairs(data, since=None, until=end, maturity=timedelta(0), seed=0)
    seen = shown.pairs.candidates[shown.pairs.candidate_rows].with_columns(
        job=pl.Series(shown.pairs.jobs["job_id"].to_numpy()[shown.pairs.job_rows])
    )
    first = {(row["candidate_id"], row["job"]): row for row in seen.to_dicts()}
    for job in ("10", "11"):
        assert first["1", job]["headline"] == "Chef"
        assert first["1", job]["wish_cities"] == []
    guard = first["2", "12"]
    assert (guard["headline"], guard["resume"], guard["experience_years"]) == ("", "", None)


def test_profile_files_are_optional(tmp_path: Path) -> None:
    data = load(folder_of(tmp_path))
    validate(data, tmp_path / "rejected", now=NOW)
    assert versions(data, "1")[1]["headline"] == "Waiter"
    wished = data.candidates["wish_roles"].explode().drop_nulls()
    assert set(wished) <= set(data.jobs["title"]), "only viewed jobs"


def test_a_bad_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Job_Views\.csv with --data"):
        load(None)
    with pytest.raises(MissingInput, match=r"Job_Views\.csv is missing"):
        load(tmp_path)
    folder = folder_of(tmp_path, Experience="Applicant.ID,City\n1,Reno\n")
    with pytest.raises(MissingInput, match=r"Experience\.csv has no column Position\.Name, Employer\.Name, State"):
        load(folder)
    views = folder / "Job_Views.csv"
    views.write_text(views.read_text(encoding="utf-8").replace("View.Start", "Start"), encoding="utf-8")
    with pytest.raises(MissingInput, match=r"Job_Views\.csv has no column View\.Start; its columns are Applicant\.ID"):
        load(folder)


def test_views_without_a_title_are_unusable(tmp_path: Path) -> None:
    views = [view(1, 10, "2014-12-01 08:00:00 UTC", title="NA")]
    with pytest.raises(UnusableData, match=r"Job_Views\.csv has no view with ids, a title and a readable time"):
        load(folder_of(tmp_path, views=views))


def test_views_without_a_readable_time_are_unusable(tmp_path: Path) -> None:
    with pytest.raises(UnusableData, match="1 of 1 rows have no applicant or no time"):
        load(folder_of(tmp_path, [view(1, 10, "yesterday")]))


@pytest.fixture(scope="module")
def real() -> Dataset:
    return load(Path(os.environ["TANDEM_REALDATA"]) / "job_views")


@pytest.mark.realdata
def test_the_real_files_become_valid_tables(real: Dataset, tmp_path: Path) -> None:
    cleaned = clean(real, tmp_path / "rejected", now=NOW)
    assert cleaned.cleaning.redelivered == {"view": 33}
    assert (real.jobs.height, cleaned.events.height) == (7_047, 12_337)
    assert real.events["candidate_id"].n_unique() == 3_448


@pytest.mark.realdata
def test_no_real_view_sees_itself_or_anything_later(real: Dataset) -> None:
    """The profile at every view must equal what a replay of the earlier views gives."""
    profiles = real.candidates.select("candidate_id", "updated_at", "headline", "wish_cities").sort("updated_at")
    seen = real.events.sort("time").join_asof(
        profiles, left_on="time", right_on="updated_at", by="candidate_id", check_sortedness=False
    )
    jobs = {row["job_id"]: row for row in real.jobs.to_dicts()}
    history: dict[str, list[tuple[datetime, dict[str, Any]]]] = {}
    for row in seen.to_dicts():
        earlier = history.setdefault(row["candidate_id"], [])
        before = [job for time, job in earlier if time < row["time"]]
        assert row["updated_at"] < row["time"] or row["updated_at"] == EPOCH
        assert set(row["wish_cities"]) == {job["city"] for job in before if job["city"]}
        if before:
            latest = max(time for time, _ in earlier if time < row["time"])
            assert row["headline"] in {job["title"] for time, job in earlier if time == latest}
        earlier.append((row["time"], jobs[row["job_id"]]))
