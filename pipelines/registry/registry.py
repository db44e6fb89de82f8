"""The registry of one home: the only way to MLflow.

A training logs, registers, then moves the alias. A process killed in between leaves a run that `reap_orphans` closes,
or a complete version without an alias, but never half a version.
"""

from typing import TYPE_CHECKING

from home.settings import Settings
from pipelines.registry.aliases import Aliases, first_champion
from pipelines.registry.client import Connection
from pipelines.registry.runs import Runs
from pipelines.registry.versions import RegisteredModel, Versions

if TYPE_CHECKING:
    from mlflow import MlflowClient


class Registry:
    """Runs, versions and aliases of one model of one home, over a single MLflow client.

    Reading versions and aliases does not import MLflow; recording runs, registering and moving an alias do.

    Attributes:
        runs: trainings and searches.
        versions: registered versions and their files.
        aliases: champion and challenger.

    Args:
        settings: whose home, and which source's model.
    """

    def __init__(self, settings: Settings) -> None:
        self._connection = Connection(settings)
        self.runs = Runs(self._connection)
        self.versions = Versions(self._connection)
        self.aliases = Aliases(self._connection, self.versions)

    def exists(self) -> bool:
        """Whether this home has ever logged anything; imports nothing."""
        return self._connection.exists()

    @property
    def client(self) -> "MlflowClient":
        """MLflow's client; creates the database if it does not exist.

        Raises:
            StorageError: the disk is full or not writable, or the database is damaged.
        """
        return self._connection.client

    def create(self) -> None:
        """Create the database unless it is there.

        Raises:
            StorageError: the disk is full or not writable, or the database is damaged.
            BusyError: another command has been creating the database for minutes.
        """
        self._connection.create()

    def require_champion(self) -> RegisteredModel:
        """The champion.

        Raises:
            NoChampion: nothing has been promoted yet; the message names the source.
        """
        found = self.aliases.champion()
        if found is None:
            raise self.aliases.no_champion()
        return found

    def require_succession(self) -> tuple[RegisteredModel, RegisteredModel]:
        """The champion, and the version to which a rollback returns.

        Raises:
            NoChampion: there is no champion, or none before it.
        """
        found = self.aliases.succession()
        if found.champion is None:
            raise self.aliases.no_champion()
        if found.previous is None:
            raise first_champion(found.champion.name, found.champion.version)
        return found.champion, self.versions.get(found.previous, found.trail)
