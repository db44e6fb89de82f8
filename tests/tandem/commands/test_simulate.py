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
