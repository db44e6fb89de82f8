"""Redelivered events: at-least-once delivery may repeat an event that happened once."""

from collections.abc import Mapping

import polars as pl

SAME_EVENT = ("candidate_id", "job_id", "kind", "time", "list_id")
"""Rows with equal values in these columns are one event. Its other columns are those of the first row."""


def delivered_once(events: pl.DataFrame) -> pl.DataFrame:
    """Keep the first copy of every event, in order.

    Args:
        events: schema of `Event`.
    """
    return events.unique(SAME_EVENT, keep="first", maintain_order=True)


def is_redelivered(events: pl.DataFrame) -> pl.Series:
    """Whether each event is a copy of an earlier row, shape (n_events,)."""
    return events.select(~pl.struct(SAME_EVENT).is_first_distinct()).to_series()


def counted(events: pl.DataFrame) -> Mapping[str, int]:
    """Count the copies by kind."""
    copies = events.filter(is_redelivered(events)).group_by("kind").len().sort("kind")
    return dict(copies.filter(pl.col("kind").is_not_null()).rows())
