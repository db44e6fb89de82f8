"""`tandem deploy`: put the champion behind HTTP."""

from typing import TYPE_CHECKING

from tandem.console import out, steps
from tandem.options import Engine, Port, Source, settings_from

if TYPE_CHECKING:
    from home.settings import Settings
    from serving.release.state import Deployment


def deploy(source: Source = None, port: Port = None, engine: Engine = None) -> None:
    """Put the champion behind HTTP; the old service keeps running until the new one has proved itself."""
    deploy_champion(settings_from(source=source, port=port, engine=engine))


def deploy_champion(settings: "Settings") -> "Deployment":
    """Deploy the champion by its version number, and print where it answers."""
    from serving.release import deployment
    from tandem.releases import champion, fetched

    with steps("deploying") as say:
        chosen = champion(settings)
        with fetched(settings, chosen) as release:
            deployed = deployment.deploy(settings, release, say)
    out.print(f"[bold]{deployed.address}[/bold]  {deployed.model_name} version {deployed.model_version}, try it there")
    return deployed
