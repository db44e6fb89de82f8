"""One check of the service: read a window, evaluate it, draw the report, save the verdict."""

from datetime import datetime
from pathlib import Path

from home.settings import Settings
from matching.data.progress import Progress
from matching.model import declared_features
from monitoring import history
from monitoring.drawing import Drawer
from monitoring.verdict import Judge, WindowVerdict
from monitoring.windows import read_reference, read_window


def monitor(
    settings: Settings,
    *,
    model_name: str,
    model_version: str,
    bundle: Path,
    last: int | None = None,
    since: datetime | None = None,
    now: datetime | None = None,
    drawer: Drawer,
    progress: Progress,
) -> WindowVerdict:
    """Compare the recent predictions of a model version with its own holdout.

    Args:
        settings: where the log, the reports and the verdicts are.
        model_name: name of the registered model.
        model_version: the version that answered.
        bundle: folder of that version; holds the reference.
        last: only this many of the most recent predictions.
        since: only predictions made at or after this time, UTC.
        now: the time that decides which labels are mature; the current time by default.
        drawer: draws the report.
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
    judge = Judge(reference, seed=settings.seed, inputs=declared_features.read(bundle).inputs)
    verdict = judge.judge(window, model_name=model_name, model_version=model_version)
    if verdict.columns:
        progress("drawing the report")
        older = [known.report for known in history.read(settings, model_name) if known.is_of_the_window(verdict)]
        report = drawer.draw(
            settings, verdict, reference=reference, window=window, replaces=[name for name in older if name]
        )
        verdict = verdict.model_copy(update={"report": report})
    history.append(settings, verdict)
    return verdict
