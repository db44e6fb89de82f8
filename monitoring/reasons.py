"""Reasons: what moved, in words, the likely cause first."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from matching.arrays import Floats
from monitoring.drift import FEW_VALUES, ColumnDrift
from monitoring.quality import QualityFigure
from monitoring.windows import PROBABILITY_COLUMNS, Sample

ReasonKind = Literal["data", "missing", "unknown", "prediction", "quality"]
Inputs = Mapping[str, tuple[str, ...]]

# How many times too low a salary per year is if it was given in another unit.
UNITS_PER_YEAR = {
    12.0: "per month",
    52.0: "per week",
    2_080.0: "per hour",
    1_000.0: "in thousands",
    100.0: "in hundreds",
}
UNIT_TOLERANCE = 0.2
OUTSIDE_SHARE = 0.04


class DriftReason(BaseModel):
    """Why a window differs from the reference.

    Attributes:
        kind: what kind of thing moved.
        column: the column of the log, or `company` / `candidate` for quality.
        statistic: size of the change.
        threshold: what quiet windows of this size stay under.
        words: what moved, as a sentence.
        also: columns that moved as well because they are computed from the same inputs.
    """

    model_config = ConfigDict(frozen=True)

    kind: ReasonKind
    column: str
    statistic: float
    threshold: float
    words: str
    also: tuple[str, ...] = ()

    @property
    def severity(self) -> float:
        """Size of the change in units of its threshold."""
        return self.statistic / self.threshold


def explain(
    drifts: Sequence[ColumnDrift], figures: Sequence[QualityFigure], reference: Sample, window: Sample, inputs: Inputs
) -> tuple[DriftReason, ...]:
    """Turn what moved into reasons: causes in the input first, then predictions, then quality.

    Columns computed from one side's profile come before columns that compare both sides. A column that shares an input
    with a more severe cause is listed under that cause.
    """
    moved = sorted((drift for drift in drifts if drift.severity > 1), key=lambda drift: -drift.severity)
    features = [drift for drift in moved if drift.column not in PROBABILITY_COLUMNS]
    predictions = [drift for drift in moved if drift.column in PROBABILITY_COLUMNS]
    reasons = [_drift_reason(cause, reference, window, also) for cause, also in _group_by_cause(features, inputs)] + [
        _drift_reason(drift, reference, window) for drift in predictions
    ]
    worse = sorted((figure for figure in figures if figure.enough and figure.severity > 1), key=lambda f: -f.severity)
    return (*reasons, *(_quality_reason(figure) for figure in worse))


def _group_by_cause(moved: Sequence[ColumnDrift], inputs: Inputs) -> list[tuple[ColumnDrift, tuple[str, ...]]]:
    """Put each column under the first cause that it shares an input with; `moved` is sorted, most severe first."""
    causes: list[tuple[ColumnDrift, list[str]]] = []
    for drift in sorted(moved, key=lambda drift: _compares_both_sides(drift.column, inputs)):
        own = set(inputs.get(drift.column, (drift.column,)))
        for cause, also in causes:
            if own & set(inputs.get(cause.column, (cause.column,))):
                also.append(drift.column)
                break
        else:
            causes.append((drift, []))
    return [(cause, tuple(also)) for cause, also in causes]


def _compares_both_sides(column: str, inputs: Inputs) -> bool:
    return len({name.split(".")[0] for name in inputs.get(column, ())}) > 1


def _drift_reason(drift: ColumnDrift, reference: Sample, window: Sample, also: tuple[str, ...] = ()) -> DriftReason:
    before, now = (sample.matrix((drift.column,))[:, 0] for sample in (reference, window))
    if drift.is_missing:
        words = f"{drift.column}: missing {_percent(np.isnan(before).mean())} -> {_percent(np.isnan(now).mean())}"
        return DriftReason(
            kind="missing",
            column=drift.column,
            statistic=drift.missing,
            threshold=drift.missing_threshold,
            words=words,
            also=also,
        )
    kind: ReasonKind = "data"
    if drift.column in PROBABILITY_COLUMNS:
        kind = "prediction"
    elif "new_" in drift.column or "unknown" in drift.column:
        kind = "unknown"
    words = describe(drift.column, before[~np.isnan(before)], now[~np.isnan(now)])
    return DriftReason(
        kind=kind, column=drift.column, statistic=drift.shape, threshold=drift.shape_threshold, words=words, also=also
    )


def _quality_reason(figure: QualityFigure) -> DriftReason:
    if figure.measure == "calibration":
        words = (
            f"{figure.direction}: {_percent(figure.observed)} said yes where {_percent(figure.expected)} was expected "
            f"(x {1 + figure.change:.2f}, {figure.rows:,} labelled rows)"
        )
    else:
        words = (
            f"{figure.direction}: AUC {figure.observed:.3f} where {figure.expected:.3f} was expected "
            f"({figure.change:+.3f}, {figure.rows:,} labelled rows): the ranking no longer fits the outcomes"
        )
    return DriftReason(
        kind="quality",
        column=figure.direction,
        statistic=abs(figure.change),
        threshold=max(figure.margin, figure.minimum),
        words=words,
    )


def describe(column: str, before: Floats, now: Floats) -> str:
    """Describe how the present values of a column moved; `before` and `now` have shape (n,) and contain no NaN."""
    values = np.unique(before)
    if len(values) <= FEW_VALUES:
        return f"{column}: {_describe_shares(values, before, now)}"
    low, high = float(np.median(before)), float(np.median(now))
    words = f"{column}: median {_number(low)} -> {_number(high)}"
    if _number(low) == _number(high):
        words = f"{column}: mean {_number(float(before.mean()))} -> {_number(float(now.mean()))}"
    elif low > 0 and high > 0:
        words += f" (x {high / low:.3g})"
    unit = other_unit(column, before, now)
    return f"{words}: {unit}" if unit else words


def _describe_shares(values: Floats, before: Floats, now: Floats) -> str:
    old = np.array([(before == value).mean() for value in values])
    new = np.array([(now == value).mean() for value in values])
    unseen = 1 - new.sum()
    most = int(np.argmax(np.abs(new - old)))
    if unseen > abs(new[most] - old[most]):
        return f"values never seen before: 0 % -> {_percent(unseen)}"
    return f"share of {_number(values[most])}: {_percent(old[most])} -> {_percent(new[most])}"


def other_unit(column: str, before: Floats, now: Floats) -> str | None:
    """Recognise another unit: many values are outside the usual range, by one familiar factor; None otherwise."""
    if "_per_year" not in column or len(before) == 0 or len(now) == 0 or before.min() <= 0:
        return None
    low, high = np.quantile(before, [0.005, 0.995])
    for outside, sign in ((now[(now < low) & (now > 0)], 1.0), (now[now > high], -1.0)):
        if len(outside) / len(now) < OUTSIDE_SHARE:
            continue
        factor = (float(np.median(before)) / float(np.median(outside))) ** sign
        for known, name in UNITS_PER_YEAR.items():
            if abs(np.log(factor / known)) < UNIT_TOLERANCE:
                side = "1/" if sign > 0 else ""
                return (
                    f"{_percent(len(outside) / len(now))} of the values are about {side}{known:,.0f} of the usual: "
                    f"looks like another unit ({name if sign > 0 else f'x {known:,.0f}'})"
                )
    return None


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
