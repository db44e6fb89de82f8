"""The command line. Nothing heavy is imported before a command runs: `tandem --help` answers at once."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from tandem import failures, telemetry

Source = Annotated[
    str | None, typer.Option(help="marketplace, job_board or tables; also names the model.", show_default="marketplace")
]
Data = Annotated[Path | None, typer.Option(help="Folder of the source's files; the marketplace needs none.")]
Seed = Annotated[int | None, typer.Option(min=0, help="The one seed: same data and seed, same model.")]
TextEncoder = Annotated[
    str | None,
    typer.Option(help="tfidf, or the folder of an exported transformer encoder.", show_default="tfidf"),
]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the service.", show_default="3000")]
Engine = Annotated[
    str | None, typer.Option(help="What runs the service: auto, docker, podman or process.", show_default="auto")
]
Scenario = Annotated[str, typer.Option(help="Named drift of the marketplace; none for a quiet window.")]
OpenPages = Annotated[bool, typer.Option("--open", help="Open the pages in a browser.")]


class Command(TyperCommand):
    """A command that fails in one way; see `tandem.failures`."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command once its options are parsed."""
        with failures.reported():
            return super().invoke(ctx)


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A two-sided candidate-job matching model, from data to production.",
    epilog="State lives under TANDEM_HOME (.tandem). Every setting is a TANDEM_* variable; options win over variables.",
)
command = partial(app.command, cls=Command)
encoder = typer.Typer(no_args_is_help=True, help="Make a transformer encoder that training can use.")
app.add_typer(encoder, name="encoder")


def main() -> None:
    """Run the `tandem` command."""
    telemetry.switch_off()
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


@command()
def train(
    source: Source = None,
    data: Data = None,
    seed: Seed = None,
    text_encoder: TextEncoder = None,
    promote: Annotated[bool, typer.Option(help="Make the model champion; otherwise it becomes challenger.")] = True,
) -> None:
    """Train, evaluate, gate and register a model."""
    from tandem.options import settings_from
    from tandem.releases import train_model

    train_model(settings_from(source=source, seed=seed, text_encoder=text_encoder), data, promote=promote)


@command()
def tune(
    *,
    source: Source = None,
    data: Data = None,
    seed: Seed = None,
    trials: Annotated[int, typer.Option(min=1, max=1_000, help="Settings to try, the default ones first.")] = 30,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Begin no trial later than this.")] = None,
    ablate: Annotated[bool, typer.Option("--ablate", help="Leave out each group of features in turn instead.")] = False,
) -> None:
    """Search the settings of the trees, or find features that do not help; registers nothing."""
    from tandem import tune as tuning
    from tandem.options import settings_from

    settings = settings_from(source=source, seed=seed)
    if ablate:
        tuning.ablation(settings, data)
    else:
        tuning.search(settings, data, trials=trials, minutes=minutes)


@command()
def deploy(source: Source = None, port: Port = None, engine: Engine = None) -> None:
    """Put the champion behind HTTP; the old service stays until the new one has proved itself."""
    from tandem.options import settings_from
    from tandem.releases import deploy_champion

    deploy_champion(settings_from(source=source, port=port, engine=engine))


@command()
def rollback(source: Source = None, port: Port = None, engine: Engine = None) -> None:
    """Deploy the champion before this one, and only then make it champion again."""
    from tandem.options import settings_from
    from tandem.releases import roll_back

    roll_back(settings_from(source=source, port=port, engine=engine))


@command()
def traffic(
    *,
    source: Source = None,
    port: Port = None,
    seed: Seed = None,
    scenario: Scenario = "none",
    pairs: Annotated[int, typer.Option(min=1, max=1_000_000, help="Pairs to ask for.")] = 2_000,
    window: Annotated[int | None, typer.Option(min=0, help="Which window of time; the next one by default.")] = None,
) -> None:
    """Send one window of marketplace traffic and its outcomes to the running service."""
    from tandem.options import settings_from
    from tandem.traffic import send_window, show

    show(send_window(settings_from(source=source, port=port, seed=seed), scenario=scenario, pairs=pairs, window=window))


@command()
def monitor(
    source: Source = None,
    last: Annotated[int | None, typer.Option(min=1, help="Judge the newest so many predictions instead.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Judge what was answered from this time on, UTC.")] = None,
    maturity_days: Annotated[
        float | None, typer.Option(min=0, help="Age from which silence means no; 0 where every outcome is told.")
    ] = None,
    fail_on_drift: Annotated[bool, typer.Option(help="Exit with 4 where there is drift.")] = False,
) -> None:
    """Compare the latest window with the reference and print a verdict with its reasons."""
    from tandem.options import settings_from
    from tandem.watch import watch

    moment = since.replace(tzinfo=UTC) if since else None
    verdict = watch(settings_from(source=source), last=last, since=moment, maturity_days=maturity_days)
    raise SystemExit(verdict.exit_code(fail_on_drift=fail_on_drift))


@command()
def dashboards(source: Source = None, open_pages: OpenPages = False) -> None:
    """Start MLflow's and Evidently's pages and print their addresses."""
    from tandem.dashboards import start
    from tandem.options import settings_from

    start(settings_from(source=source), open_pages=open_pages)


@command()
def status(source: Source = None) -> None:
    """Show champion, service, log, last verdict and addresses."""
    from tandem.options import settings_from
    from tandem.overview import show

    show(settings_from(source=source))


@command()
def stop() -> None:
    """Stop the service and the dashboards."""
    from tandem.options import settings_from
    from tandem.releases import stop_everything

    stop_everything(settings_from())


@command()
def doctor() -> None:
    """Check this machine and say what to do about each finding."""
    from tandem.doctor import examine
    from tandem.options import settings_from

    examine(settings_from())


@command()
def demo(
    port: Port = None,
    engine: Engine = None,
    seed: Seed = None,
    scenario: Scenario = "unit-bug",
    open_pages: OpenPages = False,
) -> None:
    """Train, deploy, send two quiet windows and a drifted one, monitor each, and tell what happened."""
    from tandem.demo import run
    from tandem.options import settings_from

    run(settings_from(source="marketplace", port=port, engine=engine, seed=seed), scenario, open_pages=open_pages)


@command()
def bench(source: Source = None) -> None:
    """Measure the champion over HTTP and in process against named peers."""
    from tandem.bench import measure
    from tandem.options import settings_from

    measure(settings_from(source=source))


@command()
def market(
    *,
    seed: Seed = None,
    weeks: Annotated[int, typer.Option(min=1, max=26, help="Weeks after the log to play.")] = 8,
    repeats: Annotated[int, typer.Option(min=2, max=1_000, help="Draws of chance behind the intervals.")] = 20,
    length: Annotated[int, typer.Option(min=1, max=100, help="Candidates in a job's weekly list.")] = 10,
    answers: Annotated[int, typer.Option(min=1, help="Outreaches a candidate answers in a week.")] = 1,
    max_exposure: Annotated[
        int | None,
        typer.Option(min=1, help="Lists that may hold a candidate in a week.", show_default="by the market's size"),
    ] = None,
    crowding: Annotated[int, typer.Option(min=1, help="Also play with one candidate in so many; 1 for not.")] = 4,
) -> None:
    """Compare ranking for one query with ranking for the whole market, in matches a week on the marketplace."""
    from tandem.market import Plan, compare
    from tandem.options import settings_from

    plan = Plan(weeks, repeats, length, answers, max_exposure, crowding)
    compare(settings_from(source="marketplace", seed=seed), plan)


@command()
def simulate(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write the tables to, as Parquet.")],
    candidates: Annotated[int, typer.Option(min=1, help="Number of candidates.")] = 20_000,
    jobs: Annotated[int, typer.Option(min=1, help="Number of jobs.")] = 4_000,
    impressions: Annotated[int, typer.Option(min=1, help="Number of impressions aimed at.")] = 1_000_000,
    seed: Seed = None,
) -> None:
    """Write a simulated marketplace as the canonical tables, to look at or to train from with `--source tables`."""
    from matching.sources.marketplace import MarketplaceConfig
    from tandem.options import settings_from
    from tandem.simulate import write_tables

    config = MarketplaceConfig(n_candidates=candidates, n_jobs=jobs, n_impressions=impressions)
    write_tables(out, config, seed=settings_from(seed=seed).seed)


@encoder.command("export", cls=Command)
def export_encoder(
    model: Annotated[str, typer.Argument(help="A sentence-transformers model: its folder, or its name on the hub.")],
    to: Annotated[Path, typer.Option(help="Folder to write, new or empty.")],
) -> None:
    """Export a sentence-transformers model, for `train --text-encoder`; a name on the hub is fetched from there."""
    from tandem.encoder import export

    export(model, to)
