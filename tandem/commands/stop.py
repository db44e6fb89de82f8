"""`tandem stop`: stop the service and the dashboards."""

from typing import TYPE_CHECKING

from tandem.commands import dashboards
from tandem.console import out
from tandem.options import settings_from

if TYPE_CHECKING:
    from home.settings import Settings


def stop() -> None:
    """Stop the service and the dashboards."""
    stop_everything(settings_from())


def stop_everything(settings: "Settings") -> None:
    """Stop the service and the page servers of this home, and list what was stopped."""
    from serving.release import deployment

    with out.status("stopping ..."):
        stopped = (["service"] if deployment.stop(settings) else []) + dashboards.stop_pages(settings)
    out.print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
