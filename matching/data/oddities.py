"""Oddities: values that break no rule but may be mistakes. They are used as they are, with a warning."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from matching.data.dataset import Dataset
from matching.data.repeated_rows import is_repeated, without_repeated
from matching.data.validation_report import DataWarning, count
from matching.text.pay import MONTHLY_USD

_SHARE_OF_SALARIES, _SHARE_OF_MEDIAN, _SHARE_OF_IDS = 0.05, 0.2, 0.5
_FAR = timedelta(days=365)
_SALARIES = {
    "candidates": ("expected_salary_usd_per_year", "min_salary_usd_per_year"),
    "jobs": ("min_salary_usd_per_year", "max_salary_usd_per_year"),
}
_KEYS = {"candidates": "candidate_id", "jobs": "job_id"}


def find(dataset: Dataset, *, now: datetime, refused_events: int = 0) -> tuple[DataWarning, ...]:
    """Return one warning for each kind of oddity.

    Args:
        dataset: rows that break no rule; a table that could not be read is empty.
        now: current time, UTC.
        refused_events: number of events that break a rule; each may name an id that appears in no other.
    """
    repeated = tuple(_repeated_rows(dataset))
    dataset = without_repeated(dataset) if repeated else dataset
    return (
        *repeated,
        *_salaries(dataset),
        *_unmatched_ids(dataset, refused_events),
        *_far_times(dataset.events),
        *_repeated_versions(dataset),
        *_later_versions(dataset, now),
    )


def _salaries(dataset: Dataset) -> Iterator[DataWarning]:
    for table, columns in _SALARIES.items():
        for column in columns:
            values = dataset.tables()[table][1][column].drop_nulls()
            low = values.filter(values < MONTHLY_USD)
            if len(low) < _SHARE_OF_SALARIES * len(values):
                # A few are odd only where others earn much more: a single monthly salary breaks every salary floor.
                low = low.filter(low < _SHARE_OF_MEDIAN * np.median(values.to_numpy()))
            if len(low):
                yield DataWarning(
                    table,
                    f"{column}: {len(low):,} of {len(values):,} values are below {MONTHLY_USD:,.0f} USD per year; are "
                    "they monthly, or in another currency?",
                )


def _unmatched_ids(dataset: Dataset, refused_events: int) -> Iterator[DataWarning]:
    if dataset.events.is_empty():
        return
    for table, key in _KEYS.items():
        ids = dataset.tables()[table][1][key].unique().drop_nulls()
        seen = int(ids.is_in(dataset.events[key].unique().implode()).sum())
        if len(ids) and len(ids) - seen - refused_events >= _SHARE_OF_IDS * len(ids):
            yield DataWarning(
                table,
                f"{key}: {len(ids) - seen:,} of {len(ids):,} ids appear in no event; is the export complete?",
            )


def _far_times(events: pl.DataFrame) -> Iterator[DataWarning]:
    """Times farther from the middle 98 % of the log than a year and than its length."""
    times = events["time"].drop_nulls()
    if times.is_empty():
        return
    low, high = times.quantile(0.01, "nearest"), times.quantile(0.99, "nearest")
    if not isinstance(low, datetime) or not isinstance(high, datetime):
        return
    margin = max(_FAR, high - low)
    far = times.filter((times < low - margin) | (times > high + margin))
    if len(far):
        yield DataWarning(
            "events",
            f"time: {count(len(far), 'event')} from {far.min():%Y-%m-%d} to {far.max():%Y-%m-%d}, far from the others "
            f"({low:%Y-%m-%d} to {high:%Y-%m-%d}); is one of them a default date?",
        )


def _repeated_rows(dataset: Dataset) -> Iterator[DataWarning]:
    for table in (*_KEYS, "protected"):
        repeated = int(is_repeated(dataset.tables()[table][1]).sum())
        if repeated:
            yield DataWarning(table, f"{count(repeated, 'row')} equal to an earlier one in every column, counted once")


def _repeated_versions(dataset: Dataset) -> Iterator[DataWarning]:
    """Versions of a profile that differ from the previous one only in their time."""
    for table, key in _KEYS.items():
        rows = dataset.tables()[table][1]
        several = rows.filter(pl.col(key).is_duplicated())
        if several.is_empty():
            continue
        content = pl.struct(pl.exclude("updated_at")).hash()
        versions = several.select(key, "updated_at", content=content).sort(key, "updated_at")
        same = int(
            (versions[key].eq(versions[key].shift()) & versions["content"].eq(versions["content"].shift())).sum()
        )
        if same:
            yield DataWarning(
                table, f"updated_at: {same:,} of {rows.height:,} versions differ from the previous one in nothing else"
            )


def _later_versions(dataset: Dataset, now: datetime) -> Iterator[DataWarning]:
    for table in _KEYS:
        later = int((dataset.tables()[table][1]["updated_at"] > now).sum())
        if later:
            yield DataWarning(table, f"updated_at: {count(later, 'version')} in the future, never used")
