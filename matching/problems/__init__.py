"""Matching problems by name. Each module here declares one as `PROBLEM`, and is imported on first use."""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from matching.errors import InputError, TandemError

if TYPE_CHECKING:  # listing the problems must import none
    from matching.problems.problem import Problem


_SHARED = {"problem", "estimators"}  # modules that declare no problem


def names() -> list[str]:
    """Names of all problems, in alphabetical order."""
    return sorted({module.name for module in iter_modules(__path__)} - _SHARED)


def unknown(name: str) -> InputError:
    """Return the error for a source that is none of `names`."""
    return InputError(f"no source is called {name!r}: choose one of {', '.join(names())}")


def load_problem(name: str) -> "Problem":
    """Return the problem called `name`; its source and its registered model have the same name.

    Raises:
        InputError: there is no such problem, or its module is faulty.
    """
    if name not in names():
        raise unknown(name)
    try:
        module = import_module(f"matching.problems.{name}")
    except TandemError:
        raise
    except Exception as error:
        from matching.sources import faulty_code

        where = faulty_code.place(error) or f"problem {name}"
        raise InputError(f"{where}: {faulty_code.explained(error)}") from error
    from matching.problems.problem import Problem

    declared = getattr(module, "PROBLEM", None)
    if not isinstance(declared, Problem):
        raise InputError(f"{module.__file__} declares no problem: add `PROBLEM = Problem(source=SOURCE)`")
    return declared
