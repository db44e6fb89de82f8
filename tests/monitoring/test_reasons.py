import re

import numpy as np
import polars as pl
import pytest

from monitoring.quality import measure_quality
from monitoring.reasons import describe, other_unit
from monitoring.verdict import Evaluator, WindowVerdict
from monitoring.windows import Sample
from tests.monitoring.market import INPUTS, Market

SALARY = "candidate_expected_salary_usd_per_year"


def _evaluate(reference: Sample, window: Sample) -> WindowVerdict:
    return Evaluator(reference, seed=7, inputs=INPUTS).evaluate(window, model_name="tandem-test", model_version="3")


@pytest.mark.parametrize(
    ("change", "lead", "words"),
    [
        ({"salary_factor": 1.25}, ("data", SALARY), "(x 1.2"),
        ({"monthly_share": 0.3}, ("data", SALARY), "about 1/12 of the usual: looks like another unit (per month)"),
        ({"monthly_share": 1.0}, ("data", SALARY), "looks like another unit (per month)"),
        ({"missing_salary": 0.4}, ("missing", SALARY), "missing 5."),
        ({"missing_salary": 1.0}, ("missing", SALARY), "-> 100 %"),
        ({"new_skill_share": 0.05}, ("unknown", "candidate_new_skill_share"), "share of 0:"),
    ],
)
def test_the_cause_leads(
    reference: Sample, market: Market, change: dict[str, float], lead: tuple[str, str], words: str
) -> None:
    verdict = _evaluate(reference, market.with_(**change).sample(6, lists=100, size=10))
    first = verdict.reasons[0]
    assert (verdict.state, (first.kind, first.column)) == ("drift", lead)
    assert words in first.words


def test_a_changed_taste_is_quality_and_nothing_else(reference: Sample, market: Market) -> None:
    verdict = _evaluate(reference, market.with_(candidate_taste=-0.3).sample(6, lists=200, size=10))
    assert {(reason.kind, reason.column) for reason in verdict.reasons} == {("quality", "candidate")}


def test_what_follows_from_a_cause_is_listed_under_it(reference: Sample, market: Market) -> None:
    verdict = _evaluate(reference, market.with_(monthly_share=0.6).sample(6, lists=100, size=10))
    assert verdict.reasons[0].also == ("salary_headroom_log",)
    assert "salary_headroom_log" not in {reason.column for reason in verdict.reasons}
    assert [reason.kind for reason in verdict.reasons][:2] == ["data", "prediction"]


def test_without_known_inputs_every_column_stands_alone(reference: Sample, market: Market) -> None:
    window = market.with_(monthly_share=0.6).sample(6, lists=100, size=10)
    verdict = Evaluator(reference, seed=7, inputs={}).evaluate(window, model_name="m", model_version="3")
    assert {SALARY, "salary_headroom_log"} <= {reason.column for reason in verdict.reasons}


@pytest.mark.parametrize(("factor", "name"), [(1 / 12, "per month"), (1 / 2_080, "per hour"), (1 / 1_000, "thousands")])
def test_another_unit_is_recognised(factor: float, name: str) -> None:
    usual = np.random.default_rng(1).lognormal(11.4, 0.3, 2_000)
    assert name in str(other_unit(SALARY, usual, np.concatenate([usual[:800], usual[800:1_000] * factor])))


def test_higher_salaries_are_not_another_unit() -> None:
    usual = np.random.default_rng(1).lognormal(11.4, 0.3, 2_000)
    assert other_unit(SALARY, usual, usual * 1.5) is None
    assert other_unit("candidate_experience_years", usual, usual / 12) is None


def test_values_never_seen_are_reported() -> None:
    before = np.array([0.0, 1.0] * 50)
    assert describe("job_remote_policy", before, np.full(10, 7.0)).endswith("values never seen before: 0 % -> 100 %")


def test_more_outreach_than_expected_is_named_with_both_shares(reference: Sample, market: Market) -> None:
    window = market.sample(6, lists=100, size=10)
    eager = window.frame.with_columns(company_label=pl.col("company_label") | (pl.int_range(pl.len()) % 3 > 0))
    reasons = _evaluate(reference, Sample.of(eager, "test")).reasons
    words = [reason.words for reason in reasons if (reason.kind, reason.column) == ("quality", "company")]
    assert re.match(r"company: \d+ % said yes where \d+ % was expected \(x \d\.\d+, 1,000 labelled rows\)", words[0])


def test_a_change_that_leaves_the_median_is_described_by_the_mean() -> None:
    before = np.concatenate([np.linspace(1, 5, 50), np.full(51, 5.0), np.linspace(5, 9, 50)])
    assert describe("experience", before, np.where(before > 5, before + 10, before)) == "experience: mean 5 -> 8.25"


def test_a_holdout_without_any_yes_has_no_ratio_to_compare_with(reference: Sample, market: Market) -> None:
    silent = reference.frame.with_columns(company_label=pl.lit(value=False))
    figures = measure_quality(Sample.of(silent, "test"), market.sample(6, lists=100, size=10), "job_id")
    calibration = next(figure for figure in figures if (figure.direction, figure.measure) == ("company", "calibration"))
    assert calibration.severity == 0
