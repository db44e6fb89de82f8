"""The verdicts of a model over time: one JSON document a line, only ever appended to."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from home.settings import Settings
from matching.errors import StorageError

if TYPE_CHECKING:  # importing it imports scipy, which the command line does not need to show the last verdict
    from monitoring.verdict import WindowVerdict


@dataclass(frozen=True)
class LatestVerdict:
    """The newest verdict of a model, in short.

    Attributes:
        state: `quiet`, `drift` or `not enough data`.
        reason: first reason in words; empty where there is none.
        model_version: version whose predictions were evaluated.
        end: end of the window, UTC.
        report: id of its report; None where the window held too little to draw.
    """

    state: str
    reason: str
    model_version: str
    end: datetime
    report: str | None


def history_file(settings: Settings, model_name: str) -> Path:
    """Return the file with the verdicts of one model."""
    return settings.root / "monitoring" / model_name / "verdicts.jsonl"


def append(settings: Settings, verdict: "WindowVerdict") -> Path:
    """Append a verdict; it is on the disk when this returns.

    Raises:
        StorageError: the file cannot be written.
    """
    path = history_file(settings, verdict.model_name)
    line = verdict.model_dump_json().encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # A line that a crash cut short must not run into this one.
            os.write(descriptor, b"\n" * _is_cut_short(path) + line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StorageError(f"{path}: the verdict cannot be stored ({error.strerror}): free the disk") from error
    return path


def _is_cut_short(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        return file.read(1) not in (b"", b"\n")


def read(settings: Settings, model_name: str) -> "tuple[WindowVerdict, ...]":
    """Return all verdicts of a model, oldest first; a line cut short by a crash is left out."""
    from monitoring.verdict import WindowVerdict

    return tuple(WindowVerdict.model_validate(document) for document in _documents(settings, model_name))


def latest(settings: Settings, model_name: str) -> LatestVerdict | None:
    """Return the newest verdict of a model; None where there is none."""
    documents = _documents(settings, model_name)
    if not documents:
        return None
    last = documents[-1]
    return LatestVerdict(
        state=last["state"],
        reason=last["reasons"][0]["words"] if last["reasons"] else "",
        model_version=last["model_version"],
        end=datetime.fromisoformat(last["window"]["end"]),
        report=last.get("report"),
    )


def _documents(settings: Settings, model_name: str) -> list[dict[str, Any]]:
    """Return every complete line, oldest first."""
    path = history_file(settings, model_name)
    if not path.is_file():
        return []
    parsed = (_parsed(line) for line in path.read_bytes().split(b"\n")[:-1])
    return [document for document in parsed if document is not None]


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
