"""`tandem simulate`: tables that a training accepts."""

from pathlib import Path

import polars as pl

from tests.tandem.command import tandem


def test_the_tables_are_written_and_pass_the_check(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    sizes = ("--candidates", "120", "--jobs", "30", "--impressions", "2000")
    ended = tandem("simulate", "--out", str(folder), *sizes)
    assert (ended.code, ended.stderr) == (0, "")
    for name in ("candidates", "jobs", "events"):
        height = pl.read_parquet(folder / f"{name}.parquet").height
        assert f"{height:>12,} rows  {folder / name}.parquet\n" in ended.stdout
    assert ended.stdout.endswith(f"{folder}  train from it: tandem train --source tables --data {folder}\n")
    assert "no faults" in tandem("check", str(folder)).stdout


def test_a_folder_that_holds_csv_is_refused_before_anything_is_simulated(tmp_path: Path) -> None:
    (tmp_path / "candidates.csv").write_text("candidate_id\n", encoding="utf-8")
    ended = tandem("simulate", "--out", str(tmp_path))
    assert ended.code == 2
    assert f"{tmp_path} holds candidates.csv, and would hold the same table twice" in ended.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["candidates.csv"]


def test_a_marketplace_in_which_nothing_happens_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    ended = tandem("simulate", "--out", str(folder), "--candidates", "1", "--jobs", "1", "--impressions", "1")
    assert (ended.code, "rows" in ended.stdout, folder.exists()) == (2, False, False)
    assert "so small a marketplace has no events, and nothing was written" in ended.stderr
