"""The tree at the top of `matching/errors.py` shows every exception class of the code, each under its parent."""

import ast
import re
from pathlib import Path

import pytest

import matching.errors
from tests.test_import_rules import ROOT, modules

DRAWN = re.compile(r"^    (?P<bars>[│├└─ ]*)(?P<name>[A-Z]\w+)", re.MULTILINE)
BUILT_IN = {"Exception", "ValueError", "RuntimeError", "KeyError", "OSError", "TypeError"}


def drawn(picture: str) -> dict[str, str]:
    """The parent of each class in the tree; `Exception` for the root."""
    parents: dict[str, str] = {}
    path: list[str] = ["Exception"]
    for found in DRAWN.finditer(picture):
        depth = len(found["bars"]) // 4
        path = [*path[: depth + 1], found["name"]]
        parents[found["name"]] = path[-2]
    return parents


def defined(files: list[Path]) -> dict[str, str]:
    """The parent of each exception class of the code."""
    classes = [
        node for file in files for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ClassDef)
    ]
    bases = {node.name: [ast.unparse(base).split(".")[-1] for base in node.bases] for node in classes}
    parents: dict[str, str] = {}
    while more := {
        n: b for n, found in bases.items() for b in found if n not in parents and b in BUILT_IN | parents.keys()
    }:
        parents |= more
    return parents


def test_the_tree_shows_every_exception_of_the_code_under_its_parent() -> None:
    assert drawn(matching.errors.__doc__ or "") == defined(list(modules(ROOT).values()))


@pytest.mark.parametrize("line", ["class Lost(Exception):", "class Lost(errors.InputError):"])
def test_an_exception_that_is_not_in_the_tree_is_found(tmp_path: Path, line: str) -> None:
    file = tmp_path / "lost.py"
    file.write_text(f'{line}\n    """Lost."""\n')
    assert defined([*modules(ROOT).values(), file]).keys() - drawn(matching.errors.__doc__ or "").keys() == {"Lost"}
