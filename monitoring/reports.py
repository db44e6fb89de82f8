"""Evidently: one report per window in a workspace, and the pages that show them. The one module that imports it.

The verdict is computed without Evidently (its own rules raise false alarms on small windows, and a share of columns
is no verdict); here its numbers are drawn. The score of a column is its change in units of its calibrated threshold:
over 1 is drift, in the report as in the verdict.
"""

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from home.settings import Settings
from matching.data.tables import Direction
from matching.errors import StorageError
from monitoring.verdict import WindowVerdict
from monitoring.windows import Sample

if TYPE_CHECKING:
    import pandas as pd

MAX_DRAWN_ROWS = 5_000
METHOD = "tandem_calibrated"
SHARE = "share of columns that drifted"


def workspace_folder(settings: Settings) -> Path:
    """Folder of Evidently's workspace."""
    return settings.root / "evidently"


def serve_command(settings: Settings) -> list[str]:
    """Command line of Evidently's pages. They have no login, so only this machine reaches them, whatever the host."""
    return [
        *(sys.executable, "-m", "evidently.cli", "ui"),
        *("--host", "127.0.0.1", "--port", str(settings.evidently_port)),
        *("--workspace", str(workspace_folder(settings))),
    ]


def prepare() -> None:
    """Import Evidently, so that a report is drawn at once when it is requested."""
    with _quiet_evidently():
        import evidently.metrics
        import evidently.presets
        import evidently.sdk.panels
        import evidently.ui.workspace  # noqa: F401


def write_report(
    settings: Settings, verdict: WindowVerdict, *, reference: Sample, window: Sample, replaces: Sequence[str] = ()
) -> str:
    """Draw one window into the workspace.

    Args:
        settings: where the workspace is.
        verdict: what was found; its figures are the ones drawn.
        reference: the model's own holdout.
        window: the rows that were judged.
        replaces: ids of older reports of the same window; they are deleted.

    Returns:
        The report's id in the workspace.

    Raises:
        StorageError: the workspace cannot be written.
    """
    with _quiet_evidently():
        drawn = [_drawn(sample, settings.seed) for sample in (reference, window)]
        # Evidently leaves out columns without a single value: count the share without it.
        drawn[0][SHARE], drawn[1][SHARE] = 0.0, verdict.drifted_share
        snapshot = _snapshot(verdict, drawn[0], drawn[1])
        try:
            return _store(settings, verdict.model_name, snapshot, replaces)
        except OSError as error:
            folder = workspace_folder(settings)
            raise StorageError(f"{folder}: the report cannot be stored ({error.strerror}): free the disk") from error


@contextmanager
def _quiet_evidently() -> Iterator[None]:
    """Send nothing to Evidently's makers, and keep warnings about its own plots from the user."""
    os.environ.setdefault("DO_NOT_TRACK", "true")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _drawn(sample: Sample, seed: int) -> "pd.DataFrame":
    """Columns to draw, of at most `MAX_DRAWN_ROWS` rows: what Evidently draws costs seconds per 100,000."""
    frame = sample.frame
    if frame.height > MAX_DRAWN_ROWS:
        rows = np.random.default_rng(seed).choice(frame.height, MAX_DRAWN_ROWS, replace=False)
        frame = frame[np.sort(rows)]
    seen = pl.col("propensity").cast(pl.Float64).fill_null(1.0)
    outcomes = [
        column
        for direction in Direction
        for column in (
            pl.col(f"{direction}_label").cast(pl.Float64).alias(f"{direction} yes"),
            # Evidently takes scores from 0 to 1 as probabilities only where the outcome is a word.
            pl.col(f"{direction}_label").replace_strict({True: "yes", False: "no"}).alias(f"{direction} outcome"),
            pl.when(pl.col(f"{direction}_label").is_not_null())
            .then(pl.col(f"{direction}_probability") * (seen if direction is Direction.COMPANY else 1.0))
            .alias(f"{direction} yes expected"),
        )
    ]
    numbers = [pl.col(name).cast(pl.Float64) for name in (*sample.features, *sample.probabilities)]
    return frame.select(*numbers, *outcomes).to_pandas()


def _snapshot(verdict: WindowVerdict, reference: "pd.DataFrame", current: "pd.DataFrame") -> Any:
    from evidently import BinaryClassification, DataDefinition, Dataset, Report

    # Evidently cannot draw a column without a single value.
    drawable = {name for name in current.columns if reference[name].count() and current[name].count()}
    judged = [d for d in Direction if _has_both_outcomes(reference, current, d)]
    definition = DataDefinition(
        numerical_columns=[name for name in current.columns if not name.endswith(" outcome")],
        categorical_columns=[f"{direction} outcome" for direction in judged],
        classification=[
            BinaryClassification(name=d, target=f"{d} outcome", prediction_probas=f"{d}_probability", pos_label="yes")
            for d in judged
        ],
    )
    _register_calibrated({column.column: column.severity for column in verdict.columns})
    report = Report(_metrics(verdict, drawable, judged), metadata=_metadata(verdict))
    return report.run(
        Dataset.from_pandas(current, definition),
        Dataset.from_pandas(reference, definition),
        timestamp=verdict.window.end.astimezone(UTC).replace(tzinfo=None),
        tags=[verdict.state, f"version {verdict.model_version}"],
        name=_name(verdict),
    )


def _has_both_outcomes(reference: "pd.DataFrame", current: "pd.DataFrame", direction: Direction) -> bool:
    return all(
        f"{direction}_probability" in frame and frame[f"{direction} yes"].nunique() == 2
        for frame in (reference, current)
    )


def _metrics(verdict: WindowVerdict, drawable: set[str], judged: list[Direction]) -> list[Any]:
    """Say what to draw: what drifted first, most severe first."""
    from evidently.metrics import MeanValue, MissingValueCount, ValueDrift
    from evidently.presets import ClassificationQuality

    columns = [column for column in verdict.columns if column.column in drawable]
    drifted = [column for column in columns if column.severity > 1]
    missing = [column for column in verdict.columns if column.severity > 1 and column.is_missing]
    means = [name for name in (SHARE, "match_probability") if name in drawable]
    means += [f"{d} yes{suffix}" for d in judged for suffix in ("", " expected")]
    return [
        *(ValueDrift(column=column.column, method=METHOD, threshold=1.0) for column in drifted),
        *(MissingValueCount(column=column.column) for column in missing),
        *(MeanValue(column=name) for name in means),
        *(ClassificationQuality(classification_name=direction, pr_curve=True) for direction in judged),
        *(ValueDrift(column=c.column, method=METHOD, threshold=1.0) for c in columns if c not in drifted),
    ]


def _register_calibrated(severities: dict[str, float]) -> None:
    """Give Evidently our figures as a drift method, so that the report and the verdict never disagree."""
    from evidently.legacy.calculations.stattests.registry import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    def calibrated(before: Any, _now: Any, _kind: Any, threshold: float) -> tuple[float, bool]:
        score = severities[str(before.name)]
        return score, score > threshold

    title = "change in units of the most that quiet windows reach"
    kinds = [ColumnType.Numerical, ColumnType.Categorical]
    register_stattest(StatTest(METHOD, title, kinds, default_threshold=1.0), calibrated)


def _name(verdict: WindowVerdict) -> str:
    lead = f": {verdict.reasons[0].words}" if verdict.reasons else ""
    return f"{verdict.state}{lead}"


def _metadata(verdict: WindowVerdict) -> dict[str, Any]:
    """Describe the window, as the pages show it beside the report."""
    window = verdict.window
    return {
        "window": f"{window.start.isoformat()} to {window.end.isoformat()}",
        "model_version": verdict.model_version,
        "predictions": str(window.rows),
        "requests": str(window.requests),
        **{f"reason {number}": reason.words for number, reason in enumerate(verdict.reasons, start=1)},
    }


def _store(settings: Settings, model_name: str, snapshot: Any, replaces: Sequence[str]) -> str:
    from evidently.ui.workspace import Workspace

    folder = workspace_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    workspace = Workspace.create(str(folder))
    found = workspace.search_project(model_name)
    project = found[0] if found else _new_project(workspace, model_name)
    stored = str(workspace.add_run(project.id, snapshot, include_data=False).id)
    known = {str(run) for run in workspace.list_runs(project.id)}
    for old in known.intersection(replaces):
        workspace.delete_run(project.id, old)
    return stored


def _new_project(workspace: Any, model_name: str) -> Any:
    from evidently.sdk.models import PanelMetric
    from evidently.sdk.panels import bar_plot_panel, line_plot_panel

    project = workspace.create_project(
        model_name, description="One report per window, against the model's own holdout."
    )
    panels = [
        bar_plot_panel(title="Share of columns that drifted", values=[_mean(SHARE, "share")], size="half"),
        line_plot_panel(title="Mean match probability", values=[_mean("match_probability", "mean")], size="half"),
    ]
    for direction in Direction:
        values = [_mean(f"{direction} yes", "observed"), _mean(f"{direction} yes expected", "expected")]
        panels.append(line_plot_panel(title=f"Said yes: {direction}", values=values, size="half"))
        auc = PanelMetric(legend="AUC", metric="RocAuc", metric_labels={"classification_name": direction.value})
        panels.append(line_plot_panel(title=f"AUC: {direction}", values=[auc], size="half"))
    for panel in panels:
        project.dashboard.add_panel(panel)
    return project


def _mean(column: str, legend: str) -> Any:
    """Mean of a column; a long legend leaves no room for the plot."""
    from evidently.sdk.models import PanelMetric

    return PanelMetric(legend=legend, metric="MeanValue", metric_labels={"column": column})
