"""Faults in a module of one's own, a problem or a source: where they are and what is wrong, in words for one line."""

import traceback
from pathlib import Path
from sysconfig import get_paths

_PROJECT = Path(__file__).resolve().parents[2]
_LIBRARIES = tuple({get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def place(error: Exception) -> str | None:
    """Return file and line of the module that could not be imported; None if the error was not raised by an import."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == "<module>"]
    own = [frame for frame in frames if not frame.filename.startswith((*_LIBRARIES, "<"))]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else None


def explained(error: Exception) -> str:
    """Say what is wrong and what to do. The text of the error is part of it: only for errors of code, not of data."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        if (_PROJECT / package).is_dir():
            return f"imports {error.name}, which does not exist: correct its name"
        return (
            f"imports {package}, which is not installed: add it with `uv add {package}`; if it is one of Tandem's own "
            "packages, run `uv sync --frozen`"
        )
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}; correct it"
    return f"{type(error).__name__}: {error}; correct it, or see the whole trace with TANDEM_DEBUG=1"
