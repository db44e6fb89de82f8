"""What a ranking is worth: the estimate against the simulator's own probabilities, and what a log cannot tell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from home.settings import Settings
from matching.arrays import Floats
from matching.data.dataset import Dataset
from matching.data.splits import Splits
from matching.data.tables import Direction, EventKind
from matching.errors import InputError, UnusableData
from matching.evaluation.bootstrap import Estimate
from matching.evaluation.thresholds import GateThresholds
from matching.value.costs import Costs
from matching.value.report import TERMS, USD, ValueReport, measure_value
from matching.value.take_rates import take_rates
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
    """The same lists with outcomes drawn anew from the true probabilities."""
    holdout, truth = trained.parts.holdout, trained.dataset.truth
    assert truth is not None
    chance = np.random.default_rng(seed).random((2, len(holdout)))
    asked = chance[0] < holdout.propensity * truth.probability(Direction.COMPANY, holdout.pairs)
    accepts = chance[1] < truth.probability(Direction.CANDIDATE, holdout.pairs)
    candidate = np.where(asked, accepts.astype(np.float64), np.nan)
    # Some answers are still open.
    candidate[np.random.default_rng(seed + 1).random(len(candidate)) < 0.1] = np.nan
    return replace(trained.parts, holdout=replace(holdout, company=asked.astype(np.float64), candidate=candidate))


def test_the_interval_covers_the_truth_as_often_as_stated(trained: Trained, scores: Floats) -> None:
    covered, accepts = [], []
    for seed in range(40):
        found = measured(trained.dataset, redrawn(trained, seed), scores)
        for worth in found.worths:
            assert worth.truth is not None
            for term in ("outreach", "accepts"):
                estimate = worth.terms[term]
                assert estimate is not None
                covered.append(estimate.low <= worth.truth[term] <= estimate.high)
            accepts.append(estimate.value / worth.truth["accepts"])
    # Both ends are one-sided 95 %, so nine of ten are meant to be covered.
    assert 0.80 < np.mean(covered) <= 1
    assert np.mean(accepts) == pytest.approx(1, abs=0.05), "answers that are still open are not no's"


def test_on_the_simulated_log_every_true_figure_is_inside_its_interval(report: ValueReport) -> None:
    model = report.worths[0]
    assert model.truth is not None
    for term in ("outreach", "accepts", "interviews", "hires", USD):
        estimate = model.terms[term]
        assert estimate is not None
        assert estimate.low < model.truth[term] < estimate.high, term


def test_a_worse_model_is_worth_less(report: ValueReport) -> None:
    worth = {found.ranker: found for found in report.worths}
    values = {name: found.terms[USD] for name, found in worth.items()}
    model, shuffled, logged = (values[name] for name in ("model", "shuffled", "as logged"))
    assert model is not None
    assert shuffled is not None
    assert logged is not None
    assert shuffled.value < logged.value < model.value
    against_shuffled = np.subtract(model.value, shuffled.value)
    assert against_shuffled > 0.2 * model.value
    assert report.against == "as logged", "the best of the others"


def test_a_worse_candidate_loses_to_the_champion_for_certain(trained: Trained, scores: Floats) -> None:
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


def test_a_model_is_worth_as_much_as_itself(trained: Trained, scores: Floats) -> None:
    found = measure_value(
        *(trained.dataset, trained.parts, scores),
        champion=scores,
        maturity=MATURITY,
        costs=Costs(),
        seed=1,
        thresholds=QUICK,
    )
    assert found.usd_lead == Estimate(0, 0, 0)


def test_the_order_as_logged_counts_what_happened(trained: Trained, report: ValueReport) -> None:
    logged = report.worths[-1].terms["outreach"]
    assert logged is not None
    assert logged.value == pytest.approx(np.nansum(trained.parts.holdout.company) / report.weeks)
    assert report.weeks == pytest.approx(3.47, abs=0.01)


def test_value_is_what_the_terms_cost_and_bring(trained: Trained, scores: Floats, report: ValueReport) -> None:
    costs = Costs(look_usd=1, outreach_usd=10, declined_outreach_usd=100, interview_usd=1_000, hire_usd=50_000)
    found = measure_value(
        *(trained.dataset, trained.parts, scores), maturity=MATURITY, costs=costs, seed=1, thresholds=QUICK
    ).worths[0]
    looks, outreach, accepts, interviews, hires, usd = (
        estimate.value for term in TERMS if (estimate := found.terms[term]) is not None
    )
    spent = looks + 10 * outreach + 100 * (outreach - accepts) + 1_000 * interviews
    assert usd == pytest.approx(50_000 * hires - spent)
    same = report.worths[0].terms["hires"]
    assert same is not None
    assert hires == same.value
    assert outreach > accepts > interviews > hires > 0


def test_figures_have_names_with_their_unit(report: ValueReport) -> None:
    flat = report.flat()
    assert {"value.model.hires_per_week", "value.as_logged.usd_per_week.low", "value.lead.usd_per_week"} <= set(flat)
    assert "value.model.outreach_per_week.truth" in flat
    assert all(np.isfinite(list(flat.values())))


def test_a_log_of_one_side_says_what_cannot_be_known(trained: Trained, scores: Floats) -> None:
    holdout = trained.parts.holdout
    one_sided = replace(
        holdout,
        company=np.full(len(holdout), np.nan),
        candidate=np.nan_to_num(holdout.candidate),
        propensity=np.ones(len(holdout)),
    )
    views = trained.dataset.events.filter(pl.col("kind") == EventKind.VIEW)
    found = measured(replace(trained.dataset, events=views), replace(trained.parts, holdout=one_sided), scores)
    assert set(found.worths[0].terms.values()) == {None}
    assert found.usd_lead is None
    assert found.flat() == {}
    assert set(found.unknown) == set(TERMS)
    assert "one side only" in found.unknown["outreach"]


def test_a_log_without_hires_still_tells_outreach_and_accepts(trained: Trained, scores: Floats) -> None:
    events = trained.dataset.events.filter(~pl.col("kind").is_in([EventKind.INTERVIEW, EventKind.HIRE]))
    found = measured(replace(trained.dataset, events=events), trained.parts, scores)
    assert set(found.unknown) == {"interviews", "hires", "usd"}
    assert found.unknown["hires"] == "the log holds no hires before the newest slice"
    assert found.worths[0].terms["accepts"] is not None


def test_a_log_without_answers_still_tells_outreach(trained: Trained, scores: Floats) -> None:
    parts = replace(
        trained.parts, holdout=replace(trained.parts.holdout, candidate=np.full(len(trained.parts.holdout), np.nan))
    )
    found = measured(trained.dataset, parts, scores)
    assert found.worths[0].terms["outreach"] is not None
    assert found.unknown["hires"] == "the log holds no answers to an outreach"


def test_where_every_position_was_looked_at_a_falling_chance_is_assumed_and_said(
    trained: Trained, scores: Floats
) -> None:
    holdout = trained.parts.holdout
    parts = replace(trained.parts, holdout=replace(holdout, propensity=np.ones(len(holdout))))
    shuffled = np.random.default_rng(1).permutation(scores)
    found = measured(trained.dataset, parts, scores, shuffled=shuffled)
    assert found.assumed_looks
    assert [worth.ranker for worth in found.worths] == ["model", "shuffled"]
    assert found.usd_lead is not None
    assert found.usd_lead.low > 0


def test_a_slice_shorter_than_the_maturity_is_refused(trained: Trained, scores: Floats) -> None:
    with pytest.raises(UnusableData, match="shorter than the 90 days"):
        measure_value(
            *(trained.dataset, trained.parts, scores),
            maturity=timedelta(days=90),
            costs=Costs(),
            seed=1,
            thresholds=QUICK,
        )


def test_costs_are_set_by_the_settings_and_have_the_same_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Costs(**Settings().costs) == Costs()
    monkeypatch.setenv("TANDEM_VALUE_HIRE_USD", "12500")
    assert Costs(**Settings().costs).hire_usd == 12_500
    assert {row[0]: row[2] for row in Costs(look_usd=9).rows()}["a recruiter's look at one candidate"] == (
        "set by the user"
    )
    for wrong in (-1.0, float("nan")):
        with pytest.raises(InputError, match="interview_usd is"):
            Costs(interview_usd=wrong)


def answered(n: int, hires: float, seed: int) -> pl.DataFrame:
    """Accepts over 20 weeks, of which a share becomes a hire after an exponential time of 4 weeks in the mean."""
    generator = np.random.default_rng(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    began = generator.uniform(0, 140, n)
    took = np.flatnonzero(generator.random(n) < hires)
    after = began[took] + generator.exponential(28, len(took))
    days = np.concatenate([began, after])
    pair = np.concatenate([np.arange(n), took]).astype(str)
    kinds = [str(EventKind.ACCEPT)] * n + [str(EventKind.HIRE)] * len(took)
    times = [start + timedelta(days=float(day)) for day in days]
    return pl.DataFrame({"candidate_id": pair, "job_id": pair, "kind": kinds, "time": times}).sort("time")


def test_accepts_that_have_not_had_their_time_do_not_pull_the_rate_of_hires_down() -> None:
    until = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=140)
    within_horizon = 0.3 * (1 - np.exp(-3))
    shares, inside = [], 0
    for seed in range(30):
        rates = take_rates(answered(600, 0.3, seed), until=until)
        assert rates.interview is None
        assert rates.hire is not None
        shares.append(rates.hire.share)
        low, high = np.quantile(rates.hire.draws(500, seed), [0.05, 0.95])
        inside += int(low < within_horizon < high)
    counted = answered(600, 0.3, 0).filter((pl.col("kind") == "hire") & (pl.col("time") <= until)).height / 600
    assert np.mean(shares) == pytest.approx(within_horizon, abs=0.01)
    assert counted < within_horizon - 0.04, "hires simply counted are too few"
    assert inside >= 22


def test_rates_know_nothing_later_than_their_moment(trained: Trained) -> None:
    until = trained.parts.cuts.calibration_end
    early = trained.dataset.events.filter(pl.col("time") <= until)
    assert take_rates(early, until=until) == take_rates(trained.dataset.events, until=until)


def test_a_rate_of_nothing_is_still_uncertain() -> None:
    events = answered(50, 0.0, 1)
    one = events.head(1).with_columns(candidate_id=pl.lit("x"), kind=pl.lit("hire"))
    until = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=140)
    rate = take_rates(pl.concat([events, one]).sort("time"), until=until).hire
    assert rate is not None
    assert 0 < rate.draws(300, 1).std() < 0.2
