"""Cleaning: afterwards no row of a dataset breaks a rule, and every row and event counts once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl

from matching.data import redelivery, rejects
from matching.data.dataset import Cleaning, Dataset
from matching.data.progress import Progress
from matching.data.repeated_rows import without_repeated
from matching.data.validation import broken_rules, examine
from matching.data.validation_report import ValidationReport, count
from matching.errors import UnusableData


def clean(
    dataset: Dataset,
    rejected: Path,
    *,
    now: datetime,
    drop_invalid: bool = False,
    progress: Progress = lambda _: None,
) -> Dataset:
    """Validate a dataset, and return it without redelivered events, repeated rows and rows that break a rule.

    Args:
        dataset: as its source read it.
        rejected: folder for the rows that break a rule; see `matching.data.rejects`.
        now: current time, UTC; no event may be later.
        drop_invalid: leave those rows out; otherwise they are an error.
        progress: called with every warning and with what was left out.

    Raises:
        InvalidTable: rows break rules and `drop_invalid` is false, or a whole column or file breaks one.
        MissingInput: a file or a required column is missing.
        UnusableData: candidates, jobs or events has no rows, or none is left.
        StorageError: the rejected rows cannot be written.
    """
    report = examine(dataset, now=now)
    rejects.write(dataset, report, rejected)
    dropped: Mapping[str, Mapping[str, int]] = {}
    if drop_invalid and report.faults.height and report.of_rows:
        dataset, dropped = without_invalid(dataset, report, now=now)
        for name, rules in dropped.items():
            progress(f"left out {count(sum(rules.values()), 'row')} of {name} that break rules; see {rejected}")
    else:
        report.raise_faults(rejected)
    notes = tuple(f"{report.place(warning.table)}: {warning.text}" for warning in report.warnings)
    copies = redelivery.counted(dataset.events)
    if copies:
        notes = (*notes, f"events: {count(sum(copies.values()), 'event')} delivered again; each counts once")
    for note in notes:
        progress(f"note: {note}")
    events = redelivery.delivered_once(dataset.events) if copies else dataset.events
    cleaning = Cleaning(notes, copies, dropped)
    return replace(without_repeated(dataset), events=events, origins={}, cleaning=cleaning)


def without_invalid(
    dataset: Dataset, report: ValidationReport, *, now: datetime
) -> tuple[Dataset, dict[str, dict[str, int]]]:
    """Leave out every row that breaks a rule, then the rows that break one as a result, until none does.

    Returns:
        The dataset, and the number of rows left out, by table and by the first rule that each row broke.

    Raises:
        UnusableData: a table has no rows left.
    """
    dropped: dict[str, Counter[str]] = {}
    broken = report.faults
    while broken.height:
        ValidationReport(broken.filter(pl.col("row").is_null()), dataset.origins).raise_faults()
        tables = {}
        for name, (_, table) in dataset.tables().items():
            wrong = _to_drop(broken.filter(pl.col("table") == name))
            counts = dropped.setdefault(name, Counter())
            counts.update(wrong["reason"].to_list())
            keep = pl.Series(range(table.height), dtype=pl.Int64).filter(
                ~pl.Series(range(1, table.height + 1), dtype=pl.Int64).is_in(wrong["row"].implode())
            )
            tables[name] = keep
        dataset = _taken(dataset, tables)
        _require_rows(dataset, report, dropped)
        broken = broken_rules(dataset, now=now)
    return dataset, {name: dict(counts) for name, counts in dropped.items() if counts}


def _require_rows(dataset: Dataset, report: ValidationReport, dropped: Mapping[str, Mapping[str, int]]) -> None:
    """Raise an error with the broken rules of the tables that have no rows left.

    Raises:
        UnusableData: there are such tables.
    """
    texts = []
    for name, (_, table) in dataset.tables().items():
        counts = dropped.get(name, {})
        if table.is_empty() and counts and name != "protected":
            rules = ", ".join(f"{n:,} x {rule}" for rule, n in sorted(counts.items(), key=lambda of: -of[1]))
            n = sum(counts.values())
            what = "its only row breaks a rule" if n == 1 else f"all {n:,} rows break rules"
            texts.append(f"{report.place(name)}: {what}: {rules}")
    if texts:
        raise UnusableData(f"{'; '.join(texts)}; without them nothing can be learned: correct them and run again")


def _to_drop(broken: pl.DataFrame) -> pl.DataFrame:
    """Rows to leave out, with the first rule that each breaks."""
    reason = pl.concat_str(pl.col("column"), pl.col("rule"), separator=" ", ignore_nulls=True)
    return broken.group_by("row", maintain_order=True).agg(reason=reason.first())


def _taken(dataset: Dataset, rows: Mapping[str, pl.Series]) -> Dataset:
    """Keep some rows of each table."""
    return replace(
        dataset,
        candidates=dataset.candidates[rows["candidates"]],
        jobs=dataset.jobs[rows["jobs"]],
        events=dataset.events[rows["events"]],
        protected=dataset.protected[rows["protected"]],
        origins={name: origin.take(rows[name]) for name, origin in dataset.origins.items()},
    )
