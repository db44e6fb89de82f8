"""Models on their way into service and back: what the registry and the deployment do together."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from home.settings import Settings
from matching import problems
from matching.errors import NoChampion
from tandem import dashboards, figures
from tandem.console import out, steps

if TYPE_CHECKING:
    from pipelines.registry.registry import RegisteredModel
    from pipelines.training_flow import TrainingResult
    from serving.release.release import Release
    from serving.release.state import Deployment

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


def train_model(settings: Settings, data: Path | None, *, promote: bool = True) -> "TrainingResult":
    """Train, and print every figure with what the gate decided.

    Raises:
        GateRefused: the model is not good enough; nothing was registered.
    """
    from pipelines import prefect_server

    # What cannot train is told at once, without a server started for it.
    begun = prefect_server.temporary(settings) if _may_train(settings, data) else nullcontext()
    with begun as server, steps("training") as say:
        from pipelines.training_flow import train

        ready = server.wait if server else None
        result = train(settings, data=data, progress=say, promote=promote, ready=ready)
    figures.show(result)
    return result


def _may_train(settings: Settings, data: Path | None) -> bool:
    """Tell, without loading a problem, whether there is one of this name and something at the path of its data."""
    return settings.source in problems.names() and (data is None or data.exists())


def deploy_champion(settings: Settings) -> "Deployment":
    """Deploy the champion by its version number, and say where it answers."""
    from serving.release import deployment

    with steps("deploying") as say:
        chosen = champion(settings)
        with fetched(settings, chosen) as release:
            deployed = deployment.deploy(settings, release, say)
    out.print(f"[bold]{deployed.address}[/bold]  {deployed.model_name} version {deployed.model_version}, try it there")
    return deployed


def roll_back(settings: Settings) -> None:
    """Deploy the previous champion where the service runs, then move the alias back.

    Raises:
        NoChampion: there is none, or none before it.
        ModelError: the champion changed meanwhile; the alias stays where the other promotion put it.
    """
    from pipelines.registry import registry
    from serving.release import deployment

    with steps("rolling back") as say:
        present = champion(settings)
        before = registry.previous_champion(settings, present.name)
        if before is None:
            raise NoChampion(f"version {present.version} is the first champion: there is none to roll back to")
        say(f"champion is version {present.version}, the one before was {before}")
        with fetched(settings, registry.get(settings, present.name, before)) as release:
            deployed = deployment.deploy(_where_it_runs(settings), release, say)
        registry.rollback(
            settings, present.name, expected=present.version, reason=f"rolled back from {present.version}"
        )
        say(f"version {before} is champion again")
    out.print(f"[bold]{deployed.address}[/bold]  {deployed.model_name} version {deployed.model_version}")


def stop_everything(settings: Settings) -> None:
    """Stop the service and the page servers of this home, and say what was stopped."""
    from serving.release import deployment

    with out.status("stopping ..."):
        stopped = (["service"] if deployment.stop(settings) else []) + dashboards.stop(settings)
    out.print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


def _where_it_runs(settings: Settings) -> Settings:
    """Keep engine and port of the running service, unless the user named others."""
    from serving.release import deployment

    running = deployment.status(settings).deployment
    if running is None:
        return settings
    kept = {"engine": running.engine, "port": running.port, "host": running.host}
    return settings.model_copy(update={k: v for k, v in kept.items() if k not in settings.model_fields_set})
