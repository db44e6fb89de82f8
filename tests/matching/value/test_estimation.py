"""The value of rankings: estimates against the truth of the simulator, and what a log cannot provide."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from matching.arrays import Floats
from matching.data.dataset import Dataset
from matching.data.splits import Splits
from matching.data.tables import Direction, EventKind
from matching.errors import UnusableData
from matching.evaluation.bootstrap import Estimate
from matching.evaluation.thresholds import GateThresholds
from matching.value.costs import Costs
from matching.value.estimation import measure_value
from matching.value.report import TERMS, USD, ValueReport
from tests.matching.small_market import Trained

MATURITY = timedelta(days=14)
QUICK = GateThresholds(draws=200)


def measured(dataset: Dataset, parts: Splits, model: Floats, **more: Floats) -> ValueReport:
    return measure_value(
        dataset, parts, model, baselines=more, maturity=MATURITY, costs=Costs(), seed=1, thresholds=QUICK
    )


@pytest.fixture(scope="module")
def scores(trained: Trained) -> Floats:
    pairs = trained.parts.holdout.pairs
    return trained.model.score_features(trained.model.transform(pairs)).match.astype(np.float64)


@pytest.fixture(scope="module")
def report(trained: Trained, scores: Floats) -> ValueReport:
    shuffled = np.random.default_rng(1).permutation(scores)
    return measured(trained.dataset, trained.parts, scores, shuffled=shuffled)


def redrawn(trained: Trained, seed: int) -> Splits:
    """The same lists, with new outcomes from the true probabilities."""
    holdout, truth = trained.parts.holdout, trained.dataset.truth
    assert truth is not None
    chance = np.random.default_rng(seed).random((2, len(holdout)))
    invited = chance[0] < holdout.propensity * truth.probability(Direction.COMPANY, holdout.pairs)
    accepts = chance[1] < truth.probability(Direction.CANDIDATE, holdout.pairs)
    candidate = np.where(invited, accepts.astype(np.float64), np.nan)
    # Some answers are not mature.
    candidate[np.random.default_rng(seed + 1).random(len(candidate)) < 0.1] = np.nan
    return replace(trained.parts, holdout=replace(holdout, company=invited.astype(np.float64), candidate=candidate))


def test_intervals_cover_the_truth_at_their_confidence(trained: Trained, scores: Floats) -> None:
    covered, accepts = [], []
    for seed in range(40):
        found = measured(trained.dataset, redrawn(trained, seed), scores)
        for ranking in found.rankings:
            assert ranking.truth is not None
            for term in ("outreach", "accepts"):
                estimate = ranking.terms[term]
                assert estimate is not None
                covered.append(estimate.low <= ranking.truth[term] <= estimate.high)
            accepts.append(estimate.value / ranking.truth["accepts"])
    # Both ends are one-sided 95 %, so an interval should cover 90 %.
    assert 0.80 < np.mean(covered) <= 1
    assert np.mean(accepts) == pytest.approx(1, abs=0.05), "an answer that is not mature is no decline"


def test_every_true_figure_of_the_simulated_log_is_in_its_interval(report: ValueReport) -> None:
    model = report.rankings[0]
    assert model.truth is not None
    for term in ("outreach", "accepts", "interviews", "hires", USD):
        estimate = model.terms[term]
        assert estimate is not None
        assert estimate.low < model.truth[term] < estimate.high, term


def test_a_worse_model_has_a_lower_value(report: ValueReport) -> None:
    values = {ranking.ranker: ranking.terms[USD] for ranking in report.rankings}
    model, shuffled, logged = (values[name] for name in ("model", "shuffled", "as logged"))
    assert model is not None
    assert shuffled is not None
    assert logged is not None
    assert shuffled.value < logged.value < model.value
    against_shuffled = np.subtract(model.value, shuffled.value)
    assert against_shuffled > 0.2 * model.value
    assert report.against == "as logged", "the best other ranker"


def test_a_clearly_worse_model_loses_to_the_champion(trained: Trained, scores: Floats) -> None:
    shuffled = np.random.default_rng(1).permutation(scores)
    found = measure_value(
        *(trained.dataset, trained.parts, shuffled),
        champion=scores,
        maturity=MATURITY,
        costs=Costs(),
        seed=1,
        thresholds=QUICK,
    )
    assert found.against == "champion"
    assert found.usd_lead is not None
    assert found.usd_lead.high < 0
    assert found.lead.truth is not None
    assert found.usd_lead.low < found.lead.truth[USD] < found.usd_lead.high


def test_a_model_has_no_lead_over_itself(trained: Trained, scores: Floats) -> None:
    found = measure_value(
        *(trained.dataset, trained.parts, scores),
        champion=scores,
        maturity=MATURITY,
        costs=Costs(),
        seed=1,
        thresholds=QUICK,
    )
    assert found.usd_lead == Estimate(0, 0, 0)


def test_the_logged_order_counts_the_logged_outreach(trained: Trained, report: ValueReport) -> None:
    logged = report.rankings[-1].terms["outreach"]
    assert logged is not None
    assert logged.value == pytest.approx(np.nansum(trained.parts.holdout.company) / report.weeks)
    assert report.weeks == pytest.approx(3.47, abs=0.01)


def test_value_is_what_hires_bring_minus_what_the_terms_cost(
    trained: Trained, scores: Floats, report: ValueReport
) -> None:
    costs = Costs(look_usd=1, outreach_usd=10, declined_outreach_usd=100, interview_usd=1_000, hire_usd=50_000)
    found = measure_value(
        *(trained.dataset, trained.parts, scores), maturity=MATURITY, costs=costs, seed=1, thresholds=QUICK
    ).rankings[0]
    looks, outreach, accepts, interviews, hires, usd = (
        estimate.value for term in TERMS if (estimate := found.terms[term]) is not None
    )
    spent = looks + 10 * outreach + 100 * (outreach - accepts) + 1_000 * interviews
    assert usd == pytest.approx(50_000 * hires - spent)
    same = report.rankings[0].terms["hires"]
    assert same is not None
    assert hires == same.value
    assert outreach > accepts > interviews > hires > 0


def test_figures_have_names_with_their_unit(report: ValueReport) -> None:
    flat = report.flat()
    assert {"value.model.hires_per_week", "value.as_logged.usd_per_week.low", "value.lead.usd_per_week"} <= set(flat)
    assert "value.model.outreach_per_week.truth" in flat
    assert all(np.isfinite(list(flat.values())))


def test_a_one_sided_log_has_no_value_and_a_reason(trained: Trained, scores: Floats) -> None:
    holdout = trained.parts.holdout
    one_sided = replace(
        holdout,
        company=np.full(len(holdout), np.nan),
        candidate=np.nan_to_num(holdout.candidate),
        propensity=np.ones(len(holdout)),
    )
    views = trained.dataset.events.filter(pl.col("kind") == EventKind.VIEW)
    found = measured(replace(trained.dataset, events=views), replace(trained.parts, holdout=one_sided), scores)
    assert set(found.rankings[0].terms.values()) == {None}
    assert found.usd_lead is None
    assert found.flat() == {}
    assert set(found.unknown) == set(TERMS)
    assert "one-sided" in found.unknown["outreach"]


def test_a_log_without_hires_still_provides_outreach_and_accepts(trained: Trained, scores: Floats) -> None:
    events = trained.dataset.events.filter(~pl.col("kind").is_in([EventKind.INTERVIEW, EventKind.HIRE]))
    found = measured(replace(trained.dataset, events=events), trained.parts, scores)
    assert set(found.unknown) == {"interviews", "hires", "usd"}
    assert found.unknown["hires"] == "the log has no hires before the holdout"
    assert found.rankings[0].terms["accepts"] is not None


def test_a_log_without_answers_still_provides_outreach(trained: Trained, scores: Floats) -> None:
    parts = replace(
        trained.parts, holdout=replace(trained.parts.holdout, candidate=np.full(len(trained.parts.holdout), np.nan))
    )
    found = measured(trained.dataset, parts, scores)
    assert found.rankings[0].terms["outreach"] is not None
    assert found.unknown["hires"] == "the log has no answers to an outreach"


def test_if_every_position_was_examined_a_falling_probability_is_assumed_and_reported(
    trained: Trained, scores: Floats
) -> None:
    holdout = trained.parts.holdout
    parts = replace(trained.parts, holdout=replace(holdout, propensity=np.ones(len(holdout))))
    shuffled = np.random.default_rng(1).permutation(scores)
    found = measured(trained.dataset, parts, scores, shuffled=shuffled)
    assert found.assumed_looks
    assert [ranking.ranker for ranking in found.rankings] == ["model", "shuffled"]
    assert found.usd_lead is not None
    assert found.usd_lead.low > 0


def test_a_holdout_shorter_than_the_maturity_is_refused(trained: Trained, scores: Floats) -> None:
    with pytest.raises(UnusableData, match="shorter than the 90 days"):
        measure_value(
            *(trained.dataset, trained.parts, scores),
            maturity=timedelta(days=90),
            costs=Costs(),
            seed=1,
            thresholds=QUICK,
        )
