"""A registered version as stored, and the interface of its readers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class StoredVersion:
    """One registered version as MLflow stores it.

    Attributes:
        name: name of the registered model.
        version: number of the version.
        run_id: the run that created it.
        created_at_ms: time of its registration, milliseconds since 1970 in UTC.
        location: URI of its files.
        tags: tags recorded with it.
    """

    name: str
    version: str
    run_id: str
    created_at_ms: int
    location: str
    tags: Mapping[str, str]


class VersionReader(Protocol):
    """Reads registered versions."""

    def version(self, name: str, number: str) -> StoredVersion | None:
        """One version; None if there is no such version."""
        ...

    def holder(self, name: str, alias: str) -> StoredVersion | None:
        """The version that holds an alias; None if none does."""
        ...

    def versions(self, name: str) -> list[StoredVersion]:
        """Every version of a model, newest first."""
        ...
