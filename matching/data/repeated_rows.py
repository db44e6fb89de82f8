"""Repeated rows: a row of a profile that equals an earlier one in every column has one meaning and counts once."""

from dataclasses import replace

import polars as pl

from matching.data.dataset import Dataset


def is_repeated(rows: pl.DataFrame) -> pl.Series:
    """Whether each row equals an earlier one in every column, shape (n_rows,).

    Args:
        rows: a table of profiles or of protected attributes, whose first column is its id.

    >>> is_repeated(pl.DataFrame({"id": ["a", "a", "a"], "words": [["x"], ["x"], []]})).to_list()
    [False, True, False]
    """
    places = rows.to_series().is_duplicated().arg_true()
    repeated = pl.repeat(False, rows.height, eager=True)
    if not len(places):
        return repeated
    contents = rows[places].select(pl.struct(pl.all()).hash()).to_series()
    return repeated.scatter(places.filter(~contents.is_first_distinct()), True)


def without_repeated(dataset: Dataset) -> Dataset:
    """Keep the first of equal rows, in order; events have a rule of their own, see `matching.data.redelivery`."""
    return replace(
        dataset,
        candidates=dataset.candidates.filter(~is_repeated(dataset.candidates)),
        jobs=dataset.jobs.filter(~is_repeated(dataset.jobs)),
        protected=dataset.protected.filter(~is_repeated(dataset.protected)),
    )
