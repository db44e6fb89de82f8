"""How a command ends when something goes wrong: one line on stderr and an exit code."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from home.disk import is_full
from matching.errors import TandemError

INTERRUPTED = 130
BROKEN_PIPE = 141
PROJECT = Path(__file__).resolve().parents[1]
ROOMS = frozenset(("home", "intake", "matching", "monitoring", "pipelines", "serving", "store", "tandem"))


@contextmanager
def reported() -> Iterator[None]:
    """Turn an exception into one line and an exit code; `TANDEM_DEBUG=1` shows the whole trace instead.

    Raises:
        SystemExit: always in place of an exception.
    """
    try:
        yield
    except KeyboardInterrupt:
        _leave("interrupted: run the command again to start over", INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output is gone; a second failure at exit would say so again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(BROKEN_PIPE) from None
    except Exception as error:
        if os.environ.get("TANDEM_DEBUG") == "1":
            raise
        _leave(message(error), error.exit_code if isinstance(error, TandemError) else 1)


def message(error: Exception) -> str:
    """Say in one line what went wrong.

    An error that nobody raised on purpose is named by its type and place only: its text may quote a row of
    personal data.
    """
    if is_full(error):
        return "the disk is full: make room and run the command again"
    if isinstance(error, TandemError):
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror.lower()}{where}"
    if isinstance(error, ModuleNotFoundError):
        return f"the package {error.name} is not installed: run `uv sync --frozen`, or use make, which does"
    return f"unexpected {type(error).__name__} at {_place(error)}: run again with TANDEM_DEBUG=1 to see the whole trace"


def _leave(line: str, code: int) -> NoReturn:
    sys.stderr.write(f"error: {line}\n")
    raise SystemExit(code) from None


def _place(error: Exception) -> str:
    """File and line of the innermost frame of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(Path(frame.filename))] or list(frames)
    return f"{'/'.join(Path(ours[-1].filename).parts[-2:])}:{ours[-1].lineno}" if ours else "an unknown place"


def _is_ours(file: Path) -> bool:
    return file.is_relative_to(PROJECT) and file.relative_to(PROJECT).parts[0] in ROOMS
