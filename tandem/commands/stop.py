"""`tandem stop`: stop the services and the dashboards."""

from typing import TYPE_CHECKING, Annotated

import typer

from tandem.commands import dashboards
from tandem.console import out
from tandem.options import settings_from

if TYPE_CHECKING:
    from home.settings import Settings


def stop(
    source: Annotated[
        str | None, typer.Option(help="Stop the service of this model alone.", show_default="everything")
    ] = None,
) -> None:
    """Stop every service and the dashboards; with --source, the service of that model alone."""
    settings = settings_from(source=source)
    if source is None:
        stop_everything(settings)
    else:
        stop_service(settings)


def stop_service(settings: "Settings") -> None:
    """Stop the service of the settings' model."""
    from serving.release import deployment

    with out.status("stopping ..."):
        stopped = deployment.stop(settings, [settings.model_name])
    out.print(f"stopped: service of {stopped[0]}" if stopped else f"no service of {settings.model_name} was running")


def stop_everything(settings: "Settings") -> None:
    """Stop the services, the page servers and the drawing of reports in this home, and list what was stopped."""
    from monitoring import drawing
    from serving.release import deployment

    with out.status("stopping ..."):
        services = [f"service of {name}" for name in deployment.stop(settings)]
        stopped = services + dashboards.stop_pages(settings)
        if undrawn := drawing.stop(settings):
            stopped.append(f"drawing of {undrawn} report{'s' * (undrawn > 1)} (`make monitor` continues it)")
    out.print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
