"""One global cut in time: the model learns from the past, is calibrated on what came next, judged on the newest."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from matching.dataset import Dataset
from matching.errors import UnusableData
from matching.labels import LabelledPairs, labelled_pairs

TRAIN_SHARE, CALIBRATION_SHARE = 0.6, 0.2


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
    """Cut the time the events span.

    Raises:
        UnusableData: there are no events, or all at one moment.
    """
    if not dataset.events.height:
        raise UnusableData(f"source {dataset.name!r}: the table of events is empty: nothing can be learned")
    start: datetime = dataset.events["time"].min()  # type: ignore[assignment]  # polars types it as any literal
    end: datetime = dataset.events["time"].max()  # type: ignore[assignment]
    if start == end:
        raise UnusableData(f"source {dataset.name!r}: every event has the time {start}: a split by time needs a span")
    span = end - start
    return Cuts(start, start + TRAIN_SHARE * span, start + (TRAIN_SHARE + CALIBRATION_SHARE) * span, end)


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
    return Split(at, *slices)
