"""MLflow's and Evidently's pages: started detached, on loopback ports, stopped by `tandem stop`."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from matching.errors import InputError
from tandem.console import out
from tandem.options import OpenPages, Source, settings_from
from tandem.processes import Program, Starting

if TYPE_CHECKING:
    from home.settings import Settings

START_SECONDS = 180.0


def dashboards(source: Source = None, open_pages: OpenPages = False) -> None:
    """Start MLflow's and Evidently's pages and print their addresses."""
    settings = settings_from(source=source)
    with out.status("starting the pages ..."):
        launched = launch(settings)
    show(launched, open_pages=open_pages)


@dataclass(frozen=True)
class Page:
    """A page server: its program, the command that starts it, and its address."""

    program: Program
    title: str
    command: list[str]
    address: str
    environment: dict[str, str] = field(default_factory=dict)
    opens: str = ""


@dataclass(frozen=True)
class Launched:
    """A page whose server was started, or ran already.

    Attributes:
        page: the page.
        starting: its starting server; None if it ran already.
    """

    page: Page
    starting: Starting | None

    def wait(self) -> None:
        """Return once the page answers; stop its server if it does not."""
        if self.starting is not None:
            with out.status(f"starting {self.page.program.name} ..."):
                self.starting.wait(START_SECONDS)

    def undo(self) -> None:
        """Stop the server if this launch started it."""
        if self.starting is not None:
            self.starting.stop()


def pages(settings: "Settings") -> list[Page]:
    """Both page servers of this home."""
    from home.settings import LOOPBACK
    from monitoring.workspace import serve_command as evidently_command
    from pipelines.registry.client import serve_command, serve_environment

    # Neither page has a login.
    settings = settings.model_copy(update={"host": LOOPBACK})
    mlflow, evidently = programs(settings)
    return [
        Page(
            mlflow,
            "MLflow: runs, metrics, plots, registered models",
            serve_command(settings),
            f"http://{settings.host}:{settings.mlflow_port}",
            serve_environment(),
            # Without it MLflow greets with its pages for language models.
            opens="/#/experiments?workflowType=machine_learning",
        ),
        Page(
            evidently,
            "Evidently: a report for every window",
            evidently_command(settings),
            f"http://{settings.host}:{settings.evidently_port}",
        ),
    ]


def programs(settings: "Settings") -> tuple[Program, Program]:
    """The two programs, whether they run or not."""
    folder = settings.root / "run"
    return Program("mlflow", folder), Program("evidently", folder)


def require_ports(settings: "Settings") -> None:
    """Check that the pages run or can be launched.

    Raises:
        BusyError: another program holds a port.
        InputError: two of them have the same port.
    """
    _require_different_ports(settings)
    for page in pages(settings):
        page.program.require_port(page.address)


def _require_different_ports(settings: "Settings") -> None:
    """Check that service and pages have a port each: the first to listen would seem to be both."""
    numbers = {"TANDEM_PORT": settings.port}
    numbers |= {"TANDEM_MLFLOW_PORT": settings.mlflow_port, "TANDEM_EVIDENTLY_PORT": settings.evidently_port}
    for number in numbers.values():
        same = [name for name, other in numbers.items() if other == number]
        if len(same) > 1:
            raise InputError(f"{' and '.join(same)} are both {number}: give each a port of its own")


def launch(settings: "Settings") -> list[Launched]:
    """Start what does not run yet, and do not wait for it.

    Raises:
        BusyError: another program holds a port, or another command is creating the registry.
        InputError: two of them have the same port.
        StorageError: the registry cannot be created.
    """
    from pipelines.registry.registry import Registry

    _require_different_ports(settings)
    Registry(settings).create()
    launched: list[Launched] = []
    try:
        for page in pages(settings):
            starting = page.program.launch(page.command, address=page.address, environment=page.environment)
            launched.append(Launched(page, starting))
    except BaseException:
        undo(launched)
        raise
    return launched


def show(launched: list[Launched], *, open_pages: bool = False) -> None:
    """Wait until each page answers, and print its address.

    Raises:
        EngineError: a server did not come up; the line names its log.
    """
    for number, one in enumerate(launched):
        try:
            one.wait()
        except BaseException:
            undo(launched[number:])
            raise
        page = one.page
        out.print(f"[bold]{page.address}{page.opens}[/bold]  {page.title}")
        if open_pages:
            import webbrowser

            webbrowser.open(page.address + page.opens)


def undo(launched: list[Launched]) -> None:
    """Stop the servers that were started; those that ran already go on."""
    for one in launched:
        one.undo()


def stop_pages(settings: "Settings") -> list[str]:
    """Stop both servers; the names of those that ran."""
    return [program.name for program in programs(settings) if program.stop()]
