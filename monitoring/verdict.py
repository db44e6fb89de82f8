"""The verdict on one window: quiet, drift, or not enough data; with its reasons."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from matching.data.tables import Direction
from matching.errors import ModelError
from monitoring.drift import ColumnDrift, DriftDetector, DriftSettings
from monitoring.quality import QualityFigure, QualitySettings, measure_quality
from monitoring.reasons import DriftReason, explain
from monitoring.windows import Sample

State = Literal["quiet", "drift", "not enough data"]


class WindowFacts(BaseModel):
    """What a window contains. Times are UTC; `ranked` is the number of rows of rankings since its start, left out."""

    model_config = ConfigDict(frozen=True)

    start: datetime
    end: datetime
    rows: int
    requests: int
    labelled: dict[Direction, int]
    ranked: int = 0


class WindowVerdict(BaseModel):
    """The result of comparing one window with the reference.

    Attributes:
        state: `not enough data` means that even a large change could not be distinguished from chance.
        reasons: what moved, the likely cause first; empty unless the state is `drift`.
        columns: every column's change and threshold, most severe first.
        quality: the figures on mature labels; empty if there are none.
        notes: what could not be evaluated, as sentences.
        report: id of its report in Evidently's workspace; None where there was too little to draw.
    """

    model_config = ConfigDict(frozen=True)

    state: State
    model_name: str
    model_version: str
    window: WindowFacts
    reasons: tuple[DriftReason, ...] = ()
    columns: tuple[ColumnDrift, ...] = ()
    quality: tuple[QualityFigure, ...] = ()
    notes: tuple[str, ...] = ()
    report: str | None = None

    @property
    def drifted_share(self) -> float:
        """Share of all columns that drifted."""
        return sum(column.severity > 1 for column in self.columns) / max(1, len(self.columns))

    def is_of_the_window(self, other: "WindowVerdict") -> bool:
        """Whether both are about the same rows of the same model version."""
        mine, theirs = self.window, other.window
        same_rows = (mine.start, mine.end, mine.rows) == (theirs.start, theirs.end, theirs.rows)
        return same_rows and (self.model_name, self.model_version) == (other.model_name, other.model_version)

    def exit_code(self, *, fail_on_drift: bool) -> int:
        """Exit code of the command: 4 on drift if `fail_on_drift` is set, else 0."""
        return 4 if fail_on_drift and self.state == "drift" else 0


class Evaluator:
    """Compares windows of one model with its reference.

    Args:
        reference: the model's own holdout with its predictions.
        seed: seed of the windows drawn for the thresholds.
        inputs: profile columns that each feature is computed from; they group changes with one cause.
    """

    def __init__(
        self,
        reference: Sample,
        *,
        seed: int,
        inputs: Mapping[str, tuple[str, ...]],
        drift: DriftSettings | None = None,
        quality: QualitySettings | None = None,
    ) -> None:
        self.reference = reference
        self.inputs = inputs
        self.quality = quality or QualitySettings()
        self.detector = DriftDetector(reference, seed=seed, settings=drift)

    def evaluate(self, window: Sample, *, model_name: str, model_version: str) -> WindowVerdict:
        """Compare one window with the reference.

        Raises:
            ModelError: the window has other features than the reference.
        """
        self._check_features(window)
        facts = window_facts(window)
        unit = window.cluster_unit()
        about = WindowVerdict(state="not enough data", model_name=model_name, model_version=model_version, window=facts)
        n_clusters, needed = window.frame[unit].n_unique(), self.detector.settings.min_clusters
        if n_clusters < needed:
            note = f"{n_clusters} distinct values of {unit}; at least {needed} are required"
            return about.model_copy(update={"notes": (note, *_left_out(facts))})
        comparison = self.detector.compare(window, unit)
        figures = measure_quality(self.reference, window, unit, self.quality)
        found = {
            "columns": comparison.columns,
            "quality": figures,
            "notes": _notes(facts, figures, is_blind=comparison.is_blind),
        }
        if comparison.is_blind:
            return about.model_copy(update=found)
        reasons = explain(comparison.columns, figures, self.reference, window, self.inputs)
        return about.model_copy(update=found | {"state": "drift" if reasons else "quiet", "reasons": reasons})

    def _check_features(self, window: Sample) -> None:
        different = sorted(set(self.reference.features) ^ set(window.features))
        if different:
            raise ModelError(f"window and reference differ in {different[0]}: monitor one version at a time")


def window_facts(window: Sample) -> WindowFacts:
    """Summarise what a window contains."""
    start, end = window.span
    labelled = {direction: window.labelled(direction) for direction in Direction}
    return WindowFacts(
        start=start,
        end=end,
        rows=len(window),
        requests=window.requests,
        labelled=labelled,
        ranked=window.ranked,
    )


def _notes(facts: WindowFacts, figures: Sequence[QualityFigure], *, is_blind: bool) -> tuple[str, ...]:
    notes = (
        ["so few requests that half of the columns could change beyond recognition without an alarm"]
        if is_blind
        else []
    )
    for direction, labelled in facts.labelled.items():
        ours = [figure for figure in figures if figure.direction is direction]
        if not ours:
            notes.append(f"{direction}: {labelled:,} mature labels, quality not evaluated")
        elif not ours[0].enough:
            notes.append(
                f"{direction}: {ours[0].positives:,} yes in {labelled:,} mature labels are too few to evaluate quality"
            )
    return (*notes, *_left_out(facts))


def _left_out(facts: WindowFacts) -> tuple[str, ...]:
    if not facts.ranked:
        return ()
    return (f"{facts.ranked:,} ranked answers left out: the selected best of a pool differ from the pool",)
