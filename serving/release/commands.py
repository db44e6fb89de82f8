"""Runs programs to completion: never through a shell, always with a time limit, failures in one line."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from matching.errors import EngineError
from serving.release import interrupts

_MARK_UP = re.compile(r"\x1b\[[0-9;]*m")


def run(
    command: Sequence[str | Path],
    *,
    doing: str,
    timeout_seconds: float,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> str:
    """Run a program and return what it printed.

    Args:
        command: the program and its arguments.
        doing: the purpose, used in the message if it fails.
        timeout_seconds: how long it may take.
        environment: all of its variables; by default those of this process.
        folder: its working folder; the current one by default.

    Raises:
        EngineError: it is not installed, failed, or took too long.
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            env=dict(environment) if environment is not None else None,
            cwd=folder,
            check=False,
            process_group=0 if interrupts.are_held() else None,  # the terminal sends Ctrl-C to the whole group
        )
    except FileNotFoundError as error:
        raise EngineError(f"{doing} failed: {command[0]} is not installed") from error
    except PermissionError as error:
        raise EngineError(f"{doing} failed: this user may not run {command[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{doing} took longer than {timeout_seconds:.0f} s and was stopped") from error
    if done.returncode:
        raise EngineError(f"{doing} failed ({Path(command[0]).name} exit {done.returncode}): {_reason(done)}")
    return done.stdout.strip()


def _reason(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the line that most likely gives the reason: the last one with an error in it, else the last one."""
    lines = [_MARK_UP.sub("", line).strip() for line in (done.stdout + "\n" + done.stderr).splitlines()]
    lines = [line for line in lines if line]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["it printed nothing"])[-1][:400]


def without_tandem(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables of this process without `TANDEM_*`: a service has exactly the settings passed to it."""
    return {name: value for name, value in environment.items() if not name.startswith("TANDEM_")}
