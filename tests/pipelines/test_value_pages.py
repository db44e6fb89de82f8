"""How value is shown: in the card, as a picture, and as a table."""

from dataclasses import replace
from pathlib import Path

import pytest

from matching.evaluation.bootstrap import Estimate
from matching.value.costs import Costs
from matching.value.report import TERMS, RankingValue, ValueReport
from matching.value.take_rates import TakeRates
from pipelines import card, plots
from tandem import figures
from tandem.console import out


def ranking(name: str, factor: float, **missing: None) -> RankingValue:
    terms = {
        term: Estimate(factor * size, factor * size / 2, factor * size * 2)
        for term, size in zip(TERMS, (700.0, 60.0, 25.0, 18.0, 5.0, 90_000.0), strict=True)
    }
    return RankingValue(name, terms | missing, {"usd": 4.0 * factor})


@pytest.fixture
def report() -> ValueReport:
    return ValueReport(
        costs=Costs(interview_usd=512.0),
        weeks=3.5,
        lists=294,
        rankings=(ranking("model", 1.0), ranking("champion", 0.8)),
        against="champion",
        lead=ranking("model minus champion", 0.2),
        rates=TakeRates(None, None),
        unknown={},
        assumed_looks=False,
        effective_outreach=120.0,
        confidence=0.95,
    )


def nothing_known(report: ValueReport) -> ValueReport:
    empty = replace(report.lead, terms=dict.fromkeys(TERMS))
    return replace(report, rankings=(empty,), lead=empty, unknown=dict.fromkeys(TERMS, "the log has one side only"))


def test_the_card_holds_every_ranking_its_interval_and_the_costs(report: ValueReport) -> None:
    section = card._value(report)
    assert "| model | 60.0 [30.0, 120.0] | 25.0 [12.5, 50.0] |" in section
    assert "| model minus champion |" in section
    assert "90,000 [45,000, 180,000]" in section
    assert "| one candidate's interviews | 512.00 | set by the user |" in section
    assert "3.5 weeks, 294 lists" in section
    assert "is assumed" not in section
    assert "is assumed" in card._value(replace(report, assumed_looks=True)).split("| ranking")[0]


def test_the_card_says_what_cannot_be_known(report: ValueReport) -> None:
    section = card._value(nothing_known(report))
    assert "- `hires` cannot be known: the log has one side only." in section
    assert "|" not in section
    assert card._value(None) == ""
    without = replace(
        report, rankings=(ranking("model", 1.0, hires=None, usd=None),), unknown={"hires": "x", "usd": "x"}
    )
    assert "| ranking | outreach | accepts | interviews |\n" in card._value(without)


def test_the_picture_is_drawn_where_there_is_something_to_draw(report: ValueReport, tmp_path: Path) -> None:
    assert plots.value(report, tmp_path / "value.png")
    assert (tmp_path / "value.png").read_bytes().startswith(b"\x89PNG")
    assert not plots.value(nothing_known(report), tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


def test_the_table_shows_a_dash_for_what_is_not_known(report: ValueReport) -> None:
    with out.capture() as shown:
        figures.show_value(report)
    assert "true USD" in shown.get()
    assert "lead over champion: 18,000 USD per week [9,000, 36,000]" in shown.get()
    with out.capture() as shown:
        figures.show_value(nothing_known(report))
    assert " - " in shown.get()
    assert "hires cannot be known: the log has one side only" in shown.get()
