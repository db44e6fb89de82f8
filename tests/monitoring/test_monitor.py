"""The whole check: predictions in a real log with their outcomes, a window read, evaluated, drawn and remembered."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from home.settings import Settings
from matching.data.tables import Direction
from matching.errors import StorageError, UnusableData
from matching.features.pair_features import PairFeatures
from matching.model.declared_features import DeclaredFeatures
from monitoring import drawing, history, report_queue
from monitoring.monitor import monitor
from monitoring.quality import measure_quality
from monitoring.verdict import Evaluator
from monitoring.windows import Sample, read_window
from tests.monitoring.logged import log_window, renamed
from tests.monitoring.market import INPUTS, Market

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
NOW = datetime(2026, 3, 20, tzinfo=UTC)


def test_a_window_of_the_log_is_evaluated_drawn_and_remembered(
    settings: Settings, tmp_path: Path, reference: Sample, market: Market
) -> None:
    few = [name for name in reference.features if "trait" not in name and "similarity" not in name]
    bundled = reference.frame.drop("prediction_id", "model_version")
    bundled.select(*(set(bundled.columns) - set(reference.features)), *few).write_parquet(
        tmp_path / "reference.parquet"
    )
    DeclaredFeatures.of(PairFeatures(), PairFeatures).write(tmp_path)
    window = market.with_(monthly_share=0.5).sample(6, lists=60, size=10)
    window = Sample.of(window.frame.select(*(set(window.frame.columns) - set(window.features)), *few), "test")
    log_window(settings, window)
    steps: list[str] = []
    verdict, again = (
        monitor(
            settings,
            model_name="tandem-test",
            model_version="3",
            bundle=tmp_path,
            last=10_000,
            now=NOW,
            progress=steps.append,
        )
        for _ in range(2)
    )
    assert verdict.state == "drift"
    assert "looks like another unit (per month)" in verdict.reasons[0].words
    assert (verdict.window.rows, verdict.window.requests) == (600, 60)
    assert verdict.window.labelled["company"] == 600  # type: ignore[index]
    assert verdict.window.labelled["candidate"] == window.labelled("candidate")  # type: ignore[index,arg-type]
    assert steps[:2] == ["reading the window", "evaluating 600 predictions"]
    assert history.read(settings, "tandem-test") == (verdict, again)
    assert [report.id for report in report_queue.waiting(settings)] == [verdict.report, again.report]
    drawing.draw_waiting(settings)
    drawn = [path.stem for path in (settings.root / "evidently").glob("*/snapshots/*.json")]
    assert drawn == [again.report]


def test_young_rows_do_not_make_a_calibrated_model_look_biased(
    settings: Settings, reference: Sample, market: Market
) -> None:
    """A yes is reported at once, a no never: counting the yes of young rows shows far too many of them."""
    old = renamed(market.sample(21, lists=100, size=10), "old-", predicted_at=NOW - timedelta(days=20))
    young = renamed(market.sample(22, lists=100, size=10), "young-", predicted_at=NOW - timedelta(days=1))
    for sample in (old, young):
        log_window(settings, sample, only_yes=True)
    read = read_window(settings, model_name="tandem-test", model_version="3", now=NOW)
    assert len(read) == 2_000
    assert read.labelled(Direction.COMPANY) == 1_000
    figures = {(f.direction, f.measure): f for f in measure_quality(reference, read, "job_id")}
    assert abs(figures[Direction.COMPANY, "calibration"].change) < 0.15


def test_rankings_of_the_holdouts_own_profiles_are_no_drift(
    settings: Settings, reference: Sample, market: Market, tmp_path: Path
) -> None:
    reference.frame.write_parquet(tmp_path / "reference.parquet")
    best = pl.col("match_probability").rank("ordinal", descending=True).over("request_id") <= 10
    top = Sample.of(reference.frame.filter(best).sort("request_id", maintain_order=True), "test")
    log_window(settings, market.sample(23, lists=100, size=10))
    log_window(settings, renamed(top, "top-"), ranked_from=25)
    evaluator = Evaluator(reference, seed=7, inputs=INPUTS)
    about = {"model_name": "tandem-test", "model_version": "3"}
    read = read_window(settings, **about, now=NOW)
    verdict = evaluator.evaluate(read, **about)
    assert (len(read), verdict.window.ranked, verdict.state) == (1_000, 4_000, "quiet")
    assert verdict.notes == ("4,000 ranked answers left out: the selected best of a pool differ from the pool",)
    mixed = Sample.of(pl.concat([read.frame.select(top.frame.columns), top.frame]), "test")
    assert evaluator.evaluate(mixed, **about).state == "drift"  # as it was while they were evaluated together


def test_a_verdict_that_cannot_be_saved_leaves_no_report_in_the_queue(
    settings: Settings, tmp_path: Path, reference: Sample, market: Market
) -> None:
    reference.frame.write_parquet(tmp_path / "reference.parquet")
    DeclaredFeatures.of(PairFeatures(), PairFeatures).write(tmp_path)
    log_window(settings, market.sample(5, lists=40, size=10))
    (settings.root / "monitoring").write_text("in the way")
    about = {"model_name": "tandem-test", "model_version": "3"}
    with pytest.raises(StorageError, match="the verdict cannot be stored"):
        monitor(settings, **about, bundle=tmp_path, now=NOW, progress=lambda _: None)
    assert report_queue.waiting(settings) == ()


def test_an_empty_log_says_what_to_do(settings: Settings, tmp_path: Path, reference: Sample) -> None:
    reference.frame.write_parquet(tmp_path / "reference.parquet")
    line = "holds no scored pair of tandem-test version 3 in this window: send requests"
    about = {"model_name": "tandem-test", "model_version": "3"}
    with pytest.raises(UnusableData, match=line):
        monitor(settings, **about, bundle=tmp_path, progress=lambda _: None)
