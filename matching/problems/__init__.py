"""Matching problems by name. Each module here declares one as `PROBLEM`, and is imported on first use."""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from matching.errors import InputError

if TYPE_CHECKING:  # listing the problems must import none
    from matching.problems.problem import Problem


_SHARED = {"problem", "estimators"}  # modules that declare no problem


def names() -> list[str]:
    """Names of all problems, in alphabetical order."""
    return sorted({module.name for module in iter_modules(__path__)} - _SHARED)


def load_problem(name: str) -> "Problem":
    """Return the problem called `name`; its source and its registered model have the same name.

    Raises:
        InputError: there is no such problem.
    """
    if name not in names():
        raise InputError(f"no source is called {name!r}: choose one of {', '.join(names())}")
    declared: Problem = import_module(f"matching.problems.{name}").PROBLEM
    return declared
