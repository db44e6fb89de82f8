"""Wires the commands together. No module of `tandem.commands` imports anything heavy: `tandem --help` is instant."""

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from home import garbage
from tandem import failures, telemetry
from tandem.commands import (
    bench,
    check,
    dashboards,
    demo,
    deploy,
    doctor,
    encoder,
    intake,
    market,
    monitor,
    promote,
    rollback,
    simulate,
    status,
    stop,
    traffic,
    train,
    tune,
)


class Command(TyperCommand):
    """A command that reports every failure the same way; see `tandem.failures`."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command once its options are parsed."""
        with failures.reported():
            return super().invoke(ctx)


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A two-sided candidate-job matching model, from data to production.",
    epilog="State lives in TANDEM_HOME (.tandem). Every setting is a TANDEM_* variable; options override variables.",
)
encoders = typer.Typer(no_args_is_help=True, help="Make a transformer encoder that training can use.")

# In the order in which `tandem --help` lists them.
for run in (
    *(check.check, train.train, tune.tune, deploy.deploy, rollback.rollback, promote.promote, traffic.traffic),
    *(monitor.monitor, dashboards.dashboards, status.status, stop.stop, doctor.doctor, demo.demo),
    *(bench.bench, market.market, simulate.simulate, intake.intake),
):
    app.command(cls=Command)(run)
app.add_typer(encoders, name="encoder")
encoders.command("export", cls=Command)(encoder.export_encoder)


def main() -> None:
    """Run the `tandem` command."""
    telemetry.switch_off()
    garbage.tune()
    app(prog_name="tandem")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tandem {version('tandem')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A two-sided candidate-job matching model, from data to production."""
