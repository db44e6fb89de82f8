"""The gate: floors, a lead over the baselines, and candidate against champion on the same frozen rows."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from matching.data.dataset import Pairs
from matching.data.labels import LabelledPairs
from matching.data.scores import Scores
from matching.evaluation import gate, metrics
from matching.evaluation.bootstrap import Differences, Estimate, bootstrap, by_list
from matching.evaluation.contest import Contest, calibration_noise, contest, leads
from matching.evaluation.evaluation import Evaluation, Figures
from matching.evaluation.gate import GateVerdict, Margin
from matching.evaluation.thresholds import GateThresholds

RANKING = Margin("nDCG@10", 0.02, higher_is_better=True)
LOSS = Margin("log loss", 0.01, higher_is_better=False)


def evaluation(*, auc: float = 0.8, ece: float = 0.01, ndcg: float = 0.7, rules: float = 0.6) -> Evaluation:
    return Evaluation(
        (
            Figures("company", "rules", 0.6, 0.2, 0.6, 0.9),
            Figures("company", "model", auc, ece, 0.5, 0.8),
            Figures("match", "rules", 0.6, 0.2, 0.6, rules),
            Figures("match", "model", 0.5, 0.9, 0.5, ndcg),
            Figures("match", "truth", 0.9, 0.0, 0.4, 0.99),
        )
    )


def rows(n_lists: int, seed: int = 3) -> tuple[LabelledPairs, NDArray[np.float64]]:
    """Lists of ten with company labels drawn from known probabilities."""
    generator = np.random.default_rng(seed)
    n = n_lists * 10
    truth = generator.beta(1, 3, n)
    nobody = pl.DataFrame({"id": [0]})
    zeros = np.zeros(n, dtype=np.int64)
    labelled = LabelledPairs(
        pairs=Pairs(nobody, nobody, zeros, zeros),
        time=np.full(n, np.datetime64("2026-01-01", "us")),
        lists=np.repeat(np.arange(n_lists), 10),
        company=(generator.random(n) < truth).astype(np.float64),
        candidate=np.full(n, np.nan),
        propensity=np.ones(n),
        weight=np.ones(n),
    )
    return labelled, truth


def scores(probability: NDArray[np.float64]) -> Scores:
    as_float = probability.astype(np.float32)
    return Scores(np.empty((len(as_float), 0), np.float32), as_float, None, as_float)


def clear_lead(over: float = 0.1) -> dict[str, Differences]:
    """A lead over the rules that varies from list to list, by `over` in the mean."""
    spread = np.random.default_rng(5).normal(0, 0.2, 100)
    return {"rules": Differences(over + spread - spread.mean(), np.ones(100))}


def judge(found: Evaluation, against: Contest | None, **more: Any) -> GateVerdict:
    return gate.decide(found, against, **{"lead": clear_lead(), "seed": 1} | more)


def test_floors_decide_where_there_is_no_champion() -> None:
    assert judge(evaluation(), None).passed
    names = [check.name for check in judge(evaluation(), None).checks]
    assert names == ["company: calibration error", "company: AUC", "match: nDCG@10 minus that of rules"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"auc": 0.55}, "company: AUC: 0.5500, at least 0.6000 required"),
        ({"auc": float("nan")}, "company: AUC: nan, at least 0.6000 required"),
        ({"ece": 0.06}, "company: calibration error: 0.0600, at most 0.0500 required"),
    ],
)
def test_each_floor_alone_refuses(bad: dict[str, float], reason: str) -> None:
    verdict = judge(evaluation(**bad), None)
    assert not verdict.passed
    assert verdict.reasons == [reason]


@pytest.mark.parametrize(("over", "passes"), [(0.1, True), (0.01, False), (0.0, False), (-0.1, False)])
def test_a_lead_over_a_baseline_must_be_clear(over: float, passes: bool) -> None:
    verdict = judge(evaluation(), None, lead=clear_lead(over))
    assert verdict.passed is passes
    check = verdict.checks[-1]
    assert check.value == pytest.approx(over)
    # The spread of 0.2 over 100 lists: the one-sided end lies 1.64 x 0.02 below.
    assert check.low == pytest.approx(over - 0.033, abs=0.01)


def test_a_tie_with_a_baseline_is_refused_and_so_is_one_that_was_not_compared() -> None:
    tie = judge(evaluation(), None, lead={"rules": Differences(np.zeros(50), np.ones(50))})
    assert tie.reasons == ["match: nDCG@10 minus that of rules: 0.0000 [0.0000, 0.0000], above 0.0000 required"]
    assert not judge(evaluation(), None, lead={}).passed


def test_leads_are_measured_on_the_same_lists() -> None:
    labelled, truth = rows(300)
    blurred = np.clip(truth + np.random.default_rng(4).normal(0, 0.3, len(truth)), 0.01, 0.99)
    lead = leads(labelled, scores(truth), {"blurred": blurred, "same": truth})
    label = labelled.company
    by_hand = [metrics.ndcg_by_list(labelled.lists, p, label)[1].mean() for p in (truth, blurred)]
    assert lead["blurred"].mean() == pytest.approx(by_hand[0] - by_hand[1])
    assert lead["same"].mean() == pytest.approx(0, abs=1e-6)


def test_a_verdict_without_checks_does_not_pass() -> None:
    assert not GateVerdict(()).passed
    assert GateVerdict(()).reasons == ["nothing could be checked"]


def test_of_few_rows_chance_explains_more_calibration_error() -> None:
    few, probability = rows(20)
    noise = calibration_noise(few, scores(probability), seed=1)["company"]
    assert 0.05 < noise < 0.25
    assert judge(evaluation(ece=noise - 0.001), None, noise={"company": noise}).passed
    assert not judge(evaluation(ece=noise + 0.001), None, noise={"company": noise}).passed
    many, probability = rows(2_100)
    assert calibration_noise(many, scores(probability), seed=1) == {}


def test_differences_are_summed_up_by_list_with_their_weights() -> None:
    summed = by_list(np.array([1.0, 2.0, 5.0]), np.array([7, 7, 9]), np.array([1.0, 3.0, 2.0]))
    assert summed.totals.tolist() == [7.0, 10.0]
    assert summed.weights.tolist() == [4.0, 2.0]
    assert summed.mean() == pytest.approx(17 / 6)


def test_whole_lists_are_drawn_since_their_rows_depend_on_each_other() -> None:
    values = np.repeat(np.random.default_rng(1).normal(0, 1, 50), 20)
    lists = np.repeat(np.arange(50), 20)
    clustered = bootstrap(by_list(values, lists, np.ones(1000)), draws=400, seed=1).std()
    independent = bootstrap(by_list(values, np.arange(1000), np.ones(1000)), draws=400, seed=1).std()
    # Rows that repeat their list's value hold no more news than one row a list: sqrt(20) = 4.5 times wider.
    assert clustered / independent == pytest.approx(4.5, rel=0.2)


def test_the_bootstrap_interval_covers_as_often_as_stated() -> None:
    thresholds = GateThresholds(draws=300)
    missed = 0
    for seed in range(200):
        values = np.random.default_rng(seed).normal(-0.02, 0.1, 80)
        differences = Differences(values, np.ones(80))
        missed += gate.not_worse(RANKING, differences, thresholds=thresholds, seed=seed).passed
    # The truth lies exactly on the margin: a confidence of 95 % lets through about one in twenty.
    assert 2 <= missed <= 22


def test_nothing_to_compare_is_no_proof() -> None:
    check = gate.not_worse(RANKING, Differences(np.empty(0), np.empty(0)), thresholds=GateThresholds(), seed=1)
    assert not check.passed


def test_worse_than_the_champion_is_refused_and_equal_is_not() -> None:
    labelled, truth = rows(400)
    blurred = np.clip(truth + np.random.default_rng(4).normal(0, 0.3, len(truth)), 0.01, 0.99)
    worse = contest(labelled, scores(blurred), scores(truth), champion_version="4")
    verdict = judge(evaluation(), worse)
    assert not verdict.passed
    assert verdict.champion_version == "4"
    assert [check.name for check in verdict.checks if not check.passed] == [
        "nDCG@10 minus champion's",
        "company: log loss over champion's, minus 1",
    ]
    assert judge(evaluation(), contest(labelled, scores(truth), scores(truth), champion_version="4")).passed
    better = contest(labelled, scores(truth), scores(blurred), champion_version="4")
    assert judge(evaluation(), better).passed


def test_good_ranking_with_bad_probabilities_is_refused() -> None:
    labelled, truth = rows(400)
    squeezed = contest(labelled, scores(truth / 3), scores(truth), champion_version="4")
    failed = [check.name for check in judge(evaluation(), squeezed).checks if not check.passed]
    assert failed == ["company: log loss over champion's, minus 1"]


def test_a_direction_the_champion_lacks_is_left_out() -> None:
    labelled, truth = rows(50)
    other = Scores(np.empty((len(truth), 0), np.float32), None, truth.astype(np.float32), truth.astype(np.float32))
    assert contest(labelled, scores(truth), other, champion_version="1").log_loss == {}


def test_a_direction_that_the_champion_has_may_not_get_lost() -> None:
    labelled, truth = rows(100)
    both = replace(scores(truth), candidate=truth.astype(np.float32))
    verdict = judge(evaluation(), contest(labelled, scores(truth), both, champion_version="1"))
    assert verdict.reasons == ["candidate: scored, as the champion does: 0.0000, at least 1.0000 required"]
    assert judge(evaluation(), contest(labelled, both, scores(truth), champion_version="1")).passed


def test_loss_and_quality_point_in_opposite_directions() -> None:
    worse = Differences(np.full(30, 0.05), np.ones(30))
    assert not gate.not_worse(LOSS, worse, thresholds=GateThresholds(), seed=1).passed
    assert gate.not_worse(RANKING, worse, thresholds=GateThresholds(), seed=1).passed


LEAD = gate.VALUE_LEAD


@pytest.mark.parametrize(
    ("lead", "asked", "reasons"),
    [
        (Estimate(9_000, 500, 18_000), 0.0, []),
        (
            Estimate(9_000, -500, 18_000),
            0.0,
            [f"{LEAD}: 9000.0000 [-500.0000, 18000.0000], at least 0.0000 required"],
        ),
        (Estimate(-100, -900, 700), -1_000.0, []),
        (
            Estimate(-100, -1_100, 700),
            -1_000.0,
            [f"{LEAD}: -100.0000 [-1100.0000, 700.0000], at least -1000.0000 required"],
        ),
        (None, 0.0, [f"{LEAD}: nan, at least 0.0000 required"]),
    ],
)
def test_value_is_asked_for_with_confidence(lead: Estimate | None, asked: float, reasons: list[str]) -> None:
    verdict = judge(evaluation(), None, value_lead=lead, thresholds=GateThresholds(min_value_lead=asked))
    assert verdict.reasons == reasons
    assert verdict.passed is (not reasons)


def test_value_that_is_not_asked_for_decides_nothing() -> None:
    ruinous = Estimate(-1e6, -2e6, -5e5)
    assert judge(evaluation(), None, value_lead=ruinous) == judge(evaluation(), None)


def test_the_same_seed_gives_the_same_verdict() -> None:
    labelled, truth = rows(60)
    against: Contest = contest(labelled, scores(truth * 0.9), scores(truth), champion_version="1")
    assert judge(evaluation(), against, seed=5) == judge(evaluation(), against, seed=5)
    assert "champion_version" in judge(evaluation(), against, seed=5).to_dict()
