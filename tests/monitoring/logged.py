"""Windows in a real log, written the way the service writes them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from home.settings import Settings
from monitoring.windows import Sample
from store.answers import Answer, LoggedModel
from store.database import connect
from store.outcomes import Outcome, record_outcomes
from store.writer import LogWriter

RECEIVED = datetime(2026, 3, 20, tzinfo=UTC)


def log_window(
    settings: Settings,
    window: Sample,
    *,
    model_name: str = "tandem-test",
    version: str = "3",
    ranked_from: int | None = None,
    only_yes: bool = False,
) -> None:
    """Write a window and report its outcomes, or only those that are a yes of the company."""
    engine = connect(settings.log_url)
    writer = LogWriter(engine, LoggedModel(model_name, version, "d" * 64, window.features))
    for (request_id,), rows in window.frame.group_by("request_id", maintain_order=True):
        writer.append(replace(_answer(str(request_id), rows, window.features), ranked_from=ranked_from))
    assert writer.close()
    outcomes = [
        Outcome(row["prediction_id"], _outcome(row), row["predicted_at"] + timedelta(hours=1))  # type: ignore[arg-type]
        for row in window.frame.iter_rows(named=True)
        if row["company_label"] or not only_yes
    ]
    record_outcomes(engine, outcomes, received_at=RECEIVED)
    engine.dispose()


def renamed(sample: Sample, name: str, **columns: object) -> Sample:
    """The same rows under other ids, so that they can be logged beside others."""
    ids = [(pl.lit(name) + pl.col(column)).alias(column) for column in ("prediction_id", "request_id")]
    return Sample.of(sample.frame.with_columns(*ids, **columns), "test")


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
