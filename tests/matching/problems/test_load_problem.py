"""A problem of one's own that is faulty is one line with its file, its line and what is wrong."""

from pathlib import Path

import pytest

import matching.problems
from matching.errors import InputError
from matching.problems import load_problem

FAULTY = {
    "syntax": ("import math\nPROBLEM = (", r"syntax\.py, line 2: SyntaxError: '\(' was never closed"),
    "package": (
        "\n\nimport nosuchlib",
        r"package\.py, line 3: imports nosuchlib, which .*`uv add nosuch",
    ),
    "room": (
        "import matching.sources.nowhere",
        r"room\.py, line 1: imports matching\.sources\.nowhere, which ",
    ),
    "name": ("PROBLEM = Problem()", r"name\.py, line 1: NameError: name 'Problem' is not defined"),
    "call": (
        "from matching.problems.problem import Problem\nPROBLEM = Problem(sauce=None)",
        r"call\.py, line 2: TypeError: .*unexpected keyword argument 'sauce'",
    ),
    "nothing": ("SOURCE = None", r"nothing\.py declares no problem: add `PROBLEM = Problem\(source=SOURCE\)`"),
}


@pytest.mark.parametrize(("text", "words"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_problem(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(matching.problems, "__path__", [*matching.problems.__path__, str(tmp_path)])
    with pytest.raises(InputError, match=words):
        load_problem(name)
