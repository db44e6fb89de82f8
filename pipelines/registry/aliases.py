"""Aliases: which version is champion, which one is challenger, and how they move.

In MLflow the last writer of an alias wins. Here an alias moves under a lock, only if its holder is still the one that
the caller saw, and only with a line in the trail.
"""

import dataclasses
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from home import lock
from matching.errors import ModelError, NoChampion
from pipelines.registry import audit, next_steps
from pipelines.registry.audit import CHALLENGER, CHAMPION, Alias
from pipelines.registry.client import Connection
from pipelines.registry.failures import explained
from pipelines.registry.versions import RegisteredModel, Versions

_WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class Succession:
    """The champion and the version before it, by one reading of registry and trail.

    Attributes:
        champion: the champion; None if nothing has been promoted yet.
        previous: the version that was champion before it; None if there was none.
        trail: the moves of the alias, oldest first.
    """

    champion: RegisteredModel | None
    previous: str | None
    trail: list[audit.Move]


class Aliases:
    """The aliases of one model.

    Args:
        connection: whose registry.
        versions: the versions that an alias can point to.
    """

    def __init__(self, connection: Connection, versions: Versions) -> None:
        self._connection = connection
        self._versions = versions
        self._settings = connection.settings
        self._name = connection.settings.model_name

    def champion(self) -> RegisteredModel | None:
        """The champion; None if nothing has been promoted yet."""
        return self.holder(CHAMPION)

    def holder(self, alias: Alias) -> RegisteredModel | None:
        """The version an alias points to; None if there is no such alias."""
        return self._held(alias, self._trail(CHAMPION))

    def succession(self) -> Succession:
        """The champion, and the version to which a rollback would return."""
        trail = self._trail(CHAMPION)
        champion = self._held(CHAMPION, trail)
        return Succession(champion, _before(trail, champion), trail)

    def promote(self, version: str, *, expected: str | None, reason: str) -> audit.Move:
        """Make a version the champion, if the champion is still the one that the caller saw.

        Args:
            version: the new champion; its files are verified first.
            expected: the champion that the caller saw; None for none.
            reason: reason for the trail.

        Returns:
            The recorded move.

        Raises:
            BusyError: another process is moving the alias.
            ModelError: the champion is not the expected one, or there is no such version.
            TamperedModel: the files differ from what was registered.
        """
        return self._take(CHAMPION, "promote", version, expected=expected, reason=reason)

    def challenge(self, version: str, *, expected: str | None, reason: str) -> audit.Move:
        """Make a version the challenger, with the same checks as `promote`.

        Args:
            version: the new challenger; its files are verified first.
            expected: the challenger that the caller saw; None for none.
            reason: reason for the trail.

        Returns:
            The recorded move.

        Raises:
            BusyError: another process is moving an alias.
            ModelError: the challenger is not the expected one, or there is no such version.
            TamperedModel: the files differ from what was registered.
        """
        return self._take(CHALLENGER, "challenge", version, expected=expected, reason=reason)

    def rollback(self, *, expected: str, reason: str) -> audit.Move:
        """Make the previous champion the champion again, if the champion is still the one that the caller saw.

        Args:
            expected: the champion that the caller saw.
            reason: reason for the trail.

        Raises:
            NoChampion: there is no champion, or none before it.
            ModelError: the champion is not the expected one.
            BusyError: another process is moving the alias.
            TamperedModel: the files of the earlier champion differ from what was registered.
        """
        with self._locked():
            current, trail = self._settled(CHAMPION)
            if current is None:
                raise self.no_champion()
            self._compare(CHAMPION, current, expected)
            history = audit.history(trail)
            if len(history) < 2:
                raise first_champion(self._name, current.version)
            before = self._versions.get(history[-2], trail)
            return self._move(before, alias=CHAMPION, action="rollback", current=current, reason=reason)

    def no_champion(self) -> NoChampion:
        """Return the error for a model without a champion; it says how to come to one."""
        return NoChampion(f"no champion for source {self._settings.source} yet{self.first_step()}")

    def first_step(self) -> str:
        """How to come to a first champion, as the end of a sentence that says there is none."""
        source, waiting = self._settings.source, self.holder(CHALLENGER)
        if waiting is None:
            return f": run `{next_steps.train(source)}`"
        step = next_steps.promote(source, waiting.version)
        return f", but version {waiting.version} waits as challenger: run `{step}`"

    def _take(
        self, alias: Alias, action: audit.Action, version: str, *, expected: str | None, reason: str
    ) -> audit.Move:
        """Move an alias to a version, if the alias is still where the caller saw it."""
        with self._locked():
            current, _ = self._settled(alias)
            self._compare(alias, current, expected)
            return self._move(self._versions.get(version), alias=alias, action=action, current=current, reason=reason)

    def _trail(self, alias: Alias) -> list[audit.Move]:
        return audit.moves(self._settings, self._name, alias)

    def _held(self, alias: Alias, trail: list[audit.Move]) -> RegisteredModel | None:
        if not self._connection.exists():
            return None
        with explained(self._settings.root):
            found = self._connection.reader.holder(self._name, alias)
            return RegisteredModel.of(found, trail) if found else None

    def _locked(self) -> AbstractContextManager[None]:
        return lock.held(self._settings, "aliases", "a promotion or rollback", wait_seconds=_WAIT_SECONDS)

    def _settled(self, alias: Alias) -> tuple[RegisteredModel | None, list[audit.Move]]:
        """Return the holder of the alias and its trail, after bringing the trail in line with the registry.

        They differ after a crash between a record and its move, or if someone moved the alias in MLflow.
        """
        trail = self._trail(alias)
        present = self._held(alias, trail)
        version = present.version if present else None
        recorded = trail[-1].to_version if trail else None
        if recorded != version:
            found = audit.record(
                self._settings,
                action="found",
                model=self._name,
                alias=alias,
                from_version=recorded,
                to_version=version,
                digest=present.digest if present else None,
                why="the alias was not where the trail left it",
            )
            trail = [*trail, found]
        return present, trail

    def _compare(self, alias: Alias, current: RegisteredModel | None, expected: str | None) -> None:
        """Refuse a move if another version holds the alias than the caller saw."""
        holder = current.version if current else None
        if holder != expected:
            raise ModelError(
                f"the {alias} of {self._name} is {_named(holder)}, not {_named(expected)} as expected: the alias has "
                "moved in the meantime; check `tandem status`, then try again"
            )

    def _move(
        self,
        model: RegisteredModel,
        *,
        alias: Alias,
        action: audit.Action,
        current: RegisteredModel | None,
        reason: str,
    ) -> audit.Move:
        """Verify a version, record the move, then move: a crash can leave an extra record, but never a missing one."""
        with tempfile.TemporaryDirectory() as scratch:
            self._versions.copy(model, Path(scratch))
        client = self._connection.client
        with explained(self._settings.root):
            move = audit.record(
                self._settings,
                action=action,
                model=self._name,
                alias=alias,
                from_version=current.version if current else None,
                to_version=model.version,
                digest=model.digest,
                why=reason,
            )
            client.set_registered_model_alias(self._name, alias, model.version)
        return move


def first_champion(name: str, version: str) -> NoChampion:
    """Return the error for a rollback from the first champion."""
    return NoChampion(f"version {version} of {name} is its first champion: there is nothing to roll back to")


def _before(trail: list[audit.Move], present: RegisteredModel | None) -> str | None:
    if trail and present and trail[-1].to_version != present.version:
        trail = [*trail, dataclasses.replace(trail[-1], action="found", to_version=present.version)]
    history = audit.history(trail)
    return history[-2] if len(history) > 1 else None


def _named(version: str | None) -> str:
    return f"version {version}" if version else "absent"
