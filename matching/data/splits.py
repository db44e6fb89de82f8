"""One global cut in time: the model learns from the past, is calibrated on what came next, judged on the newest."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from matching.data.dataset import Dataset
from matching.data.labels import ONE_SIDED_KINDS, LabelledPairs, labelled_pairs
from matching.data.tables import EventKind
from matching.errors import UnusableData

TRAIN_SHARE, CALIBRATION_SHARE = 0.6, 0.2
SHOWN_KINDS = (EventKind.IMPRESSION, *ONE_SIDED_KINDS)


@dataclass(frozen=True)
class Cuts:
    """Moments, UTC, between the slices: nothing after `train_end` reaches the fit."""

    start: datetime
    train_end: datetime
    calibration_end: datetime
    end: datetime


@dataclass(frozen=True)
class Split:
    """Labelled pairs of the three slices, oldest first."""

    cuts: Cuts
    train: LabelledPairs
    calibration: LabelledPairs
    holdout: LabelledPairs


def cuts(dataset: Dataset) -> Cuts:
    """Cut where the given shares of what was shown lie behind.

    Raises:
        UnusableData: nothing was shown, or all at one moment.
    """
    shown = dataset.events.filter(pl.col("kind").is_in(SHOWN_KINDS))["time"].sort()
    if not shown.len():
        raise UnusableData(
            f"source {dataset.name!r}: the table of events has no impression, view or apply: nothing can be learned"
        )
    train_end = shown[int(TRAIN_SHARE * shown.len())]
    calibration_end = shown[int((TRAIN_SHARE + CALIBRATION_SHARE) * shown.len())]
    end: datetime = dataset.events["time"].max()  # type: ignore[assignment]  # polars types it as any literal
    if not shown[0] < train_end < calibration_end < end:
        raise UnusableData(
            f"source {dataset.name!r}: {shown.len()} events between {shown[0]} and {end} cannot be cut in time: "
            "a model is fitted on older events, calibrated and judged on newer ones"
        )
    return Cuts(shown[0], train_end, calibration_end, end)


def split(dataset: Dataset, *, maturity: timedelta, seed: int) -> Split:
    """Label and cut a dataset; each slice knows only the events before its own end.

    A slice ends `maturity` before its cut, since a younger pair without an answer is not a no.

    Args:
        dataset: validated tables.
        maturity: age at which the absence of an answer means no.
        seed: seed of sampled no's in a one-sided log.

    Raises:
        UnusableData: a slice is empty.
    """
    at = cuts(dataset)
    ends = (at.train_end, at.calibration_end, at.end)
    starts = (None, at.train_end, at.calibration_end)
    slices = [
        labelled_pairs(dataset, since=since, until=until, maturity=maturity, seed=seed + index)
        for index, (since, until) in enumerate(zip(starts, ends, strict=True))
    ]
    _require_same_directions(dataset.name, slices)
    return Split(at, *slices)


def _require_same_directions(name: str, slices: list[LabelledPairs]) -> None:
    """A direction whose labels begin or end in the middle of the log can be learned or judged, but not both."""
    labelled = [rows.directions() for rows in slices]
    if len(set(labelled)) > 1:
        told = "; ".join(
            f"{part}: {' and '.join(directions) or 'none'}"
            for part, directions in zip(("oldest slice", "middle", "newest"), labelled, strict=True)
        )
        raise UnusableData(
            f"source {name!r}: the directions with labels change over time ({told}): use a log in which outreach and "
            "answers are recorded throughout"
        )
