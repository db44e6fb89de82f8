"""A reader of MLflow's database that does not import MLflow, which takes 4 to 10 s; a test compares both on real data.

Tables and rules are those of `mlflow/store/model_registry/dbmodels/models.py` in MLflow 3.17: a deleted version keeps
its row under a special stage, and without workspaces everything is in the one called `default`.
"""

from typing import Any

from matching.errors import StorageError
from pipelines.registry.stored import StoredVersion
from store import reading

# Revisions of MLflow's schema that this module can read; for any other, MLflow's client reads.
KNOWN_SCHEMAS = frozenset({"dc11669786a5"})
MOST_DIGITS = 18  # of an integer that SQLite can compare with
_VERSIONS = """
    SELECT v.name, v.version, v.run_id, v.creation_time, v.storage_location, v.source
    FROM model_versions v {join}
    WHERE v.workspace = 'default' AND v.current_stage != 'Deleted_Internal' AND v.name = :name AND {condition}
    ORDER BY v.version DESC
"""
_BY_ALIAS = "JOIN registered_model_aliases a ON a.workspace = v.workspace AND a.name = v.name AND a.version = v.version"
_TAGS = """
    SELECT version, "key", value FROM model_version_tags WHERE workspace = 'default' AND name = :name
"""


def knows(url: str) -> bool:
    """Whether the database can be opened and has a known schema."""
    try:
        with reading.opened(url) as query:
            revisions = {row["version_num"] for row in query("SELECT version_num FROM alembic_version")}
    except StorageError:
        return False
    return len(revisions) == 1 and revisions <= KNOWN_SCHEMAS


class DatabaseReader:
    """Reads versions directly from MLflow's tables.

    Args:
        url: SQLAlchemy URL of MLflow's database; `knows` must be true of it.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def version(self, name: str, number: str) -> StoredVersion | None:
        """One version; None if there is no such version."""
        if not number.isdecimal() or len(number) > MOST_DIGITS:
            return None
        return self._first(_VERSIONS.format(join="", condition="v.version = :number"), name=name, number=int(number))

    def holder(self, name: str, alias: str) -> StoredVersion | None:
        """The version that holds an alias; None if none does."""
        return self._first(_VERSIONS.format(join=_BY_ALIAS, condition="a.alias = :alias"), name=name, alias=alias)

    def versions(self, name: str) -> list[StoredVersion]:
        """Every version of a model, newest first."""
        return self._all(_VERSIONS.format(join="", condition="v.version > 0"), name=name)

    def _first(self, statement: str, **parameters: Any) -> StoredVersion | None:
        return next(iter(self._all(statement, **parameters)), None)

    def _all(self, statement: str, **parameters: Any) -> list[StoredVersion]:
        with reading.opened(self._url) as query:
            found = query(statement, **parameters)
            tags: dict[int, dict[str, str]] = {row["version"]: {} for row in found}
            for tag in query(_TAGS, name=parameters["name"]) if found else ():
                if tag["version"] in tags:
                    tags[tag["version"]][tag["key"]] = tag["value"]
        return [
            StoredVersion(
                name=row["name"],
                version=str(row["version"]),
                run_id=str(row["run_id"]),
                created_at_ms=row["creation_time"],
                location=row["storage_location"] or row["source"],
                tags=tags[row["version"]],
            )
            for row in found
        ]
