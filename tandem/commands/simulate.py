"""A simulated marketplace as files: to explore, or to train from with `--source tables`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.console import out as screen
from tandem.console import steps
from tandem.options import MarketSeed, settings_from

if TYPE_CHECKING:
    from matching.sources.marketplace import MarketplaceConfig


def simulate(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write the tables to, as Parquet.")],
    candidates: Annotated[int, typer.Option(min=1, help="Number of candidates.")] = 20_000,
    jobs: Annotated[int, typer.Option(min=1, help="Number of jobs.")] = 4_000,
    impressions: Annotated[int, typer.Option(min=1, help="Number of impressions to aim for.")] = 1_000_000,
    seed: MarketSeed = None,
) -> None:
    """Write a simulated marketplace as the canonical tables, to explore or to train from with `--source tables`."""
    from matching.sources.marketplace import MarketplaceConfig

    config = MarketplaceConfig(n_candidates=candidates, n_jobs=jobs, n_impressions=impressions)
    write_tables(out, config, seed=settings_from(seed=seed).seed)


def write_tables(folder: Path, config: "MarketplaceConfig", *, seed: int) -> None:
    """Simulate a marketplace and write its tables as `<table>.parquet`.

    Args:
        folder: made where it is not there; Parquet tables already in it are replaced.
        config: size and time of the log.
        seed: seed of everything.

    Raises:
        InputError: the folder holds CSV tables, or the marketplace is so small that nothing happens in it.
    """
    from matching.errors import InputError
    from matching.sources import tables
    from matching.sources.marketplace import Marketplace

    tables.check_free(folder)
    with steps("simulating") as say:
        dataset = Marketplace(config).load(None, seed=seed, progress=say)
        empty = [name for name in ("candidates", "jobs", "events") if dataset.tables()[name][1].is_empty()]
        if empty:
            raise InputError(
                f"so small a marketplace has no {empty[0]}, and nothing was written: give more candidates, jobs or "
                "impressions"
            )
        tables.write(dataset, folder)
    for name, (_, table) in dataset.tables().items():
        if table.height:
            screen.print(f"{table.height:>12,} rows  {folder / name}.parquet")
    screen.print(f"[bold]{folder}[/bold]  train from it: tandem train --source tables --data {folder}")
