"""What this machine lacks, and what to do about it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.markup import escape

from home.disk import is_unwritable
from matching.errors import EngineError, TandemError
from tandem.commands.dashboards import programs
from tandem.console import out
from tandem.failures import message
from tandem.options import settings_from
from tandem.processes import listens

if TYPE_CHECKING:
    from home.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
Level = Literal["ok", "warn", "fail"]
COLOURS: dict[Level, str] = {"ok": "green", "warn": "yellow", "fail": "red"}
GIB = 1024**3
NEEDED_GIB, COMFORTABLE_GIB = 1, 4
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def doctor() -> None:
    """Check this machine and say how to fix each finding."""
    examine(settings_from())


@dataclass(frozen=True)
class Diagnosis:
    """The result of one check of this machine.

    Attributes:
        level: `fail` stops Tandem from working, `warn` takes something away.
        what: what was found, and for `warn` and `fail` what to do.
    """

    level: Level
    what: str


def examine(settings: "Settings") -> None:
    """Print every finding as it is made.

    Raises:
        TandemError: something failed, so that scripts notice.
    """
    failed = 0
    for check in (_python, _uv, _lock, _disk, _ports, _engine, _browser):
        for finding in _findings(check, settings):
            failed += finding.level == "fail"
            colour = COLOURS[finding.level]
            out.print(f"[{colour}]{finding.level:4}[/{colour}]  {escape(finding.what)}")
    if failed:
        raise TandemError(f"{failed} of these findings must be fixed before Tandem can run")


def _findings(check: Callable[["Settings"], Iterator[Diagnosis]], settings: "Settings") -> Iterator[Diagnosis]:
    """Yield the findings of a check; its own failure is one too, so that the other checks are still made."""
    try:
        yield from check(settings)
    except (TandemError, OSError) as error:
        advice = ": set TANDEM_HOME to a folder that can be written to" if is_unwritable(error) else ""
        yield Diagnosis("fail", f"{message(error)}{advice}")


def _python(_settings: "Settings") -> Iterator[Diagnosis]:
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info < (3, 14):
        yield Diagnosis("ok", f"Python {version}")
    else:
        yield Diagnosis("fail", f"Python {version}: Tandem requires 3.11, 3.12 or 3.13; install one and run make again")


def _uv(_settings: "Settings") -> Iterator[Diagnosis]:
    uv = _uv_path()
    if uv is None:
        yield Diagnosis("warn", "uv is missing, and `tandem deploy` needs it: run `make setup`, which installs it")
    else:
        yield Diagnosis("ok", f"{_output([uv, '--version'])[1].split(' (')[0]}")


def _lock(_settings: "Settings") -> Iterator[Diagnosis]:
    uv = _uv_path()
    if uv is None or not (PROJECT / "uv.lock").exists():
        yield Diagnosis("warn", "uv.lock cannot be compared with what is installed")
        return
    code, said = _output([uv, "sync", "--frozen", "--check", "--offline", "--no-install-project", "--inexact"])
    if code == 0:
        yield Diagnosis("ok", "installed packages are those of uv.lock")
    else:
        reason = said.splitlines()[-1] if said else "uv said nothing"
        yield Diagnosis("warn", f"installed packages differ from uv.lock ({reason}): run `make setup`")


def _uv_path() -> str | None:
    own = PROJECT / ".tandem-tools" / "bin" / "uv"
    return str(own) if own.exists() else shutil.which("uv")


def _output(command: list[str]) -> tuple[int, str]:
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": sys.prefix, "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def _disk(settings: "Settings") -> Iterator[Diagnosis]:
    there = next(folder for folder in (settings.root, *settings.root.parents) if folder.exists())
    free = shutil.disk_usage(there).free / GIB
    if not os.access(there, os.W_OK):
        yield Diagnosis("fail", f"{there} cannot be written to: change its owner, or set TANDEM_HOME")
    elif free < NEEDED_GIB:
        yield Diagnosis("fail", f"only {free:.1f} GiB free for {settings.root}: free at least {NEEDED_GIB} GiB")
    elif free < COMFORTABLE_GIB:
        yield Diagnosis("warn", f"{free:.1f} GiB free for {settings.root}: container images may need {COMFORTABLE_GIB}")
    else:
        yield Diagnosis("ok", f"{free:,.0f} GiB free for {settings.root}")


def _ports(settings: "Settings") -> Iterator[Diagnosis]:
    from home.settings import LOOPBACK
    from serving.release import deployment

    deployed = deployment.status(settings)
    mlflow, evidently = programs(settings)
    wanted: list[tuple[str, str, int, str, Callable[[], object]]] = [
        ("the service", settings.host, settings.port, "TANDEM_PORT", lambda: deployed),
        ("MLflow", LOOPBACK, settings.mlflow_port, "TANDEM_MLFLOW_PORT", lambda: mlflow.address),
        ("Evidently", LOOPBACK, settings.evidently_port, "TANDEM_EVIDENTLY_PORT", lambda: evidently.address),
    ]
    for name, host, port, variable, is_ours in wanted:
        if not listens(host, port):
            yield Diagnosis("ok", f"port {port} for {name} is free")
        elif is_ours():
            yield Diagnosis("ok", f"port {port}: {name} of this home runs")
        else:
            yield Diagnosis("warn", f"port {port} for {name} is held by another program: stop it, or set {variable}")


def _engine(settings: "Settings") -> Iterator[Diagnosis]:
    from serving.release import engines

    notes: list[str] = []
    try:
        with out.status("testing the container engine ..."):
            chosen = engines.choose(settings, notes.append)
    except EngineError as error:
        yield Diagnosis("fail", str(error))
        return
    if chosen.name == "process" and settings.engine == "auto":
        yield Diagnosis("warn", "; ".join(notes[-1:]))
    else:
        yield Diagnosis("ok", f"the service runs in: {chosen.name}")


def _browser(_settings: "Settings") -> Iterator[Diagnosis]:
    found = os.environ.get("TANDEM_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        yield Diagnosis("ok", f"browser for the tests of the pages: {found}")
    else:
        yield Diagnosis("warn", "no Chromium: the tests of the pages are skipped; install one or set TANDEM_CHROMIUM")
