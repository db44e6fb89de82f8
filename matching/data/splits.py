"""The splits of the log in time: train on the oldest events, calibrate on the next, evaluate on the newest."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from matching.data.dataset import Dataset
from matching.data.labels import ONE_SIDED_KINDS, LabelledPairs, labelled_pairs
from matching.data.tables import EventKind
from matching.errors import UnusableData

TRAIN_SHARE, CALIBRATION_SHARE = 0.6, 0.2
NAMES = ("train", "calibration", "holdout")
SHOWN_KINDS = (EventKind.IMPRESSION, *ONE_SIDED_KINDS)


@dataclass(frozen=True)
class Cuts:
    """Where the splits begin and end, UTC. No event after `train_end` is used to fit a model."""

    start: datetime
    train_end: datetime
    calibration_end: datetime
    end: datetime


@dataclass(frozen=True)
class Splits:
    """Labelled pairs of the three splits, oldest first."""

    cuts: Cuts
    train: LabelledPairs
    calibration: LabelledPairs
    holdout: LabelledPairs


def cuts(dataset: Dataset) -> Cuts:
    """Find the cuts: the first `TRAIN_SHARE` of what was shown trains, the next `CALIBRATION_SHARE` calibrates.

    Raises:
        UnusableData: nothing was shown, or all of it at the same moment.
    """
    shown = dataset.events.filter(pl.col("kind").is_in(SHOWN_KINDS))["time"].sort()
    if not shown.len():
        raise UnusableData(
            f"source {dataset.name!r}: the events table has no impression, view or apply: nothing can be learned from "
            "it; use a log that records what was shown"
        )
    train_end = shown[int(TRAIN_SHARE * shown.len())]
    calibration_end = shown[int((TRAIN_SHARE + CALIBRATION_SHARE) * shown.len())]
    end: datetime = dataset.events["time"].max()  # type: ignore[assignment]  # polars types it as any literal
    if not shown[0] < train_end < calibration_end < end:
        raise UnusableData(
            f"source {dataset.name!r}: {shown.len()} events between {shown[0]} and {end} cannot be split by time: "
            "a model is fitted on older events, and calibrated and evaluated on newer ones; use a longer log"
        )
    return Cuts(shown[0], train_end, calibration_end, end)


def split(dataset: Dataset, *, maturity: timedelta, seed: int) -> Splits:
    """Label a dataset and split it by time. The labels of each split use only the events before its cut.

    A split ends `maturity` before its cut: a more recent pair without an answer may still get one.

    Args:
        dataset: validated tables.
        maturity: age from which a missing answer counts as a no.
        seed: seed of the sampled no's of a one-sided log.

    Raises:
        UnusableData: a split is empty, or the directions that have labels differ between splits.
    """
    at = cuts(dataset)
    ends = (at.train_end, at.calibration_end, at.end)
    starts = (None, at.train_end, at.calibration_end)
    splits = [
        labelled_pairs(dataset, since=since, until=until, maturity=maturity, seed=seed + index)
        for index, (since, until) in enumerate(zip(starts, ends, strict=True))
    ]
    _require_same_directions(dataset.name, splits)
    return Splits(at, *splits)


def _require_same_directions(name: str, splits: list[LabelledPairs]) -> None:
    """Refuse a direction whose labels begin or end mid-log: it could be learned or evaluated, but not both."""
    labelled = [rows.directions() for rows in splits]
    if len(set(labelled)) > 1:
        found = "; ".join(
            f"{part}: {' and '.join(directions) or 'none'}" for part, directions in zip(NAMES, labelled, strict=True)
        )
        raise UnusableData(
            f"source {name!r}: the directions with labels change over time ({found}): use a log that records outreach "
            "and answers throughout"
        )
