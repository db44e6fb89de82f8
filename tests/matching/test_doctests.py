"""Every example in a docstring of `matching` runs and prints exactly what it shows."""

import doctest
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import matching
from tests.matching import tiny_bundle
from tests.test_import_rules import ROOT, modules

EXAMPLES = [
    name for name, file in modules(ROOT).items() if name.startswith("matching") and ">>> " in file.read_text("utf-8")
]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture(scope="module")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Names that examples use without an import: the public names, numpy, polars, and the folder of a small bundle."""
    public = {name: getattr(matching, name) for name in matching.__all__}
    folder: Path = tiny_bundle.write(tmp_path_factory.mktemp("examples") / "bundle")
    return {**public, "np": np, "pl": pl, "bundle": folder}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_print_what_they_show(name: str, namespace: dict[str, object]) -> None:
    module = import_module(name)
    messages: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    tests = doctest.DocTestFinder().find(module, name, extraglobs=namespace)
    for example in tests:
        runner.run(example, out=messages.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(messages)
    assert runner.tries > 0


def test_a_wrong_example_is_found(namespace: dict[str, object]) -> None:
    example = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", dict(namespace), "wrong", None, None)
    assert doctest.DocTestRunner().run(example, out=lambda _: None).failed == 1
