"""Accepted rows: those that break no rule, of the tables that could be read."""

import polars as pl

from matching.data.dataset import Dataset


def accepted(dataset: Dataset, faults: pl.DataFrame) -> Dataset:
    """Keep the rows without a fault; a table of which the whole file has one becomes empty.

    The values of the other rows are null or wrong, so nothing can be concluded from them.

    Args:
        dataset: as its source read it.
        faults: broken rules, schema `REPORTED`.

    Returns:
        The tables only: their rows are no longer those of the files.
    """
    kept = {name: _kept(table, faults.filter(pl.col("table") == name)) for name, (_, table) in dataset.tables().items()}
    return Dataset(dataset.name, kept["candidates"], kept["jobs"], kept["events"], kept["protected"])


def emptied(dataset: Dataset, kept: Dataset) -> tuple[str, ...]:
    """Name the tables that have rows in `dataset`, and none to learn from in `kept`.

    An event is only kept with its candidate and its job.
    """
    events = kept.events.join(kept.candidates, on="candidate_id", how="semi").join(kept.jobs, on="job_id", how="semi")
    left = {"candidates": kept.candidates, "jobs": kept.jobs, "events": events}
    tables = dataset.tables()
    return tuple(name for name, rows in left.items() if rows.is_empty() and tables[name][1].height)


def _kept(table: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
    if faults.is_empty():
        return table
    if faults["row"].null_count():
        return table.clear()
    wrong = pl.Series(range(1, table.height + 1), dtype=pl.Int64).is_in(faults["row"].unique().implode())
    return table.filter(~wrong)
