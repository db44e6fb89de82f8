"""Matching problems by name. Each module here declares one as `PROBLEM`; it is imported when asked for."""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from matching.errors import InputError

if TYPE_CHECKING:  # to name the problems must load none
    from matching.problems.problem import Problem


_SHARED = {"problem", "estimators"}  # what problems are made of


def names() -> list[str]:
    """Names of all problems, in alphabetical order."""
    return sorted({module.name for module in iter_modules(__path__)} - _SHARED)


def load_problem(name: str) -> "Problem":
    """Return the problem called `name`; its source, its model and its registry entry have the same name.

    Raises:
        InputError: there is no such problem.
    """
    if name not in names():
        raise InputError(f"no source is called {name!r}: choose one of {', '.join(names())}")
    declared: Problem = import_module(f"matching.problems.{name}").PROBLEM
    return declared
