"""A release: one registered version of a model, as passed to `serving.release.deployment`."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Release:
    """What is deployed.

    Attributes:
        model_name: name of the registered model.
        model_version: its version in the registry.
        bundle: folder with the model's files; see `docs/decisions/0001-the-first-complete-path.md`.
        promoted_at: when this version became champion, UTC; None if unknown.
        trained_at: when it was trained, UTC; None if unknown.
        manifest_digest: SHA-256 of the bundle's manifest as the registry recorded it; None if it did not.
    """

    model_name: str
    model_version: str
    bundle: Path
    promoted_at: datetime | None = None
    trained_at: datetime | None = None
    manifest_digest: str | None = None

    def facts(self) -> dict[str, str | None]:
        """Return what `serving.release.deployed` reads inside the service: name, version, ISO 8601 times and digest."""
        return {
            "model_name": self.model_name,
            "model_version": self.model_version,
            "promoted_at": self.promoted_at.isoformat() if self.promoted_at else None,
            "trained_at": self.trained_at.isoformat() if self.trained_at else None,
            "manifest_digest": self.manifest_digest,
        }
