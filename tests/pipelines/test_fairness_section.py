"""The card says in words what the report measured, and the picture is drawn from it."""

from pathlib import Path

import polars as pl
import pytest

from matching.fairness.audit import measure_fairness
from matching.fairness.report import FairnessReport, Stability
from pipelines import card, plots
from tests.matching.small_market import Trained, trained

__all__ = ["trained"]  # a fixture is found by its name in this file


@pytest.fixture(scope="module")
def report(trained: Trained) -> FairnessReport:
    return measure_fairness(
        trained.model,
        trained.parts.holdout,
        trained.dataset.protected,
        truth=None,
        seed=7,
    )


def test_the_card_names_what_is_beyond_chance_what_is_too_small_and_what_holds(report: FairnessReport) -> None:
    text = card.fairness_section(report)
    assert text.startswith("## Fairness")
    model = report.measures.row(0, named=True)
    assert f"| candidates: gender | model | {model['min_skew']:.3f} |" in text
    assert "age_band 35-44" in text.split("Beyond chance:")[1].split("Not enough data:")[0]
    assert "gender other" in text.split("Not enough data:")[1]
    assert "passed." in text
    assert "nan" not in text
    assert "inf" not in text


def test_the_card_says_when_it_does_not_hold_and_when_nobody_is_known(report: FairnessReport) -> None:
    unstable = FairnessReport(
        report.groups.clear(), report.measures.clear(), report.proxies.clear(), Stability(1.0, 0.95, 0.5, 1.0, 1.0)
    )
    text = card.fairness_section(unstable)
    assert "not measured by group" in text
    assert "**failed**" in text
    assert card.fairness_section(None) == ""


def test_the_picture_is_drawn_where_there_are_groups(report: FairnessReport, tmp_path: Path) -> None:
    plots.fairness(report, tmp_path / "plots" / "fairness.png")
    assert (tmp_path / "plots" / "fairness.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    few = report.groups.with_columns(is_enough=pl.lit(False))
    plots.fairness(FairnessReport(few, report.measures, report.proxies, report.stability), tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
