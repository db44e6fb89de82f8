"""Your own tables: CSV and Parquet become validated tables, and every fault has its file, line and column."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from matching.data.dataset import Dataset
from matching.data.tables import Candidate, Event, Job, ProtectedAttributes, frame, polars_schema
from matching.data.validation import validate
from matching.errors import InputError, InvalidTable, MissingInput, UnusableData
from matching.problems import load_problem
from matching.sources.tables import read_csv, write

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 4, 1, tzinfo=UTC)

CANDIDATES = """candidate_id,headline,skills,wish_roles,updated_at,experience_years
ann,Nurse,"[""triage"", {""name"": ""care"", ""years"": 3}]","[""Nurse""]",2026-03-01T12:00:00Z,4.5
bob,Cook,[],,2026-03-01 13:00:00+01:00,
eve,"",,[],2026-03-01 12:00:00 UTC,0
dan,Clerk,,,2026-03-01,1
"""
JOBS = "job_id,title,updated_at\nward,Nurse,2026-03-01T12:00:00.000000Z\n"
EVENTS = """candidate_id,job_id,kind,time,position
bob,ward,view,2026-03-02T00:00:00Z,
ann,ward,view,2026-03-01T12:00:01Z,3
"""


def folder_of(tmp_path: Path, **texts: str) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, text in ({"candidates": CANDIDATES, "jobs": JOBS, "events": EVENTS} | texts).items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def load(folder: Path | None) -> Dataset:
    return load_problem("tables").source.load(folder, seed=0, progress=lambda _: None)


def test_csv_becomes_typed_tables(tmp_path: Path) -> None:
    data = load(folder_of(tmp_path))
    validate(data, tmp_path / "rejected", now=NOW)
    assert data.name == "tables"
    assert data.candidates.schema == polars_schema(Candidate)
    ann, bob, eve, dan = data.candidates.to_dicts()
    assert ann["skills"] == [{"name": "triage", "years": None}, {"name": "care", "years": 3.0}]
    assert (ann["wish_roles"], bob["wish_roles"], bob["skills"], eve["skills"]) == (["Nurse"], [], [], [])
    assert (ann["experience_years"], bob["experience_years"], eve["experience_years"]) == (4.5, None, 0.0)
    assert [row["updated_at"] for row in (ann, bob, eve)] == [NOON] * 3
    assert dan["updated_at"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert (eve["headline"], ann["resume"], ann["city"]) == ("", "", None)
    assert data.events["candidate_id"].to_list() == ["ann", "bob"]
    assert data.events["position"].to_list() == [3, None]
    assert data.protected.is_empty()


def a_dataset() -> Dataset:
    skills = [{"name": "sql", "years": 2.0}, {"name": "go", "years": None}]
    person = {"candidate_id": "ann", "headline": "x", "skills": skills, "wish_cities": ["Lyon"], "updated_at": NOON}
    return Dataset(
        "tables",
        frame(Candidate, [person]),
        frame(Job, [{"job_id": "ward", "title": "Nurse", "must_have_skills": ["sql"], "updated_at": NOON}]),
        frame(Event, [{"candidate_id": "ann", "job_id": "ward", "kind": "hire", "time": NOON, "propensity": 0.5}]),
        frame(ProtectedAttributes, [{"candidate_id": "ann", "gender": "woman"}]),
    )


def test_a_written_dataset_is_read_unchanged(tmp_path: Path) -> None:
    write(a_dataset(), tmp_path / "export")
    back = load(tmp_path / "export").tables()
    for name, (_, table) in a_dataset().tables().items():
        assert_frame_equal(back[name][1], table)


def test_parquet_of_other_types_is_cast(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    write(a_dataset(), folder)
    naive = pl.DataFrame(
        {
            "candidate_id": [7],
            "headline": pl.Series(["x"], dtype=pl.Categorical),
            "skills": [["sql", "go"]],
            "experience_years": [4],
            "updated_at": pl.Series([datetime(2026, 3, 1, 12)], dtype=pl.Datetime("ns")),  # noqa: DTZ001 - naive on purpose
        }
    )
    naive.write_parquet(folder / "candidates.parquet")
    zoned = pl.Series([datetime(2026, 3, 1, 12, tzinfo=UTC)]).dt.convert_time_zone("Europe/Kyiv")
    pl.DataFrame({"job_id": ["ward"], "title": ["Nurse"], "updated_at": zoned}).write_parquet(folder / "jobs.parquet")
    events = {
        "candidate_id": ["7"],
        "job_id": ["ward"],
        "kind": ["view"],
        "time": [date(2026, 3, 2)],
        "position": [2.0],
    }
    pl.DataFrame(events).write_parquet(folder / "events.parquet")
    (folder / "protected.parquet").unlink()
    data = load(folder)
    person = data.candidates.row(0, named=True)
    assert (person["candidate_id"], person["experience_years"], person["updated_at"]) == ("7", 4.0, NOON)
    assert [skill["name"] for skill in person["skills"]] == ["sql", "go"]
    assert data.jobs["updated_at"].to_list() == [NOON]
    assert data.events.row(0, named=True)["time"] == datetime(2026, 3, 2, tzinfo=UTC)
    assert data.events["position"].to_list() == [2]


def with_column(text: str, name: str, value: str) -> str:
    header, *rows = text.splitlines()
    return "\n".join([f"{header},{name}", f"{rows[0]},", *(f"{row},{value}" for row in rows[1:])]) + "\n"


BAD_VALUES = {
    "number": ("candidates", "expected_salary_usd_per_year", "a lot", "a number"),
    "list": ("candidates", "wish_stack", "[sql", "a list"),
    "list of numbers": ("candidates", "wish_stack", "[1]", "a list"),
    "whole number": ("events", "position", "1.5", "a whole number"),
}


@pytest.mark.parametrize(("table", "column", "value", "words"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_the_error_of_a_wrong_type_has_line_and_column(
    table: str, column: str, value: str, words: str, tmp_path: Path
) -> None:
    texts = {"candidates": CANDIDATES, "events": EVENTS.replace(",position", ",list_id")}
    folder = folder_of(tmp_path, **{table: with_column(texts[table], column, value)})
    with pytest.raises(InvalidTable, match=rf"first: {table}\.csv, line 3, column {column} must be {words}") as caught:
        load(folder)
    assert "a lot" not in str(caught.value)
    assert f"{table}.csv" in str(caught.value)


@pytest.mark.parametrize("time", ["yesterday", "01/02/2026", "2026-13-01T00:00:00Z", "17723664"])
def test_a_time_that_is_not_iso_8601_is_refused(time: str, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, jobs=JOBS + f"b,Cook,{time}\n")
    with pytest.raises(InvalidTable, match=r"line 3, column updated_at must be a time in ISO 8601"):
        load(folder)


@pytest.mark.parametrize("skills", [[{"name": "a", "level": 3}], [{"years": 3}], [{"name": "a", "years": "3"}], {}])
def test_a_skill_of_another_shape_is_refused(skills: Any, tmp_path: Path) -> None:
    cell = json.dumps(skills).replace('"', '""')
    text = f'candidate_id,headline,skills,updated_at\nann,Nurse,"{cell}",2026-03-01\n'
    with pytest.raises(InvalidTable, match=r"line 2, column skills must be a list"):
        load(folder_of(tmp_path, candidates=text))


def test_unknown_and_missing_columns_are_listed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, jobs="job_id,name,updated_at\nward,Nurse,2026-03-01\n")
    with pytest.raises(
        InvalidTable, match=r"jobs\.csv: column name is not a column of jobs .*; column title is required"
    ) as caught:
        load(folder)
    assert "min_salary_usd_per_year" in str(caught.value)


def test_the_error_of_a_missing_column_has_its_name(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, events="candidate_id,job_id,time\nann,ward,2026-03-02\n")
    with pytest.raises(MissingInput, match=r"events\.csv: column kind is required but missing"):
        load(folder)


@pytest.mark.parametrize("table", ["candidates", "jobs"])
def test_protected_attributes_are_refused_outside_their_file(table: str, tmp_path: Path) -> None:
    text = {"candidates": CANDIDATES, "jobs": JOBS}[table]
    folder = folder_of(tmp_path, **{table: with_column(text, "gender", "woman")})
    with pytest.raises(
        InvalidTable, match=rf"{table}\.csv: column gender is a protected attribute.*move it to protected"
    ):
        load(folder)


def test_protected_attributes_in_their_own_file_are_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, protected="candidate_id,gender,age_band\nann,woman,25-34\n")
    assert load(folder).protected.to_dicts() == [
        {"candidate_id": "ann", "gender": "woman", "age_band": "25-34", "ethnicity": None}
    ]


def test_a_bad_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--data"):
        load(None)
    folder = folder_of(tmp_path)
    with pytest.raises(MissingInput, match=r"candidates\.csv: the file is missing; and 2 faults in other files"):
        load(tmp_path)
    with pytest.raises(MissingInput, match="is not a folder"):
        load(folder / "jobs.csv")
    (folder / "jobs.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match=r"both jobs\.parquet and jobs\.csv"):
        load(folder)
    (folder / "jobs.csv").unlink()
    with pytest.raises(InputError, match=r"jobs\.parquet: the Parquet file is damaged"):
        load(folder)


def test_a_file_that_is_not_utf8_csv_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "jobs.csv").write_bytes(b"job_id,title,updated_at\nward,\xff\xfe,2026-03-01\n")
    with pytest.raises(InputError, match=r"jobs\.csv: line 2: not UTF-8 \(byte 0xFF\).*save the file as UTF-8"):
        load(folder)


def test_an_empty_table_is_unusable(tmp_path: Path) -> None:
    with pytest.raises(UnusableData, match=r"events\.csv: has no rows"):
        load(folder_of(tmp_path, events=EVENTS.splitlines()[0] + "\n"))


def test_a_table_without_rows_is_not_written(tmp_path: Path) -> None:
    write(replace(a_dataset(), protected=a_dataset().protected.clear()), tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["candidates.parquet", "events.parquet", "jobs.parquet"]


def test_a_table_of_an_earlier_dataset_does_not_stay(tmp_path: Path) -> None:
    write(a_dataset(), tmp_path)
    write(replace(a_dataset(), protected=a_dataset().protected.clear()), tmp_path)
    assert not (tmp_path / "protected.parquet").exists()


def test_a_folder_with_csv_is_not_written_to(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds candidates\.csv, and would hold the same table twice"):
        write(a_dataset(), folder_of(tmp_path))


MISPLACED: dict[str, tuple[str, bytes | None, str]] = {
    "a folder": ("events.csv", None, r"events\.csv: is a folder \(put one file in its place"),
    "a workbook": (
        "events.xlsx",
        b"\xd0\xcf\x11\xe0",
        r"found events\.xlsx, but the file is an Excel workbook .*export each",
    ),
    "another name": ("event.csv", EVENTS.encode(), r"missing \(found event\.csv: rename it events\.csv\)"),
    "another ending": ("events.pq", b"PAR1", r"missing \(found events\.pq: rename it events\.parquet\)"),
}


@pytest.mark.parametrize(("name", "content", "words"), MISPLACED.values(), ids=MISPLACED)
def test_a_file_that_is_not_in_its_place(name: str, content: bytes | None, words: str, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "events.csv").unlink()
    if content is None:
        (folder / name).mkdir()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        load(folder)


def test_two_files_of_one_table_are_one_fault_with_one_advice(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "events.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"both events\.parquet and events\.csv: remove one of them$"):
        load(folder)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match=r"views\.csv is missing: check the folder"):
        read_csv(tmp_path / "views.csv")


def test_a_fraction_is_not_rounded_to_a_whole_number(tmp_path: Path) -> None:
    write(a_dataset(), tmp_path)
    events = a_dataset().events.with_columns(pl.lit(1.5).alias("position"))
    events.write_parquet(tmp_path / "events.parquet")
    with pytest.raises(
        InvalidTable, match=r"events\.parquet, row 1, column position must be a whole number \(found 1\.5\)"
    ):
        load(tmp_path)


def test_limits_are_read_from_csv(tmp_path: Path) -> None:
    jobs = "job_id,title,updated_at,sponsors_work_permit,block_words\n"
    rows = ("a,Nurse,2026-03-01,True,\n", 'b,Nurse,2026-03-01,false,"[""agency""]"\n', "c,Nurse,2026-03-01,,[]\n")
    data = load(folder_of(tmp_path, jobs=jobs + "".join(rows)))
    assert data.jobs["sponsors_work_permit"].to_list() == [True, False, None]
    assert data.jobs["block_words"].to_list() == [[], ["agency"], []]
    (tmp_path / "data" / "jobs.csv").write_text(jobs + "a,Nurse,2026-03-01,perhaps,\n", encoding="utf-8")
    with pytest.raises(InvalidTable, match="line 2, column sponsors_work_permit must be true or false"):
        load(tmp_path / "data")
