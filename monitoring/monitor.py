"""One look at the service: read a window, judge it, draw the report, remember the verdict."""

from datetime import datetime
from pathlib import Path

from home.settings import Settings
from matching.data.dataset import Progress
from matching.model import declared_features
from monitoring import history
from monitoring.reports import write_report
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
    progress: Progress,
) -> WindowVerdict:
    """Compare what one model version answered lately with its own holdout.

    Args:
        settings: where the log, the reports and the verdicts are.
        model_name: name of the registered model.
        model_version: the version that answered.
        bundle: folder of that version; holds the reference.
        last: only so many of the newest predictions.
        since: only predictions made at or after this time, UTC.
        now: when labels are looked at; the current time where None.
        progress: told in a few words what is being done.

    Raises:
        UnusableData: the window is empty.
        ModelError: the bundle has no reference, or one of another model.
        StorageError: log, report or verdict cannot be read or written.
    """
    progress("reading the window")
    window = read_window(settings, model_name=model_name, model_version=model_version, last=last, since=since, now=now)
    reference = read_reference(bundle)
    progress(f"judging {len(window):,} predictions")
    judge = Judge(reference, seed=settings.seed, inputs=declared_features.read(bundle).inputs)
    verdict = judge.judge(window, model_name=model_name, model_version=model_version)
    if verdict.columns:
        progress("drawing the report")
        older = [known.report for known in history.read(settings, model_name) if known.is_of_the_window(verdict)]
        report = write_report(
            settings, verdict, reference=reference, window=window, replaces=[name for name in older if name]
        )
        verdict = verdict.model_copy(update={"report": report})
    history.append(settings, verdict)
    return verdict
