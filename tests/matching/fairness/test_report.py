"""The report names every figure once, and leaves out what is undefined."""

import math

import polars as pl
import pytest

from matching.fairness.report import GROUPS, MEASURES, PROXIES, FairnessReport, Stability


@pytest.fixture
def report() -> FairnessReport:
    measured = ("candidates", "gender", 10, "model", -0.2, 0.1, 0.05, 0.0, 0.9, math.nan)
    proxies = [("gender", group, 40, auc, 0.02, []) for group, auc in (("man", 0.6), ("woman", 0.7))]
    return FairnessReport(
        groups=pl.DataFrame(schema=GROUPS),
        measures=pl.DataFrame([measured], schema=MEASURES, orient="row"),
        proxies=pl.DataFrame(proxies, schema=PROXIES, orient="row"),
        stability=Stability(0.9, 0.995, 0.98, 0.99, 0.97),
    )


def test_every_defined_figure_has_a_name_of_its_own(report: FairnessReport) -> None:
    model = "fairness.candidates.gender.model"
    assert report.flat() == {
        f"{model}.min_skew_at_10": -0.2,
        f"{model}.max_skew_at_10": 0.1,
        f"{model}.ndkl_at_10": 0.05,
        f"{model}.infeasible_share_at_10": 0.0,
        f"{model}.exposure_ratio_at_10": 0.9,
        "fairness.proxies.gender.highest_auc": 0.7,
        "fairness.stability.changed_share": 0.9,
        "fairness.stability.candidates": 0.995,
        "fairness.stability.candidates_worst": 0.98,
        "fairness.stability.jobs": 0.99,
        "fairness.stability.jobs_worst": 0.97,
    }


def test_every_table_is_rows_in_json(report: FairnessReport) -> None:
    found = report.to_dict()
    assert set(found) == {"groups", "measures", "proxies", "stability"}
    assert [row["group"] for row in found["proxies"]] == ["man", "woman"]
    assert found["stability"]["is_stable"] is True


@pytest.mark.parametrize(("candidates", "jobs", "stable"), [(0.99, 0.99, True), (0.98, 1, False), (1, 0.98, False)])
def test_stability_needs_both_sides(candidates: float, jobs: float, stable: bool) -> None:
    assert Stability(0.9, candidates, 0.5, jobs, 0.5).is_stable is stable
