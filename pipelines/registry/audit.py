"""The trail of alias moves: who moved which alias, when, from where, to where and why. MLflow itself keeps none."""

import getpass
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from home.settings import Settings
from matching.errors import StorageError

Action = Literal["promote", "challenge", "rollback", "found"]
Alias = Literal["champion", "challenger"]
CHAMPION: Literal["champion"] = "champion"
CHALLENGER: Literal["challenger"] = "challenger"


@dataclass(frozen=True)
class Move:
    """One move of an alias.

    Attributes:
        at: when, UTC, ISO 8601.
        who: user and host.
        action: `promote` or `rollback` of the champion, `challenge`, or `found` if the alias was not where the trail
            said.
        model: name of the registered model.
        alias: `champion` or `challenger`.
        from_version: where the alias pointed; None if it did not exist.
        to_version: where it points now; None if it does not exist.
        digest: digest of the model it points to now.
        why: the reason given.
    """

    at: str
    who: str
    action: Action
    model: str
    alias: str
    from_version: str | None
    to_version: str | None
    digest: str | None
    why: str


def trail_file(settings: Settings) -> Path:
    """Return the path of the trail."""
    return settings.root / "audit" / "aliases.jsonl"


def record(settings: Settings, **what: Any) -> Move:
    """Append one move, and return it once it is on disk.

    Args:
        settings: whose home.
        **what: fields of `Move` except `at` and `who`.
    """
    who = f"{_user()}@{os.uname().nodename}"
    move = Move(at=datetime.now(UTC).isoformat(timespec="seconds"), who=who, **what)
    path = trail_file(settings)
    settings.make_root()
    path.parent.mkdir(parents=True, exist_ok=True)
    _drop_unfinished_line(path)
    with path.open("ab") as file:
        file.write(json.dumps(asdict(move)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return move


def moves(settings: Settings, model: str, alias: str) -> list[Move]:
    """Read the moves of one alias, oldest first; a last line cut short by a crash is ignored.

    Raises:
        StorageError: a line is damaged.
    """
    path = trail_file(settings)
    lines = path.read_text().splitlines() if path.exists() else []
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            move = Move(**json.loads(line))
        except (ValueError, TypeError) as error:
            if number == len(lines):
                break
            message = f"{path}, line {number} is damaged: restore the file from a backup or remove that line"
            raise StorageError(message) from error
        if (move.model, move.alias) == (model, alias):
            found.append(move)
    return found


def history(trail: list[Move]) -> list[str]:
    """Return the versions that held the alias, oldest first, for a rollback to walk back.

    A version that was rolled back is left out, as is one that never held the alias because of a crash.

    >>> def move(action, to):
    ...     return Move("", "", action, "m", "champion", None, to, None, "")
    >>> history([move("promote", "1"), move("promote", "2"), move("promote", "3"), move("rollback", "2")])
    ['1', '2']
    """
    stack: list[str] = []
    for move in trail:
        if move.to_version is None:
            stack.clear()
        elif move.action != "promote" and move.to_version in stack:
            while stack[-1] != move.to_version:
                stack.pop()
        elif not stack or stack[-1] != move.to_version:
            stack.append(move.to_version)
    return stack


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _drop_unfinished_line(path: Path) -> None:
    """Cut off a half-written line after a crash: its move never happened, because a move follows its record."""
    written = path.read_bytes() if path.exists() else b""
    if written and not written.endswith(b"\n"):
        os.truncate(path, written.rfind(b"\n") + 1)
