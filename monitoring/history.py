"""The verdicts of a model over time: one JSON document a line, only ever appended to."""

import json
import os
from pathlib import Path

from home.settings import Settings
from matching.errors import StorageError
from monitoring.verdict import WindowVerdict


def history_file(settings: Settings, model_name: str) -> Path:
    """File that holds the verdicts of one model."""
    return settings.root / "monitoring" / model_name / "verdicts.jsonl"


def append(settings: Settings, verdict: WindowVerdict) -> Path:
    """Add a verdict; it is on the disk when this returns.

    Raises:
        StorageError: the file cannot be written.
    """
    path = history_file(settings, verdict.model_name)
    line = verdict.model_dump_json().encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # A line that a crash cut short must not swallow this one.
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


def read(settings: Settings, model_name: str) -> tuple[WindowVerdict, ...]:
    """All verdicts of a model, oldest first; a line cut short by a crash is left out."""
    path = history_file(settings, model_name)
    if not path.is_file():
        return ()
    lines = path.read_bytes().split(b"\n")
    return tuple(WindowVerdict.model_validate_json(line) for line in lines[:-1] if _is_whole(line))


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
