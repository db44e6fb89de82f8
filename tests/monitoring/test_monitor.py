"""The whole look: predictions written to a real log, outcomes told, a window read, judged, drawn and remembered."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matching.database import connect
from matching.errors import UnusableData
from matching.log_writer import Answer, LoggedModel, LogWriter
from matching.prediction_log import Outcome, feedback
from matching.settings import Settings
from monitoring import history
from monitoring.monitor import monitor
from monitoring.windows import Sample
from tests.monitoring.market import Market

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
NOW = datetime(2026, 3, 20, tzinfo=UTC)


def _log(settings: Settings, window: Sample) -> None:
    """Write a window as the service would, and tell the outcomes."""
    engine = connect(settings.log_url)
    writer = LogWriter(engine, LoggedModel("tandem-test", "3", "d" * 64, window.features))
    for (request_id,), rows in window.frame.group_by("request_id", maintain_order=True):
        writer.append(_answer(str(request_id), rows, window.features))
    assert writer.close()
    told = [
        Outcome(row["prediction_id"], _outcome(row), row["predicted_at"] + timedelta(hours=1))  # type: ignore[arg-type]
        for row in window.frame.iter_rows(named=True)
    ]
    feedback(engine, told, received_at=NOW)
    engine.dispose()


def _answer(request_id: str, rows: pl.DataFrame, features: tuple[str, ...]) -> Answer:
    def probability(name: str) -> np.ndarray:
        return rows[f"{name}_probability"].to_numpy().astype(np.float32)

    return Answer(
        request_id=request_id,
        predicted_at=rows["predicted_at"][0],
        prediction_ids=rows["prediction_id"].to_list(),
        candidate_ids=rows["candidate_id"].to_list(),
        job_ids=rows["job_id"].to_list(),
        features=rows.select(features).to_numpy().astype(np.float32),
        company=probability("company"),
        candidate=probability("candidate"),
        match=probability("match"),
        candidates=dict.fromkeys(rows["candidate_id"], "{}"),
        jobs=dict.fromkeys(rows["job_id"], "{}"),
    )


def _outcome(row: dict[str, object]) -> str:
    if not row["company_label"]:
        return "no_outreach"
    return "accept" if row["candidate_label"] else "decline"


def test_a_window_of_the_log_is_judged_drawn_and_remembered(
    settings: Settings, tmp_path: Path, reference: Sample, market: Market
) -> None:
    few = [name for name in reference.features if "trait" not in name and "similarity" not in name]
    bundled = reference.frame.drop("prediction_id", "model_version")
    bundled.select(*(set(bundled.columns) - set(reference.features)), *few).write_parquet(
        tmp_path / "reference.parquet"
    )
    window = market.with_(monthly_share=0.5).sample(6, lists=60, size=10)
    window = Sample.of(window.frame.select(*(set(window.frame.columns) - set(window.features)), *few), "test")
    _log(settings, window)
    told: list[str] = []
    verdict, again = (
        monitor(
            settings,
            model_name="tandem-test",
            model_version="3",
            bundle=tmp_path,
            last=10_000,
            now=NOW,
            progress=told.append,
        )
        for _ in range(2)
    )
    assert verdict.state == "drift"
    assert "looks like another unit (per month)" in verdict.reasons[0].words
    assert (verdict.window.rows, verdict.window.requests) == (600, 60)
    assert verdict.window.labelled["company"] == 600  # type: ignore[index]
    assert verdict.window.labelled["candidate"] == window.labelled("candidate")  # type: ignore[index,arg-type]
    assert told[:3] == ["reading the window", "judging 600 predictions", "drawing the report"]
    assert history.read(settings, "tandem-test") == (verdict, again)
    drawn = [path.stem for path in (settings.root / "evidently").glob("*/snapshots/*.json")]
    assert drawn == [again.report]


def test_an_empty_log_says_what_to_do(settings: Settings, tmp_path: Path, reference: Sample) -> None:
    reference.frame.write_parquet(tmp_path / "reference.parquet")
    with pytest.raises(
        UnusableData, match="holds no prediction of tandem-test version 3 in this window: send requests"
    ):
        monitor(settings, model_name="tandem-test", model_version="3", bundle=tmp_path, progress=lambda _: None)
