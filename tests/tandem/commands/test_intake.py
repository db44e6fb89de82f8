"""`tandem intake`: a folder of resumes, those that cannot be read, and the file of profiles."""

import json
from pathlib import Path

from tests.intake import files
from tests.tandem.command import tandem

LINES = (
    "Ada Lovelace",
    "Data engineer",
    "Location: Lyon, France",
    "Experience",
    "Data engineer, Acme, 01/2020 - 12/2022",
)
RESUME = "\n".join([*LINES, "Skills", "SQL"])


def test_a_folder_is_read_and_what_cannot_be_read_is_listed(tmp_path: Path) -> None:
    folder = tmp_path / "resumes" / "new"
    folder.mkdir(parents=True)
    (folder / "ada.txt").write_text(RESUME, encoding="utf-8")
    (folder / "ada.pdf").write_bytes(files.pdf(files.lines(RESUME.split("\n"), 40, 40)))
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    (folder / ".hidden").write_text("no resume", encoding="utf-8")
    profiles = tmp_path / "profiles.jsonl"
    ended = tandem("intake", str(tmp_path / "resumes"), "--out", str(profiles))
    assert (ended.code, ended.stderr) == (0, "")
    assert "1 of 3 files cannot be read\n  broken.pdf is damaged: its pages cannot be opened: " in ended.stdout
    first, second = map(json.loads, profiles.read_text(encoding="utf-8").splitlines())
    assert first["profile"]["experience_years"] == second["profile"]["experience_years"] == 3.0
    assert first["sources"]["city"]["where"] == [{"file": "ada.pdf", "page": 1, "start": 37, "end": 49}]
    assert first["entries"][0] == {
        **{"kind": "experience", "title": "Data engineer", "from": "2020-01", "to": "2022-12", "is_exact": True},
    }
    assert profiles.stat().st_mode & 0o077 == 0
    assert "Lovelace" not in ended.stdout + json.dumps([first["profile"], second["profile"]])


def test_nothing_is_written_over_a_file_and_a_missing_one_is_named(tmp_path: Path) -> None:
    resume = tmp_path / "ada.txt"
    resume.write_text(RESUME, encoding="utf-8")
    for arguments, message in (
        ((str(resume), "--out", str(resume)), f"{resume} exists already: remove it, or name another file"),
        ((str(tmp_path / "none"),), f"{tmp_path / 'none'} does not exist: name a resume, or a folder of resumes"),
    ):
        ended = tandem("intake", *arguments)
        assert (ended.code, message in ended.stderr) == (2, True)


def test_a_folder_without_a_readable_file_is_refused_after_the_reasons(tmp_path: Path) -> None:
    (tmp_path / "cv.pdf").write_bytes(b"")
    ended = tandem("intake", str(tmp_path))
    assert (ended.code, "no file could be read" in ended.stderr) == (2, True)
    assert "cv.pdf is empty: send the file that contains the resume." in ended.stdout
