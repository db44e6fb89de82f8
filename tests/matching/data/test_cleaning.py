from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from matching.data.cleaning import clean
from matching.data.dataset import Dataset
from matching.data.labels import LabelledPairs, labelled_pairs
from matching.data.tables import Candidate, Event, Job, frame
from matching.data.validation import examine
from matching.errors import InvalidTable, UnusableData
from matching.sources.tables import SOURCE

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CANDIDATES = "candidate_id,headline,skills,remote_wish,updated_at\nann,Nurse,[],any,2026-01-01\n"
JOBS = "job_id,title,updated_at\nward,Nurse,2026-01-01\n"
EVENTS = "candidate_id,job_id,kind,time\nann,ward,view,2026-02-03\nann,ward,view,2026-02-02\n"


def folder_of(tmp_path: Path, **texts: str) -> Path:
    for name, text in ({"candidates": CANDIDATES, "jobs": JOBS, "events": EVENTS} | texts).items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def read(tmp_path: Path, **texts: str) -> Dataset:
    return SOURCE.read(folder_of(tmp_path, **texts), seed=0, progress=lambda _: None)


def faults(data: Dataset) -> list[tuple[Any, ...]]:
    return examine(data, now=NOW).faults.select("table", "number", "column", "hint").rows()


def test_faults_are_numbered_by_the_lines_of_the_file_although_events_are_sorted_by_time(tmp_path: Path) -> None:
    late_first = EVENTS + "\nann,ward,vew,2026-02-01\n\n\neve,ward,view,2026-01-15\n"
    data = read(tmp_path, events=late_first)
    assert faults(data) == [
        ("events", 8, "candidate_id", "found eve"),
        ("events", 5, "kind", "found vew: did you mean view?"),
    ]
    with pytest.raises(InvalidTable, match=r"events\.csv, line 8, column"):
        clean(data, tmp_path / "rejected", now=NOW)
    assert pl.read_parquet(tmp_path / "rejected" / "events.parquet")["line"].to_list() == [5, 8]
    rejected = pl.read_csv(tmp_path / "rejected" / "events.csv", infer_schema=False)
    assert rejected["line"].to_list() == ["5", "8"]
    assert rejected["kind"].to_list() == ["vew", "view"]
    assert (tmp_path / "rejected" / "events.csv").stat().st_mode & 0o077 == 0


def test_rows_of_a_parquet_file_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    folder_of(tmp_path)
    (tmp_path / "events.csv").unlink()
    times = [datetime(2026, 2, day, tzinfo=UTC) for day in (3, 1, 2)]
    kinds = ["view", "vew", "view"]
    pl.DataFrame({"candidate_id": "ann", "job_id": "ward", "kind": kinds, "time": times}).write_parquet(
        tmp_path / "events.parquet"
    )
    data = SOURCE.read(tmp_path, seed=0, progress=lambda _: None)
    assert faults(data) == [("events", 2, "kind", "found vew: did you mean view?")]


def test_every_fault_of_every_file_is_found_in_one_pass(tmp_path: Path) -> None:
    people = CANDIDATES + "bob,Cook,[],Remote,soon\n" + "ann,Nurse\n"
    jobs = JOBS.replace("title", "titel")
    events = EVENTS + "ANN,ward,view,02/03/2026\n"
    report = examine(read(tmp_path, candidates=people, jobs=jobs, events=events), now=NOW)
    groups = {(group.place, group.column, group.first): group.hints for group in report.groups()}
    assert groups == {
        ("jobs.csv", "titel", ()): ("did you mean title?",),
        ("jobs.csv", "title", ()): ("add it",),
        ("candidates.csv", "remote_wish", (3,)): ("found Remote: did you mean remote?",),
        ("candidates.csv", "updated_at", (3,)): ("found text of 4 characters",),
        ("candidates.csv", None, (4,)): ("found 2",),
        ("events.csv", "candidate_id", (4,)): ("found ANN: did you mean ann?",),
        ("events.csv", "time", (4,)): ("found 02/03/2026, which may mean 2026-03-02 or 2026-02-03",),
    }
    assert not report.droppable


def test_references_to_a_file_that_cannot_be_read_are_not_faults(tmp_path: Path) -> None:
    assert {table for table, *_ in faults(read(tmp_path, candidates=""))} == {"candidates"}


def test_invalid_rows_are_left_out_with_the_rows_that_depend_on_them(tmp_path: Path) -> None:
    people = CANDIDATES + "bob,Cook,[],Remote,2026-01-01\n"
    events = EVENTS + "bob,ward,view,2026-02-02\nann,ward,view,soon\n"
    messages: list[str] = []
    data = read(tmp_path, candidates=people, events=events)
    cleaned = clean(data, tmp_path / "rejected", drop_invalid=True, progress=messages.append, now=NOW)
    assert cleaned.candidates["candidate_id"].to_list() == ["ann"]
    assert cleaned.events["time"].to_list() == [datetime(2026, 2, day, tzinfo=UTC) for day in (2, 3)]
    assert {table: sum(rules.values()) for table, rules in cleaned.cleaning.dropped.items()} == {
        "candidates": 1,
        "events": 2,
    }
    assert cleaned.cleaning.dropped["events"]["candidate_id must exist in candidates"] == 1
    assert any(line.startswith("left out 2 rows of events that break rules") for line in messages)
    valid = SOURCE.load(folder_of(tmp_path), seed=0, progress=lambda _: None)
    for name, (_, table) in valid.tables().items():
        assert_frame_equal(cleaned.tables()[name][1], table)


@pytest.mark.parametrize("drop_invalid", [False, True])
def test_equal_rows_count_once_with_a_warning(drop_invalid: bool, tmp_path: Path) -> None:
    texts = {"candidates": CANDIDATES, "jobs": JOBS, "protected": "candidate_id,gender\nann,woman\n"}
    twice = {name: text + text.splitlines()[1] + "\n" for name, text in texts.items()}
    cleaned = clean(read(tmp_path, **twice), tmp_path / "rejected", drop_invalid=drop_invalid, now=NOW)
    assert (cleaned.candidates.height, cleaned.jobs.height, cleaned.protected.height) == (1, 1, 1)
    words = "1 row equal to an earlier one in every column, counted once"
    assert cleaned.cleaning.notes == tuple(f"{name}.csv: {words}" for name in texts)


def test_versions_that_contradict_each_other_are_all_faults(tmp_path: Path) -> None:
    bob = "bob,Cook,[],any,2026-01-01\n"
    people = CANDIDATES + bob + bob + "bob,Chef,[],any,2026-01-01\n"
    data = read(tmp_path, candidates=people)
    assert [number for _, number, *_ in faults(data)] == [3, 4, 5]
    cleaned = clean(data, tmp_path / "rejected", drop_invalid=True, now=NOW)
    assert cleaned.candidates["candidate_id"].to_list() == ["ann"]


def test_a_fault_of_a_whole_file_stops_even_when_invalid_rows_are_dropped(tmp_path: Path) -> None:
    with pytest.raises(InvalidTable, match=r"jobs\.csv: column titel is not a column of jobs"):
        clean(read(tmp_path, jobs=JOBS.replace("title", "titel")), tmp_path / "rejected", drop_invalid=True, now=NOW)


WHOLE_TABLES = {
    "candidates": (
        {"candidates": CANDIDATES.replace("any", "Remote")},
        "candidates.csv: its only row breaks a rule: 1 x remote_wish must be one of onsite, hybrid, remote, any",
    ),
    "events": (
        {"events": EVENTS.replace("ann", "eve")},
        "events.csv: all 2 rows break rules: 2 x candidate_id must exist in candidates; without",
    ),
    "events of rejected candidates": (
        {"candidates": CANDIDATES.replace("any", "Remote") + "bob,Cook,[],any,2026-01-01\n"},
        "events.csv: all 2 rows break rules: 2 x candidate_id must exist in candidates; without",
    ),
}


@pytest.mark.parametrize(("texts", "words"), WHOLE_TABLES.values(), ids=WHOLE_TABLES)
def test_a_table_of_which_every_row_breaks_a_rule_stops_with_the_rule(
    texts: dict[str, str], words: str, tmp_path: Path
) -> None:
    data = read(tmp_path, **texts)
    assert not examine(data, now=NOW).droppable
    with pytest.raises(UnusableData) as caught:
        clean(data, tmp_path / "rejected", drop_invalid=True, now=NOW)
    assert str(caught.value).startswith(words)
    with pytest.raises(InvalidTable) as caught:
        clean(data, tmp_path / "rejected", now=NOW)
    assert "--drop-invalid" not in str(caught.value)


ODD = {
    "monthly": (
        "candidates",
        {"expected_salary_usd_per_year": [4_000.0] * 2 + [90_000.0] * 8},
        "2 of 10 values are below",
    ),
    "one monthly": (
        "candidates",
        {"min_salary_usd_per_year": [5_000.0] + [90_000.0] * 40},
        "1 of 41 values are below 12,000 USD per year",
    ),
    "unmatched": ("candidates", {"candidate_id": [str(n) for n in range(10)]}, "10 of 11 ids appear in no event"),
    "future": (
        "jobs",
        {"job_id": ["late"], "updated_at": [NOW + timedelta(days=9)]},
        "1 version in the future",
    ),
    "repeated": (
        "jobs",
        {"updated_at": [START + timedelta(days=1)]},
        "1 of 2 versions differ",
    ),
}


@pytest.mark.parametrize(("table", "columns", "words"), ODD.values(), ids=ODD)
def test_an_oddity_that_breaks_no_rule_is_a_warning(
    table: str, columns: dict[str, list[Any]], words: str, tmp_path: Path
) -> None:
    data = read(tmp_path)
    assert examine(data, now=NOW).warnings == ()
    rows = len(next(iter(columns.values())))
    first = data.tables()[table][1].row(0, named=True)
    more = [first | {name: values[n] for name, values in columns.items()} for n in range(rows)]
    if "candidate_id" not in columns and table == "candidates":
        more = [row | {"updated_at": START + timedelta(days=n + 1)} for n, row in enumerate(more)]
    record = {"candidates": Candidate, "jobs": Job}[table]
    grown = {name: rows for name, (_, rows) in data.tables().items()} | {table: frame(record, [first, *more])}
    warnings = examine(Dataset("test", **grown), now=NOW).warnings
    assert any(warning.table == table and words in warning.text for warning in warnings)


def test_salaries_of_a_cheap_market_are_no_oddity(tmp_path: Path) -> None:
    data = read(tmp_path)
    salaries = [9_000.0] + [14_000.0] * 40
    first = data.candidates.row(0, named=True)
    more = [
        first | {"updated_at": START + timedelta(days=n), "expected_salary_usd_per_year": value}
        for n, value in enumerate(salaries)
    ]
    tables = {name: rows for name, (_, rows) in data.tables().items()} | {"candidates": frame(Candidate, more)}
    assert not any("salary" in warning.text for warning in examine(Dataset("test", **tables), now=NOW).warnings)


def test_times_far_from_the_others_are_a_warning(tmp_path: Path) -> None:
    rows = "".join(f"ann,ward,view,2026-02-{day:02}\n" for day in range(1, 29)) * 9
    times = EVENTS + rows + "ann,ward,view,2026-01-01\n"
    data = read(tmp_path, events=times)
    far = data.events.with_columns(
        time=pl.when(pl.int_range(pl.len()) == 0).then(datetime(1990, 1, 1, tzinfo=UTC)).otherwise("time")
    )
    people, jobs = (table.with_columns(updated_at=far["time"].min()) for table in (data.candidates, data.jobs))
    warnings = examine(Dataset("test", people, jobs, far), now=NOW).warnings
    assert any("1 event from 1990-01-01 to 1990-01-01, far from the others" in warning.text for warning in warnings)


@pytest.mark.parametrize("default", ["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_default_dates_are_faults_with_years_of_four_digits(default: str, tmp_path: Path) -> None:
    rows = [f"ann,ward,view,2026-02-{day:02}\n" for day in range(1, 20)] + [f"ann,ward,view,{default}\n"]
    report = examine(read(tmp_path, events=EVENTS.splitlines()[0] + "\n" + "".join(rows)), now=NOW)
    assert [(group.rule, group.hints) for group in report.groups()] == [
        ("must lie between 1990 and 2100", (f"found {default}",))
    ]
    assert report.warnings == ()


def test_refused_values_cause_no_warning(tmp_path: Path) -> None:
    lost = ["1.23457E+11", "9007199254740993.0", ""]
    people = CANDIDATES.replace("remote_wish", "expected_salary_usd_per_year").replace("any", "500")
    events = EVENTS + "".join(f"{id_},ward,view,2026-02-03\n" for id_ in lost * 2)
    report = examine(read(tmp_path, candidates=people, events=events), now=NOW)
    assert {group.column for group in report.groups()} == {"candidate_id", "expected_salary_usd_per_year"}
    assert report.warnings == ()
    assert not report.redelivered


@pytest.mark.parametrize("events", ["", "not,events\n1,2\n", EVENTS.replace("job_id", "jobs_id")])
def test_a_table_that_cannot_be_read_causes_no_warning(events: str, tmp_path: Path) -> None:
    assert examine(read(tmp_path, events=events), now=NOW).warnings == ()


def log() -> pl.DataFrame:
    """Two lists of four candidates; companies reach out to some of them, and some accept."""
    rows = []
    for n in range(8):
        pair = {"candidate_id": f"c{n % 4}", "job_id": f"j{n // 4}"}
        shown = START + timedelta(days=1 + n)
        rows.append(
            pair | {"kind": "impression", "time": shown, "list_id": f"l{n // 4}", "propensity": 1 / (1 + n % 4)}
        )
        if n % 2:
            rows.append(pair | {"kind": "outreach", "time": shown + timedelta(hours=1)})
        if n % 3 == 0:
            rows.append(pair | {"kind": "accept", "time": shown + timedelta(hours=2)})
    return frame(Event, rows).sort("time")


def dataset(events: pl.DataFrame) -> Dataset:
    people = [{"candidate_id": f"c{n}", "headline": "x", "skills": [], "updated_at": START} for n in range(4)]
    jobs = [{"job_id": f"j{n}", "title": "x", "updated_at": START} for n in range(2)]
    return Dataset("test", frame(Candidate, people), frame(Job, jobs), events)


def labels(events: pl.DataFrame) -> LabelledPairs:
    return labelled_pairs(dataset(events), since=None, until=NOW, maturity=timedelta(days=14), seed=0)


@pytest.mark.parametrize("kinds", [["impression"], ["outreach"], ["accept"], ["impression", "outreach", "accept"]])
@pytest.mark.parametrize("one_sided", [False, True])
def test_redelivered_events_change_no_label_and_no_propensity(
    kinds: list[str], one_sided: bool, tmp_path: Path
) -> None:
    events = log()
    if one_sided:
        events = events.with_columns(kind=pl.lit("view"), list_id=pl.lit(None, pl.String))
        kinds = ["view"]
    copies = events.filter(pl.col("kind").is_in(kinds))
    copies = copies.with_columns(propensity=pl.lit(0.01), position=pl.lit(9, pl.Int64))
    again = pl.concat([events, copies, copies]).sort("time", maintain_order=True)
    before, after = labels(events), labels(again)
    for name in ("time", "lists", "company", "candidate", "propensity", "weight"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
    np.testing.assert_array_equal(before.pairs.candidate_rows, after.pairs.candidate_rows)
    cleaned = clean(dataset(again), tmp_path, now=NOW)
    assert_frame_equal(cleaned.events, events)
    assert sum(cleaned.cleaning.redelivered.values()) == 2 * copies.height
    assert any("delivered again; each counts once" in note for note in cleaned.cleaning.notes)
