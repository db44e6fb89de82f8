"""The calls of make that messages name."""

import pytest

from matching.problems import load_problem
from pipelines.registry import next_steps


@pytest.mark.parametrize("source", ["marketplace", "marketplace_large", "job_board", "tables"])
def test_a_folder_is_named_where_the_problem_needs_one(source: str) -> None:
    assert ("DATA=folder" in next_steps.train(source)) is load_problem(source).needs_files
