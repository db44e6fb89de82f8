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
    from pipelines.registry.registry import Registry
    from serving.release import deployment
    from tandem.releases import fetched

    with steps("rolling back") as say:
        registry = Registry(settings)
        present, before = registry.require_succession()
        say(f"the champion is version {present.version}, the one before it was version {before.version}")
        with fetched(settings, before) as release:
            deployed = deployment.deploy(_where_it_runs(settings), release, say)
        registry.aliases.rollback(expected=present.version, reason=f"rolled back from {present.version}")
        say(f"version {before.version} is champion again")
    out.print(f"[bold]{deployed.address}[/bold]  {deployed.model_name} version {deployed.model_version}")


def _where_it_runs(settings: "Settings") -> "Settings":
    """Keep engine and port of the running service, unless the user named others."""
    from serving.release import deployment

    running = deployment.status(settings).deployment
    if running is None:
        return settings
    kept = {"engine": running.engine, "port": running.port, "host": running.host}
    return settings.model_copy(update={k: v for k, v in kept.items() if k not in settings.model_fields_set})
