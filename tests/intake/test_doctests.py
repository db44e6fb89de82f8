"""Every example in a docstring of `intake` runs and prints exactly what it shows."""

import doctest
from importlib import import_module

import pytest

from tests.test_import_rules import ROOT, modules

EXAMPLES = [
    name for name, file in modules(ROOT).items() if name.startswith("intake") and ">>> " in file.read_text("utf-8")
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_print_what_they_show(name: str) -> None:
    found = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert (found.failed, found.attempted > 0) == (0, True)
