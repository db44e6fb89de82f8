"""A simulated marketplace as files: to explore, or to train from with `--source tables`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.console import out as screen
from tandem.console import steps
from tandem.options import Seed, settings_from

if TYPE_CHECKING:
    from matching.sources.marketplace import MarketplaceConfig


def simulate(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write the tables to, as Parquet.")],
    candidates: Annotated[int, typer.Option(min=1, help="Number of candidates.")] = 20_000,
    jobs: Annotated[int, typer.Option(min=1, help="Number of jobs.")] = 4_000,
    impressions: Annotated[int, typer.Option(min=1, help="Number of impressions to aim for.")] = 1_000_000,
    seed: Seed = None,
) -> None:
    """Write a simulated marketplace as the canonical tables, to explore or to train from with `--source tables`."""
    from matching.sources.marketplace import MarketplaceConfig

    config = MarketplaceConfig(n_candidates=candidates, n_jobs=jobs, n_impressions=impressions)
    write_tables(out, config, seed=settings_from(seed=seed).seed)


def write_tables(folder: Path, config: "MarketplaceConfig", *, seed: int) -> None:
    """Simulate a marketplace and write its tables as `<table>.parquet`.

    Args:
        folder: made where it is not there; tables already in it are replaced.
        config: size and time of the log.
        seed: seed of everything.
    """
    from matching.sources import tables
    from matching.sources.marketplace import Marketplace

    with steps("simulating") as say:
        dataset = Marketplace(config).load(None, seed=seed, progress=say)
        tables.write(dataset, folder)
    for name, (_, table) in dataset.tables().items():
        screen.print(f"{table.height:>12,} rows  {folder / name}.parquet")
    screen.print(f"[bold]{folder}[/bold]  train from it: tandem train --source tables --data {folder}")
