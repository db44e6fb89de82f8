"""Registered versions on their way out of the registry: a verified copy of one, as the service takes it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from home.settings import Settings
    from pipelines.registry.versions import RegisteredModel
    from serving.release.release import Release


@contextmanager
def fetched(settings: "Settings", model: "RegisteredModel") -> Iterator["Release"]:
    """Copy a registered version out of the registry, verified, for as long as the block runs."""
    from pipelines.registry.registry import Registry
    from serving.release.release import Release

    with tempfile.TemporaryDirectory(prefix="tandem-release-") as folder:
        yield Release(
            model_name=model.name,
            model_version=model.version,
            bundle=Registry(settings).versions.copy(model, Path(folder)),
            promoted_at=model.promoted_at,
            trained_at=model.trained_at,
            manifest_digest=model.manifest_digest,
        )


def champion(settings: "Settings") -> "RegisteredModel":
    """The version that is champion.

    Raises:
        NoChampion: nothing has been promoted yet; the message names the source.
    """
    from pipelines.registry.registry import Registry

    return Registry(settings).require_champion()
