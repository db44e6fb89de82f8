"""A simulated marketplace as files: to look at, or to train from with `--source tables`."""

from pathlib import Path

from matching.sources import tables
from matching.sources.marketplace import Marketplace, MarketplaceConfig
from tandem.console import out, steps


def write_tables(folder: Path, config: MarketplaceConfig, *, seed: int) -> None:
    """Simulate a marketplace and write its tables as `<table>.parquet`.

    Args:
        folder: made where it is not there; tables already in it are replaced.
        config: size and time of the log.
        seed: seed of everything.
    """
    with steps("simulating") as say:
        dataset = Marketplace(config).load(None, seed=seed, progress=say)
        tables.write(dataset, folder)
    for name, (_, table) in dataset.tables().items():
        out.print(f"{table.height:>12,} rows  {folder / name}.parquet")
    out.print(f"[bold]{folder}[/bold]  train from it: tandem train --source tables --data {folder}")
