"""The gate: absolute thresholds, a lead over the baselines, and the champion on the same frozen rows."""

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
from matching.evaluation.comparison import ChampionComparison, calibration_noise, compare_with_champion, leads
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
    """Lists of ten pairs, with company labels drawn from known probabilities."""
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


def lead_over_rules(mean: float = 0.1) -> dict[str, Differences]:
    """A lead over the rules that varies from list to list."""
    spread = np.random.default_rng(5).normal(0, 0.2, 100)
    return {"rules": Differences(mean + spread - spread.mean(), np.ones(100))}


def compare(labelled: LabelledPairs, model: Scores, champion: Scores) -> ChampionComparison:
    return compare_with_champion(labelled, model, champion, champion_version="4")


def decide(found: Evaluation, champion: ChampionComparison | None = None, **more: Any) -> GateVerdict:
    return gate.decide(found, champion, **{"lead": lead_over_rules(), "seed": 1} | more)


def test_without_a_champion_the_thresholds_and_baselines_decide() -> None:
    assert decide(evaluation()).passed
    names = [check.name for check in decide(evaluation()).checks]
    assert names == ["company: calibration error", "company: AUC", "match: nDCG@10 minus that of rules"]


@pytest.mark.parametrize(
    ("bad", "failure"),
    [
        ({"auc": 0.55}, "company: AUC: 0.5500, at least 0.6000 required"),
        ({"auc": float("nan")}, "company: AUC: nan, at least 0.6000 required"),
        ({"ece": 0.06}, "company: calibration error: 0.0600, at most 0.0500 required"),
    ],
)
def test_one_missed_threshold_is_enough_to_refuse(bad: dict[str, float], failure: str) -> None:
    verdict = decide(evaluation(**bad))
    assert not verdict.passed
    assert verdict.failures == [failure]


@pytest.mark.parametrize(("mean", "passes"), [(0.1, True), (0.01, False), (0.0, False), (-0.1, False)])
def test_a_lead_over_a_baseline_must_be_clear(mean: float, passes: bool) -> None:
    verdict = decide(evaluation(), lead=lead_over_rules(mean))
    assert verdict.passed is passes
    check = verdict.checks[-1]
    assert check.value == pytest.approx(mean)
    # A standard deviation of 0.2 over 100 lists: the lower end is 1.64 x 0.02 below the mean.
    assert check.low == pytest.approx(mean - 0.033, abs=0.01)


def test_a_tie_with_a_baseline_is_refused_and_so_is_a_missing_comparison() -> None:
    tie = decide(evaluation(), lead={"rules": Differences(np.zeros(50), np.ones(50))})
    assert tie.failures == ["match: nDCG@10 minus that of rules: 0.0000 [0.0000, 0.0000], above 0.0000 required"]
    assert not decide(evaluation(), lead={}).passed


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
    assert GateVerdict(()).failures == ["nothing could be checked"]


def test_the_fewer_the_rows_the_more_calibration_error_chance_explains() -> None:
    few, probability = rows(20)
    noise = calibration_noise(few, scores(probability), seed=1)["company"]
    assert 0.05 < noise < 0.25
    assert decide(evaluation(ece=noise - 0.001), noise={"company": noise}).passed
    assert not decide(evaluation(ece=noise + 0.001), noise={"company": noise}).passed
    many, probability = rows(2_100)
    assert calibration_noise(many, scores(probability), seed=1) == {}


def test_differences_are_summed_by_list_with_their_weights() -> None:
    summed = by_list(np.array([1.0, 2.0, 5.0]), np.array([7, 7, 9]), np.array([1.0, 3.0, 2.0]))
    assert summed.totals.tolist() == [7.0, 10.0]
    assert summed.weights.tolist() == [4.0, 2.0]
    assert summed.mean() == pytest.approx(17 / 6)


def test_whole_lists_are_resampled_because_their_rows_depend_on_each_other() -> None:
    values = np.repeat(np.random.default_rng(1).normal(0, 1, 50), 20)
    lists = np.repeat(np.arange(50), 20)
    clustered = bootstrap(by_list(values, lists, np.ones(1000)), draws=400, seed=1).std()
    independent = bootstrap(by_list(values, np.arange(1000), np.ones(1000)), draws=400, seed=1).std()
    # Twenty equal rows tell no more than one: the interval is sqrt(20) = 4.5 times wider.
    assert clustered / independent == pytest.approx(4.5, rel=0.2)


def test_the_bootstrap_interval_has_its_nominal_coverage() -> None:
    thresholds = GateThresholds(draws=300)
    passed = 0
    for seed in range(200):
        values = np.random.default_rng(seed).normal(-0.02, 0.1, 80)
        differences = Differences(values, np.ones(80))
        passed += gate.not_worse(RANKING, differences, thresholds=thresholds, seed=seed).passed
    # The true difference equals the margin: at a confidence of 95 % about one in twenty passes.
    assert 2 <= passed <= 22


def test_a_check_without_data_fails() -> None:
    check = gate.not_worse(RANKING, Differences(np.empty(0), np.empty(0)), thresholds=GateThresholds(), seed=1)
    assert not check.passed


def test_a_model_worse_than_the_champion_is_refused_and_an_equal_one_passes() -> None:
    labelled, truth = rows(400)
    blurred = np.clip(truth + np.random.default_rng(4).normal(0, 0.3, len(truth)), 0.01, 0.99)
    verdict = decide(evaluation(), compare(labelled, scores(blurred), scores(truth)))
    assert not verdict.passed
    assert verdict.champion_version == "4"
    assert [check.name for check in verdict.checks if not check.passed] == [
        "nDCG@10 minus the champion's",
        "company: log loss relative to the champion's, minus 1",
    ]
    assert decide(evaluation(), compare(labelled, scores(truth), scores(truth))).passed
    assert decide(evaluation(), compare(labelled, scores(truth), scores(blurred))).passed


def test_a_good_ranking_with_bad_probabilities_is_refused() -> None:
    labelled, truth = rows(400)
    verdict = decide(evaluation(), compare(labelled, scores(truth / 3), scores(truth)))
    failed = [check.name for check in verdict.checks if not check.passed]
    assert failed == ["company: log loss relative to the champion's, minus 1"]


def test_a_direction_that_the_champion_does_not_score_is_not_compared() -> None:
    labelled, truth = rows(50)
    other = Scores(np.empty((len(truth), 0), np.float32), None, truth.astype(np.float32), truth.astype(np.float32))
    assert compare(labelled, scores(truth), other).log_loss == {}


def test_a_model_must_score_every_direction_that_the_champion_scores() -> None:
    labelled, truth = rows(100)
    both = replace(scores(truth), candidate=truth.astype(np.float32))
    verdict = decide(evaluation(), compare(labelled, scores(truth), both))
    assert verdict.failures == ["candidate: scored, as by the champion: 0.0000, at least 1.0000 required"]
    assert decide(evaluation(), compare(labelled, both, scores(truth))).passed


def test_a_higher_loss_is_worse_and_a_higher_ndcg_is_better() -> None:
    higher = Differences(np.full(30, 0.05), np.ones(30))
    assert not gate.not_worse(LOSS, higher, thresholds=GateThresholds(), seed=1).passed
    assert gate.not_worse(RANKING, higher, thresholds=GateThresholds(), seed=1).passed


LEAD = gate.VALUE_LEAD


@pytest.mark.parametrize(
    ("lead", "required", "failures"),
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
def test_the_lower_end_of_the_lead_in_value_decides(
    lead: Estimate | None, required: float, failures: list[str]
) -> None:
    verdict = decide(evaluation(), value_lead=lead, thresholds=GateThresholds(min_value_lead=required))
    assert verdict.failures == failures
    assert verdict.passed is (not failures)


def test_value_without_a_threshold_decides_nothing() -> None:
    ruinous = Estimate(-1e6, -2e6, -5e5)
    assert decide(evaluation(), value_lead=ruinous) == decide(evaluation())


def test_the_same_seed_gives_the_same_verdict() -> None:
    labelled, truth = rows(60)
    champion = compare(labelled, scores(truth * 0.9), scores(truth))
    assert decide(evaluation(), champion, seed=5) == decide(evaluation(), champion, seed=5)
    assert "champion_version" in decide(evaluation(), champion, seed=5).to_dict()
