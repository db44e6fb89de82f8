"""Evidently: one report per window, drawn into its workspace. The one module that imports it.

The verdict is computed without Evidently, whose own rules raise false alarms on small windows and reduce the columns
to one share. Here the numbers of the verdict are drawn. The score of a column is its change in units of its calibrated
threshold: over 1 is drift, in the report as in the verdict.
"""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from home.settings import Settings
from matching.data.tables import Direction
from matching.errors import StorageError
from monitoring.report_queue import ReportContent, WaitingReport
from monitoring.verdict import WindowVerdict
from monitoring.workspace import workspace_folder

if TYPE_CHECKING:
    import pandas as pd

METHOD = "tandem_calibrated"
SHARE = "share of columns that drifted"


def write_report(settings: Settings, report: WaitingReport) -> Path:
    """Draw one window into the workspace; return the file.

    One process at a time may do so; see `monitoring.drawing`.

    Args:
        settings: where the workspace is.
        report: what to draw, the id it gets, and the older reports of the same window, which are deleted.

    Raises:
        StorageError: the workspace cannot be written.
    """
    content, folder = report.content(), workspace_folder(settings)
    with _quiet_evidently():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return _store(folder, _snapshot(content), report, model_name=content.verdict.model_name)
        except OSError as error:
            raise StorageError(f"{folder}: the report cannot be stored ({error.strerror}): free the disk") from error


@contextmanager
def _quiet_evidently() -> Iterator[None]:
    """Send nothing to Evidently's makers, and hide warnings about its own plots."""
    os.environ.setdefault("DO_NOT_TRACK", "true")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _snapshot(content: ReportContent) -> Any:
    from evidently import BinaryClassification, DataDefinition, Dataset, Report

    verdict, reference, current = content.verdict, content.reference.to_pandas(), content.window.to_pandas()
    # Evidently leaves out columns without a single value: count the share without it.
    reference[SHARE], current[SHARE] = 0.0, verdict.drifted_share
    # Evidently cannot draw a column without a single value.
    drawable = {name for name in current.columns if reference[name].count() and current[name].count()}
    labelled = [d for d in Direction if _has_both_outcomes(reference, current, d)]
    definition = DataDefinition(
        numerical_columns=[name for name in current.columns if not name.endswith(" outcome")],
        categorical_columns=[f"{direction} outcome" for direction in labelled],
        classification=[
            BinaryClassification(name=d, target=f"{d} outcome", prediction_probas=f"{d}_probability", pos_label="yes")
            for d in labelled
        ],
    )
    _register_calibrated({column.column: column.severity for column in verdict.columns})
    report = Report(_metrics(verdict, drawable, labelled), metadata=_metadata(verdict))
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


def _metrics(verdict: WindowVerdict, drawable: set[str], labelled: list[Direction]) -> list[Any]:
    """Return what to draw: drifted columns first, most severe first."""
    from evidently.metrics import MeanValue, MissingValueCount, ValueDrift
    from evidently.presets import ClassificationQuality

    columns = [column for column in verdict.columns if column.column in drawable]
    drifted = [column for column in columns if column.severity > 1]
    missing = [column for column in verdict.columns if column.severity > 1 and column.is_missing]
    means = [name for name in (SHARE, "match_probability") if name in drawable]
    means += [f"{d} yes{suffix}" for d in labelled for suffix in ("", " expected")]
    return [
        *(ValueDrift(column=column.column, method=METHOD, threshold=1.0) for column in drifted),
        *(MissingValueCount(column=column.column) for column in missing),
        *(MeanValue(column=name) for name in means),
        *(ClassificationQuality(classification_name=direction, pr_curve=True) for direction in labelled),
        *(ValueDrift(column=c.column, method=METHOD, threshold=1.0) for c in columns if c not in drifted),
    ]


def _register_calibrated(severities: dict[str, float]) -> None:
    """Register the verdict's figures as a drift method of Evidently, so that report and verdict never disagree."""
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
    """Describe the window; the pages show this beside the report."""
    window = verdict.window
    return {
        "window": f"{window.start.isoformat()} to {window.end.isoformat()}",
        "model_version": verdict.model_version,
        "predictions": str(window.rows),
        "requests": str(window.requests),
        **{f"reason {number}": reason.words for number, reason in enumerate(verdict.reasons, start=1)},
    }


def _store(folder: Path, snapshot: Any, report: WaitingReport, *, model_name: str) -> Path:
    file = _project(folder, model_name, scratch=report.folder) / "snapshots" / f"{report.id}.json"
    # Pages that run read a file as soon as it appears, so it appears whole.
    whole = report.folder / "snapshot.json"
    whole.write_text(snapshot.dumps(), encoding="utf-8")
    shutil.move(whole, file)
    for old in report.replaces:
        file.with_name(f"{old}.json").unlink(missing_ok=True)
    return file


def _project(folder: Path, model_name: str, *, scratch: Path) -> Path:
    """Folder of the model's project; where there is none it is made in `scratch` and moved.

    Opening a `Workspace` reads every report in it, so one is opened only where there are none.
    """
    from evidently.ui.storage.local.base import LocalState

    state = LocalState(str(folder))
    for known in state.list_projects():
        if state.read_project(known).name == model_name:
            return folder / str(known)
    with tempfile.TemporaryDirectory(dir=scratch) as empty:
        made = _new_project(Path(empty), model_name)
        (made / "snapshots").mkdir(exist_ok=True)
        return Path(shutil.move(made, folder / made.name))


def _new_project(folder: Path, model_name: str) -> Path:
    from evidently.sdk.models import PanelMetric
    from evidently.sdk.panels import bar_plot_panel, line_plot_panel
    from evidently.ui.workspace import Workspace

    description = "One report per window, against the model's own holdout."
    project = Workspace.create(str(folder)).create_project(model_name, description=description)
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
    return folder / str(project.id)


def _mean(column: str, legend: str) -> Any:
    """Plot the mean of a column; a long legend would leave no room for the plot."""
    from evidently.sdk.models import PanelMetric

    return PanelMetric(legend=legend, metric="MeanValue", metric_labels={"column": column})
