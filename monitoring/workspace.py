"""Evidently's workspace as files: where it is, which report it holds, and the command that serves it."""

import sys
from pathlib import Path

from home.settings import LOOPBACK, Settings


def workspace_folder(settings: Settings) -> Path:
    """Folder of Evidently's workspace."""
    return settings.root / "evidently"


def report_file(settings: Settings, report: str) -> Path | None:
    """File of a report by its id; None while it is not in the workspace."""
    return next(workspace_folder(settings).glob(f"*/snapshots/{report}.json"), None)


def serve_command(settings: Settings) -> list[str]:
    """Command line of Evidently's pages. They have no login, so they listen on loopback, whatever the host."""
    return [
        *(sys.executable, "-m", "evidently.cli", "ui"),
        *("--host", LOOPBACK, "--port", str(settings.evidently_port)),
        *("--workspace", str(workspace_folder(settings))),
    ]
