"""Registered versions on their way out of the registry: the champion, and a verified copy of its files."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from home.settings import Settings
from matching.errors import NoChampion

if TYPE_CHECKING:
    from pipelines.registry.registry import RegisteredModel
    from serving.release.release import Release

NO_CHAMPION = "no champion yet: run `make train`"


@contextmanager
def fetched(settings: Settings, model: "RegisteredModel") -> Iterator["Release"]:
    """Copy a registered version out of the registry, verified, for as long as the block runs."""
    from pipelines.registry import registry
    from serving.release.release import Release

    with tempfile.TemporaryDirectory(prefix="tandem-release-") as folder:
        yield Release(
            model_name=model.name,
            model_version=model.version,
            bundle=registry.fetch(settings, model.name, model.version, Path(folder)),
            promoted_at=model.promoted_at,
            trained_at=model.trained_at,
            manifest_digest=model.manifest_digest,
        )


def champion(settings: Settings) -> "RegisteredModel":
    """The version that is champion.

    Raises:
        NoChampion: nothing was promoted yet.
    """
    from pipelines.registry import registry

    found = registry.champion(settings)
    if found is None:
        raise NoChampion(NO_CHAMPION)
    return found
