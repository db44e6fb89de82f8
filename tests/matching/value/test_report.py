"""The report names every known figure once, and its JSON keeps the names that the endpoint returns."""

from dataclasses import replace

import pytest

from matching.evaluation.bootstrap import Estimate
from matching.value.costs import Costs
from matching.value.report import RankingValue, ValueReport
from matching.value.take_rates import TakeRates


@pytest.fixture
def report() -> ValueReport:
    return ValueReport(
        costs=Costs(),
        weeks=3.5,
        lists=294,
        rankings=(
            RankingValue("model", {"hires": Estimate(5.0, 4.0, 6.0), "usd": None}, {"hires": 5.5}),
            RankingValue("as logged", {"hires": Estimate(3.0, 2.0, 4.0), "usd": None}),
        ),
        against="as logged",
        lead=RankingValue("model minus as logged", {"hires": Estimate(2.0, 1.0, 3.0), "usd": None}),
        rates=TakeRates(None, None),
        unknown={"usd": "a term that it is computed from is unknown"},
        assumed_looks=False,
        effective_outreach=120.0,
        confidence=0.95,
    )


def test_every_known_figure_has_a_name_with_its_unit(report: ValueReport) -> None:
    assert report.flat() == {
        "value.model.hires_per_week": 5.0,
        "value.model.hires_per_week.low": 4.0,
        "value.model.hires_per_week.high": 6.0,
        "value.model.hires_per_week.truth": 5.5,
        "value.as_logged.hires_per_week": 3.0,
        "value.as_logged.hires_per_week.low": 2.0,
        "value.as_logged.hires_per_week.high": 4.0,
        "value.lead.hires_per_week": 2.0,
        "value.lead.hires_per_week.low": 1.0,
        "value.lead.hires_per_week.high": 3.0,
    }


def test_the_lead_in_usd_is_that_of_the_model(report: ValueReport) -> None:
    assert report.usd_lead is None
    usd = Estimate(100.0, -50.0, 250.0)
    assert replace(report, lead=RankingValue("lead", {"usd": usd})).usd_lead == usd


def test_the_json_keeps_the_names_of_earlier_bundles(report: ValueReport) -> None:
    found = report.to_dict()
    assert list(found) == [
        *("costs", "weeks", "lists", "worths", "against", "lead", "rates", "unknown"),
        *("assumed_looks", "effective_outreach", "confidence"),
    ]
    assert [ranking["ranker"] for ranking in found["worths"]] == ["model", "as logged"]
    assert found["worths"][0]["terms"]["hires"] == {"value": 5.0, "low": 4.0, "high": 6.0}
