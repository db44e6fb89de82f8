"""`tandem check`: every fault of every file, with its place and how to correct it."""

import errno
from pathlib import Path

import pytest

from tests.tandem.command import Ended, refused, tandem

CANDIDATES = "candidate_id,headline,skills,remote_wish,updated_at\nann,Nurse,[],any,2026-01-01\n"
JOBS = "job_id,title,updated_at\nward,Nurse,2026-01-01\n"
EVENTS = "candidate_id,job_id,kind,time\nann,ward,view,2026-02-03\nann,ward,view,2026-02-02\n"


def check(tmp_path: Path, **texts: str) -> Ended:
    data = tmp_path / "data"
    data.mkdir()
    for name, text in ({"candidates": CANDIDATES, "jobs": JOBS, "events": EVENTS} | texts).items():
        (data / f"{name}.csv").write_text(text, encoding="utf-8")
    return tandem("check", str(data))


def test_clean_data_exits_with_0_and_warnings_are_allowed(tmp_path: Path) -> None:
    answer = check(tmp_path, events=EVENTS + EVENTS.splitlines()[1] + "\n")
    assert answer.code == 0, answer.stderr
    assert "1 view event delivered again, counted once" in answer.stdout
    assert "no faults" in answer.stdout
    assert not (tmp_path / "home" / "rejected").exists()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_faults_of_all_files_are_listed_with_lines_and_exit_with_2(end: str, tmp_path: Path) -> None:
    people = (CANDIDATES + "\nbob,Jane Roe,[],Remote,soon\n").replace("\n", end)
    answer = check(tmp_path, candidates=people, events=EVENTS + "ANN,ward,view,02/03/2026\n")
    assert answer.code == 2
    for line in (
        "remote_wish: must be one of onsite, hybrid, remote, any  [1 row: line 4]",
        "found Remote: did you mean remote?",
        "time: must be a time in ISO 8601, such as 2026-01-31T09:00:00Z  [1 row: line 4]",
        "found 02/03/2026, which may mean 2026-03-02 or 2026-02-03",
        "found ANN: did you mean ann?",
    ):
        assert line in answer.stdout
    assert answer.stderr == (
        "error: 4 rules broken, 2 rows rejected: correct the files and check again, or train without these rows: "
        "`tandem train --drop-invalid`\n"
    )
    assert "Jane" not in answer.stdout + answer.stderr
    rejected = tmp_path / "home" / "rejected"
    assert sorted(file.name for file in rejected.iterdir()) == [
        "candidates.csv",
        "candidates.parquet",
        "events.csv",
        "events.parquet",
    ]
    assert (rejected / "candidates.csv").read_text(encoding="utf-8").splitlines()[1].startswith("4,")


@pytest.mark.parametrize(("texts", "code"), [({"jobs": JOBS.replace("Nurse", "Nurse" * 200)}, 2), ({}, 0)])
def test_a_home_that_cannot_be_written_to_hides_no_fault(
    texts: dict[str, str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(file))

    monkeypatch.setattr(Path, "touch", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    answer = check(tmp_path, **texts)
    assert answer.code == code
    assert ("title: must have at most 500 characters" in answer.stdout) == (code == 2)
    assert ("read-only file system; set TANDEM_HOME to a folder" in answer.words) == (code == 2)


def test_rows_are_not_to_be_left_out_where_a_table_would_be_empty(tmp_path: Path) -> None:
    answer = check(tmp_path, candidates=CANDIDATES.replace("any", "Remote"))
    assert answer.stderr == "error: 1 rule broken, 1 row rejected: correct the files and check again\n"


def test_a_folder_that_is_missing_is_one_line(tmp_path: Path) -> None:
    line = refused("check", str(tmp_path / "none"), code=2)
    assert "none is not a folder: pass the folder that holds your files" in line
