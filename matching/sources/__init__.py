"""Data sources by name. Each is a module with one object that has `load`; it is imported when asked for."""

from importlib import import_module

from matching.dataset import Source
from matching.errors import InputError

NAMES = ("marketplace", "job_board", "tables")
NEED_FILES = ("job_board", "tables")


def source(name: str) -> Source:
    """Return the source called `name`.

    Raises:
        InputError: there is no such source.
    """
    if name not in NAMES:
        raise InputError(f"no source is called {name!r}: choose one of {', '.join(NAMES)}")
    chosen: Source = import_module(f"matching.sources.{name}").SOURCE
    return chosen
