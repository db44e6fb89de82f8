"""Figures as tables: a dash for what is not known, and a sentence for what was decided."""

from dataclasses import replace
from math import nan

import polars as pl
import pytest

from matching.evaluation.evaluation import Evaluation, Figures
from matching.evaluation.slices import SliceFigures
from pipelines.findings import TrainingReport
from tandem.figures import show_report

MODEL = Figures(
    "match", "model", auc=0.906, calibration_error=0.004, log_loss=0.048, ndcg_lists=0.655, ndcg_candidates=0.741
)
SLICE = SliceFigures("job.seniority = junior", "company", 5_000, 0.031, 0.026, enough=True)
REPORT = TrainingReport(Evaluation((MODEL,)), None, None, (SLICE,), None, None)


def shown(report: TrainingReport, capsys: pytest.CaptureFixture[str]) -> str:
    show_report(report)
    return " ".join(capsys.readouterr().out.split())


def test_a_figure_that_is_not_known_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    assert "match model 0.906 0.004 0.048 0.655 0.741 -" in shown(REPORT, capsys)


def test_the_slice_calibrated_worst_is_named_among_those_large_enough(capsys: pytest.CaptureFixture[str]) -> None:
    better = replace(SLICE, name="better", calibration_error=0.02)
    small = replace(SLICE, name="small", calibration_error=0.2, enough=False)
    line = (
        "calibration error of 2 slices of 1,000 labelled rows or more: at most 0.031 "
        "(company, job.seniority = junior; chance alone up to 0.026)"
    )
    assert line in shown(replace(REPORT, slices=(better, SLICE, small)), capsys)
    assert "slices" not in shown(replace(REPORT, slices=(small,)), capsys)
    assert "calibration error of 1 slice of 1,000" in shown(REPORT, capsys)


def test_a_one_sided_log_says_so_and_shows_the_next_view(capsys: pytest.CaptureFixture[str]) -> None:
    view = pl.DataFrame({"method": ["model", "views"], "recall_at_10": [0.423, nan], "ndcg_at_10": [0.279, 0.1]})
    text = shown(replace(REPORT, next_view=view, only_direction="candidate"), capsys)
    assert "Recall@10 nDCG@10 model 0.423 0.279 views - 0.100" in text
    assert text.endswith("the source has labels for one direction only: candidate")
