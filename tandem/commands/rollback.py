"""`tandem rollback`: deploy the previous champion, then move the alias back."""

from typing import TYPE_CHECKING

from tandem.console import out, steps
from tandem.options import Engine, Port, Source, settings_from

if TYPE_CHECKING:
    from home.settings import Settings


def rollback(source: Source = None, port: Port = None, engine: Engine = None) -> None:
    """Deploy the previous champion; once it runs, make it champion again."""
    roll_back(settings_from(source=source, port=port, engine=engine))


def roll_back(settings: "Settings") -> None:
    """Deploy the previous champion where the service runs, then move the alias back.

    Raises:
        NoChampion: there is none, or none before it.
        ModelError: the champion changed meanwhile; the alias stays where the other promotion put it.
    """
    from matching.errors import NoChampion
    from pipelines.registry import registry
    from serving.release import deployment
    from tandem.releases import champion, fetched

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


def _where_it_runs(settings: "Settings") -> "Settings":
    """Keep engine and port of the running service, unless the user named others."""
    from serving.release import deployment

    running = deployment.status(settings).deployment
    if running is None:
        return settings
    kept = {"engine": running.engine, "port": running.port, "host": running.host}
    return settings.model_copy(update={k: v for k, v in kept.items() if k not in settings.model_fields_set})
