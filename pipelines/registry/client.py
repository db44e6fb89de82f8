"""MLflow's client for one home, and the command that serves MLflow's pages."""

import logging
import shlex
import sys
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from home import lock
from home.settings import LOOPBACK, Settings
from matching.errors import StorageError
from pipelines.environment import mlflow_variables, provide
from pipelines.registry import pages, quick
from pipelines.registry.failures import explained
from pipelines.registry.stored import StoredVersion, VersionReader

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

# MLflow reports a missing alias of a known model with the second code.
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
_PROJECT = Path(__file__).parents[2]
_SQLITE_HEADER = b"SQLite format 3\x00"
_CREATION_SECONDS = 120.0


class Connection:
    """One home's registry: a single MLflow client, made on first use, and a reader that mostly does without it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def exists(self) -> bool:
        """Whether this home has ever logged anything; imports nothing."""
        return self._database.exists()

    @cached_property
    def client(self) -> "MlflowClient":
        """MLflow's client; importing MLflow takes seconds. Creates the database if it does not exist.

        Raises:
            StorageError: the disk is full or not writable, or the database is damaged.
            BusyError: another command has been creating the database for minutes.
        """
        settings = self.settings
        provide(mlflow_variables())
        with explained(settings.root), self._creation():
            settings.make_root()
            settings.mlflow_folder.mkdir(parents=True, exist_ok=True)
            self._require_database()
            import mlflow

            # Otherwise MLflow announces the tables it creates. Its import would undo an earlier setting.
            for name in ("mlflow", "alembic"):
                logging.getLogger(name).setLevel(logging.ERROR)
            mlflow.set_tracking_uri(settings.mlflow_uri)
            mlflow.set_registry_uri(settings.mlflow_uri)
            return mlflow.MlflowClient(settings.mlflow_uri, settings.mlflow_uri)

    @cached_property
    def reader(self) -> VersionReader:
        """Reads MLflow's database directly if its schema is known, otherwise through MLflow's client.

        Raises:
            StorageError: the database is damaged.
        """
        self._require_database()
        if quick.knows(self.settings.mlflow_uri):
            return quick.DatabaseReader(self.settings.mlflow_uri)
        return ClientReader(self.client)

    def create(self) -> None:
        """Create the database unless it is there.

        MLflow's server fails if a training creates the tables at the same time, so call this before starting it.

        Raises:
            StorageError: the disk is full or not writable, or the database is damaged.
            BusyError: another command has been creating the database for minutes.
        """
        if not quick.knows(self.settings.mlflow_uri):
            _ = self.client

    def _creation(self) -> AbstractContextManager[None]:
        """Let one command at a time create the tables: MLflow's stores do not, and the second one would fail."""
        if quick.knows(self.settings.mlflow_uri):
            return nullcontext()
        return lock.held(self.settings, "registry", "creating the registry", wait_seconds=_CREATION_SECONDS)

    @property
    def _database(self) -> Path:
        return self.settings.mlflow_folder / "mlflow.db"

    def _require_database(self) -> None:
        """Report a damaged file at once: MLflow would retry for over a minute and name neither file nor remedy."""
        file = self._database
        if not file.exists() or not file.stat().st_size:
            return
        with file.open("rb") as opened:
            is_database = opened.read(len(_SQLITE_HEADER)) == _SQLITE_HEADER
        if not is_database:
            remedy = f"restore a copy of it, or move {file.parent} away and run `make train`"
            raise StorageError(f"{file} is damaged: {remedy}")


class ClientReader:
    """Reads through MLflow's own client."""

    def __init__(self, client: "MlflowClient") -> None:
        self._client = client

    def version(self, name: str, number: str) -> StoredVersion | None:
        """One version; None if there is no such version."""
        from mlflow.exceptions import MlflowException

        try:
            return self._stored(self._client.get_model_version(name, number))
        except MlflowException as error:
            if error.error_code in _ABSENT:
                return None
            raise

    def holder(self, name: str, alias: str) -> StoredVersion | None:
        """The version that holds an alias; None if none does."""
        from mlflow.exceptions import MlflowException

        try:
            return self._stored(self._client.get_model_version_by_alias(name, alias))
        except MlflowException as error:
            if error.error_code in _ABSENT:
                return None
            raise

    def versions(self, name: str) -> list[StoredVersion]:
        """Every version of a model, newest first."""
        found = self._client.search_model_versions(f"name = '{name}'", max_results=10_000)
        return sorted(map(self._stored, found), key=lambda version: -int(version.version))

    def _stored(self, found: "ModelVersion") -> StoredVersion:
        return StoredVersion(
            name=found.name,
            version=str(found.version),
            run_id=str(found.run_id),
            created_at_ms=int(found.creation_timestamp),
            location=str(self._client.get_model_version_download_uri(found.name, str(found.version))),
            tags=dict(found.tags),
        )


def serve_command(settings: Settings) -> list[str]:
    """Return the command line that serves MLflow's pages; run it with `serve_environment`.

    The pages have no login, and anyone who reaches them can move an alias. So they listen on loopback, whatever the
    host of the service.
    """
    return [
        # -P and --app-dir: a module in the user's folder must not hide one of ours.
        *(sys.executable, "-P", "-m", "mlflow", "server"),
        *("--app-name", pages.APP_NAME, "--uvicorn-opts", f"--app-dir {shlex.quote(str(_PROJECT))}"),
        *("--backend-store-uri", settings.mlflow_uri, "--registry-store-uri", settings.mlflow_uri),
        *("--artifacts-destination", (settings.mlflow_folder / "artifacts").as_uri()),
        *("--host", LOOPBACK, "--port", str(settings.mlflow_port), "--workers", "1"),
    ]


def serve_environment() -> dict[str, str]:
    """Return the variables that MLflow's server needs in addition to the caller's."""
    return mlflow_variables()
