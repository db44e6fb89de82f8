"""Reports that wait to be drawn. All that a report needs is on the disk before its verdict is printed.

Each report has a folder below `waiting-reports/` of the home until it is in the workspace. Reading the queue imports
nothing heavy: `tandem status` does.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from home.settings import Settings
from matching.errors import StorageError

if TYPE_CHECKING:
    import polars as pl

    from monitoring.verdict import WindowVerdict

_CONTENT, _FAILURE = "report.json", "failure.txt"


@dataclass(frozen=True)
class ReportContent:
    """What a report shows.

    Attributes:
        verdict: the verdict on the window; its figures are the ones drawn.
        reference: columns of the model's own holdout, as `monitoring.drawn_columns` takes them.
        window: the same columns of the window.
    """

    verdict: "WindowVerdict"
    reference: "pl.DataFrame"
    window: "pl.DataFrame"


@dataclass(frozen=True)
class WaitingReport:
    """One report that is not in the workspace yet.

    Attributes:
        folder: its files; the name of the folder is the id of the report.
        window_end: end of its window, UTC.
        replaces: ids of older reports of the same window.
    """

    folder: Path
    window_end: datetime
    replaces: tuple[str, ...]

    @classmethod
    def read(cls, folder: Path) -> "WaitingReport | None":
        """Read a report of the queue; None where there is none, or none any more."""
        document = _document(folder)
        if document is None:
            return None
        end = datetime.fromisoformat(document["verdict"]["window"]["end"])
        return cls(folder, end, tuple(document["replaces"]))

    @property
    def id(self) -> str:
        """Id of the report, in the verdict and in the workspace."""
        return self.folder.name

    @property
    def failure(self) -> str | None:
        """Why the last attempt to draw it failed; None if none did."""
        try:
            return (self.folder / _FAILURE).read_text(encoding="utf-8")
        except OSError:
            return None

    def content(self) -> ReportContent:
        """Read what it shows.

        Raises:
            FileNotFoundError: it is not in the queue any more.
        """
        import polars as pl

        from monitoring.verdict import WindowVerdict

        document = json.loads((self.folder / _CONTENT).read_text(encoding="utf-8"))
        return ReportContent(
            verdict=WindowVerdict.model_validate(document["verdict"]),
            reference=pl.read_parquet(self.folder / "reference.parquet"),
            window=pl.read_parquet(self.folder / "window.parquet"),
        )

    def fail(self, reason: str) -> bool:
        """Note why it could not be drawn; False if not even that can be written."""
        try:
            (self.folder / _FAILURE).write_text(reason, encoding="utf-8")
        except OSError:
            return False
        return True

    def retry(self) -> None:
        """Forget why the last attempt failed."""
        (self.folder / _FAILURE).unlink(missing_ok=True)

    def remove(self) -> None:
        """Take it out of the queue."""
        # Whoever reads the queue meanwhile sees the whole folder or none of it.
        gone = self.folder.with_name(f".{self.id}")
        try:
            self.folder.rename(gone)
        except FileNotFoundError:
            return
        shutil.rmtree(gone, ignore_errors=True)


def add(settings: Settings, report: str, content: ReportContent, *, replaces: Sequence[str] = ()) -> WaitingReport:
    """Put a report into the queue; it is on the disk when this returns.

    Args:
        settings: whose home.
        report: id of the report.
        content: what it shows.
        replaces: ids of older reports of the same window; they go once this one is drawn.

    Raises:
        StorageError: the home cannot be written.
    """
    folder = _folder(settings) / report
    unfinished = folder.with_name(f".{report}")
    try:
        unfinished.mkdir(parents=True, exist_ok=True)
        content.reference.write_parquet(unfinished / "reference.parquet")
        content.window.write_parquet(unfinished / "window.parquet")
        document = {"verdict": content.verdict.model_dump(mode="json"), "replaces": list(replaces)}
        with (unfinished / _CONTENT).open("w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(folder)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise StorageError(f"{folder}: the report cannot be queued ({error.strerror}): free the disk") from error
    return WaitingReport(folder, content.verdict.window.end, tuple(replaces))


def waiting(settings: Settings) -> tuple[WaitingReport, ...]:
    """Return the reports that are not drawn yet, oldest first."""
    files = sorted(_folder(settings).glob(f"[!.]*/{_CONTENT}"), key=_added)
    found = (WaitingReport.read(file.parent) for file in files)
    return tuple(report for report in found if report is not None)


def find(settings: Settings, report: str) -> WaitingReport | None:
    """Return the report with this id; None where it does not wait."""
    return WaitingReport.read(_folder(settings) / report)


def _folder(settings: Settings) -> Path:
    return settings.root / "waiting-reports"


def _document(folder: Path) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = json.loads((folder / _CONTENT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return document


def _added(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # drawn by now
        return 0.0
