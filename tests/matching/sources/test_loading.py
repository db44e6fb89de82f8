"""A source that fails is one error with its file, line and column, and without values of the data."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from matching.data.dataset import Dataset
from matching.data.progress import Progress
from matching.data.tables import Candidate, Event, Job, frame
from matching.errors import InvalidTable, MissingInput
from matching.sources.loading import load
from matching.sources.tables import complete, read_csv

HERE = Path(__file__).name


class Board:
    """A source of one's own that fails in `work`."""

    def __init__(self, work: Any) -> None:
        self.work = work

    def load(self, data: Path | None, *, seed: int, progress: Progress) -> Dataset:  # noqa: ARG002
        assert data is not None
        return Dataset("board", frame(Candidate), self.work(read_csv(data / "posts.csv")), frame(Event))


FAILURES = {
    "cast": (lambda posts: posts.with_columns(pl.col("pay").cast(pl.Float64)), r"InvalidOperationError in column pay"),
    "time": (lambda posts: posts.select(pl.col("pay").str.to_datetime("%Y")), r"InvalidOperationError in column pay"),
    "absent": (lambda posts: posts.select("salary"), r"ColumnNotFoundError in column salary"),
    "join": (lambda posts: posts.join(pl.DataFrame({"n": [1]}), left_on="pay", right_on="n"), r"SchemaError"),
    "own": (lambda posts: posts.rows()[9], r"IndexError"),
}


@pytest.mark.parametrize(("work", "words"), FAILURES.values(), ids=FAILURES)
def test_the_error_of_a_failing_source_has_file_line_and_column(work: Any, words: str, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("job_id,pay\na,Jane Roe\n", encoding="utf-8")
    with pytest.raises(InvalidTable, match=rf"{HERE}, line \d+: the source fails with {words}") as caught:
        load(Board(work), tmp_path, seed=0, progress=lambda _: None)
    assert "Jane" not in str(caught.value)
    assert "\n" not in str(caught.value)


class Lazy:
    """A source of one's own that returns what it was given, or fails to import a package."""

    def __init__(self, returned: Any) -> None:
        self.returned = returned

    def load(self, data: Path | None, *, seed: int, progress: Progress) -> Any:  # noqa: ARG002
        if self.returned == "package":
            import nosuchlib  # type: ignore[import-not-found]  # noqa: F401
        return self.returned


class Short:
    """A source whose `load` takes the folder only."""

    def load(self, data: Path) -> None: ...


MISTAKES = {
    "nothing returned": (Lazy(None), r", line \d+: load returns None, not a Dataset"),
    "another type returned": (Lazy({}), r", line \d+: load returns a builtins\.dict, not a Dataset"),
    "a lazy table": (
        Lazy(Dataset("lazy", frame(Candidate).lazy(), frame(Job), frame(Event))),  # type: ignore[arg-type]
        r": table candidates is a polars\.\S+LazyFrame, not a polars DataFrame",
    ),
    "a package": (
        Lazy("package"),
        r", line \d+: imports nosuchlib, which is not .*`uv add nosuch",
    ),
    "the class": (Lazy, r": the source must be an object"),
    "no load": (object.__new__(type("Empty", (), {"__module__": __name__})), r": the source must be an object"),
    "other arguments": (Short(), r"with a method `load\(self, data, \*, seed, progress\)`"),
}


@pytest.mark.parametrize(("source", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_source_is_one_line_with_its_file(source: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidTable, match=HERE + ".*" + words):
        load(source, tmp_path, seed=0, progress=lambda _: None)


def test_the_error_of_a_failed_cast_has_column_and_row(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("job_id,title,min_experience_years\na,x,2\nb,x,Jane\n", encoding="utf-8")
    with pytest.raises(InvalidTable, match=r"column min_experience_years holds String.* Float64, first in row 2"):
        load(Board(lambda posts: complete(Job, posts)), tmp_path, seed=0, progress=lambda _: None)


def test_the_error_of_a_table_with_wrong_columns_has_the_file_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("job_id\na\n", encoding="utf-8")
    with pytest.raises(InvalidTable, match=rf"{HERE}: table jobs differs from its schema"):
        load(Board(lambda posts: posts), tmp_path, seed=0, progress=lambda _: None)


def test_errors_that_the_source_raises_itself_are_unchanged(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match=r"posts\.csv is missing"):
        load(Board(None), tmp_path, seed=0, progress=lambda _: None)
