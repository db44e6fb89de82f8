"""One check of the service: read a window, evaluate it, queue its report, save the verdict."""

import uuid
from datetime import datetime
from pathlib import Path

from home.settings import Settings
from matching.data.progress import Progress
from matching.errors import StorageError
from matching.model import declared_features
from monitoring import history, report_queue
from monitoring.drawn_columns import drawn_columns
from monitoring.report_queue import ReportContent, WaitingReport
from monitoring.verdict import Evaluator, WindowVerdict
from monitoring.windows import Sample, read_reference, read_window


def monitor(
    settings: Settings,
    *,
    model_name: str,
    model_version: str,
    bundle: Path,
    last: int | None = None,
    since: datetime | None = None,
    now: datetime | None = None,
    progress: Progress,
) -> WindowVerdict:
    """Compare the recent predictions of a model version with its own holdout.

    The verdict and all that its report needs are on the disk when this returns; `monitoring.drawing` draws the report.

    Args:
        settings: where the log, the reports and the verdicts are.
        model_name: name of the registered model.
        model_version: the version that answered.
        bundle: folder of that version; holds the reference.
        last: only this many of the most recent predictions.
        since: only predictions made at or after this time, UTC.
        now: the time that decides which labels are mature; the current time by default.
        progress: receives a few words about each step.

    Raises:
        UnusableData: the window is empty.
        ModelError: the bundle has no reference, or one of another model.
        StorageError: log, report or verdict cannot be read or written.
    """
    progress("reading the window")
    window = read_window(settings, model_name=model_name, model_version=model_version, last=last, since=since, now=now)
    reference = read_reference(bundle)
    progress(f"evaluating {len(window):,} predictions")
    evaluator = Evaluator(reference, seed=settings.seed, inputs=declared_features.read(bundle).inputs)
    verdict = evaluator.evaluate(window, model_name=model_name, model_version=model_version)
    if not verdict.columns:
        history.append(settings, verdict)
        return verdict
    verdict = verdict.model_copy(update={"report": str(uuid.uuid4())})
    report = _queue(settings, verdict, reference, window)
    try:
        history.append(settings, verdict)
    except StorageError:
        report.remove()
        raise
    return verdict


def _queue(settings: Settings, verdict: WindowVerdict, reference: Sample, window: Sample) -> WaitingReport:
    """Put the report of a verdict into the queue; it replaces older reports of the same window."""
    older = (known.report for known in history.read(settings, verdict.model_name) if known.is_of_the_window(verdict))
    content = ReportContent(verdict, drawn_columns(reference, settings.seed), drawn_columns(window, settings.seed))
    return report_queue.add(settings, str(verdict.report), content, replaces=[name for name in older if name])
