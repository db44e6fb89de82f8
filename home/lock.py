"""Locks in the home that name their holder."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from home.process import Process
from home.settings import Settings
from matching.errors import BusyError


@contextmanager
def held(settings: Settings, name: str, doing: str, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock `name` of the home while the block runs.

    The operating system frees the lock when the process ends, however it ends.

    Args:
        settings: whose home.
        name: what is locked, e.g. `train`.
        doing: what the holder does, shown to whoever finds the lock held.
        wait_seconds: how long to wait for another holder before giving up.

    Raises:
        BusyError: another process holds the lock.
    """
    settings.make_root()
    facts = _facts(settings, name)
    facts.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(facts.with_suffix(".lock"), timeout=wait_seconds)
    try:
        lock.acquire()
    except Timeout as busy:
        raise BusyError(_who(facts, name)) from busy
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        facts.write_text(json.dumps(Process.current().facts() | {"doing": doing, "since": since}))
        yield
    finally:
        facts.unlink(missing_ok=True)
        lock.release()


def holder(settings: Settings, name: str) -> Process | None:
    """Return the process that holds the lock `name` of the home; None if nobody does."""
    try:
        process = Process.from_facts(json.loads(_facts(settings, name).read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if process.is_gone else process


def _facts(settings: Settings, name: str) -> Path:
    return settings.root / "locks" / f"{name}.json"


def _who(file: Path, name: str) -> str:
    """Describe the holder of a lock in one line, as far as it is known."""
    try:
        facts = json.loads(file.read_text())
        who = f"{facts['doing']} is running already (process {facts['pid']} since {facts['since']})"
        return f"{who}: wait for it, or stop it with `kill {facts['pid']}`"
    except (OSError, ValueError, KeyError):
        return f"another process holds {file.with_name(name + '.lock')}: wait for it, then run the command again"
