"""What is deployed: one small file for each model, written whole or not at all."""

import json
import os
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from home import lock
from home.settings import Settings
from matching.errors import StorageError
from serving.release import health
from serving.release.engines import Service


@dataclass(frozen=True)
class Deployment:
    """A service that was deployed.

    Attributes:
        engine: what runs it: docker, podman or process.
        model_name: name of the registered model.
        model_version: its version.
        bento_tag: name and version of the Bento.
        bento_path: folder of the Bento.
        digest: SHA-256 over everything in the Bento.
        image: its image; None for a process.
        identity: container id or process number.
        created: when the process was started, seconds since 1970; 0 for a container.
        host: address on which it listens.
        port: port on which it listens.
        started_at: when it was started, UTC.
        previous: what it replaced, without what that had replaced.
    """

    engine: str
    model_name: str
    model_version: str
    bento_tag: str
    bento_path: Path
    digest: str
    image: str | None
    identity: str
    created: float
    host: str
    port: int
    started_at: datetime
    previous: "Deployment | None" = None

    @property
    def source(self) -> str:
        """Source of the model, as commands name it."""
        return self.model_name.removeprefix("tandem-")

    @property
    def address(self) -> str:
        """Where it answers."""
        return health.url(self.host, self.port)

    @property
    def service(self) -> Service:
        """Its process or container."""
        return Service(self.engine, self.identity, self.created)


def read(settings: Settings, model_name: str) -> Deployment | None:
    """Read the deployment of a model; None if there is none.

    Raises:
        StorageError: its file is damaged.
    """
    own = read_file(deployment_file(settings, model_name))
    if own is not None:
        return own
    former = read_file(former_file(settings))
    return former if former is not None and former.model_name == model_name else None


def read_all(settings: Settings) -> list[Deployment]:
    """Read the deployments of a home, ordered by the name of the model.

    Raises:
        StorageError: a file is damaged.
    """
    found = [read_file(path) for path in (former_file(settings), *deployment_file(settings, "x").parent.glob("*.json"))]
    by_name = {one.model_name: one for one in found if one is not None}
    return [by_name[name] for name in sorted(by_name)]


def read_file(path: Path) -> Deployment | None:
    """Read one deployment; None if there is no such file.

    Raises:
        StorageError: it is damaged.
    """
    try:
        return _from_facts(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{path} cannot be read: stop the service by hand, then remove this file") from error


def write(settings: Settings, deployment: Deployment) -> None:
    """Write the deployment of a model."""
    write_file(deployment_file(settings, deployment.model_name), deployment)
    _remove_former(settings, deployment.model_name)


def remove(settings: Settings, model_name: str) -> None:
    """Forget the deployment of a model."""
    deployment_file(settings, model_name).unlink(missing_ok=True)
    _remove_former(settings, model_name)


def write_file(path: Path, deployment: Deployment) -> None:
    """Write one deployment; a reader sees the old or the new state, never half of one."""
    previous = replace(deployment.previous, previous=None) if deployment.previous else None
    text = json.dumps(asdict(replace(deployment, previous=previous)), indent=1, default=str)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}: free some space and deploy again") from error


def deployment_file(settings: Settings, model_name: str) -> Path:
    """File that describes the deployment of a model."""
    return settings.root / "run" / "deployments" / f"{model_name}.json"


def former_file(settings: Settings) -> Path:
    """File that described the one deployment of a home, before each model had its own."""
    return settings.root / "run" / "deployment.json"


def trial_file(settings: Settings) -> Path:
    """File that names the trial service while there is one, so that a killed deployment leaves no orphan."""
    return settings.root / "run" / "trial.json"


def alone(settings: Settings) -> AbstractContextManager[None]:
    """Hold the lock of the services of this home.

    Raises:
        BusyError: another command holds it.
    """
    return lock.held(settings, "deployment", "another deployment or stop")


def _remove_former(settings: Settings, model_name: str) -> None:
    former = read_file(former_file(settings))
    if former is not None and former.model_name == model_name:
        former_file(settings).unlink()


def _from_facts(facts: dict[str, Any]) -> Deployment:
    previous = facts.pop("previous")
    facts["bento_path"] = Path(facts["bento_path"])
    facts["started_at"] = datetime.fromisoformat(facts["started_at"])
    return Deployment(**facts, previous=_from_facts(previous) if previous else None)
