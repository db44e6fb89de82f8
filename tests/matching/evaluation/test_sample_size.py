"""How many more lists a comparison needs: by hand, and on lists that were really added."""

import numpy as np
import pytest

from matching.evaluation import gate
from matching.evaluation.bootstrap import Differences, Estimate
from matching.evaluation.gate import Check, GateVerdict
from matching.evaluation.sample_size import more_lists
from matching.evaluation.thresholds import GateThresholds
from tests.matching.evaluation.test_gate import evaluation, lead_over_rules

THRESHOLDS = GateThresholds(min_ndcg_lead=0.0)


@pytest.mark.parametrize(
    ("value", "threshold", "end", "lists", "more"),
    [
        # Half-width .04, distance .02: (.04 / .02)^2 = 4 times 100 lists.
        (0.02, 0.0, -0.02, 100, 300),
        # Half-width .06, distance .02: 9 times 250 lists.
        (0.03, 0.05, 0.09, 250, 2_000),
        # Half-width .05, distance .03: 2.78 times 1,000 lists are 1,778 more; two digits are shown.
        (-0.02, -0.05, -0.07, 1_000, 1_800),
        (0.5, 0.0, -0.01, 10, 1),
    ],
)
def test_the_half_width_falls_with_the_square_root(
    value: float, threshold: float, end: float, lists: int, more: int
) -> None:
    assert more_lists(value, threshold, end, lists=lists) == more


@pytest.mark.parametrize(
    ("value", "threshold", "end"),
    [
        (-0.01, 0.0, -0.05),  # the difference has the wrong sign
        (0.0, 0.0, -0.05),  # a tie
        (0.0, 0.0, 0.0),
        (0.08, 0.05, 0.12),  # the loss is above its limit
        (0.06, 0.0, 0.02),  # the interval does not contain the threshold: nothing is open
        (float("nan"), 0.0, -0.05),
    ],
)
def test_more_lists_would_not_help(value: float, threshold: float, end: float) -> None:
    assert more_lists(value, threshold, end, lists=100) is None


def test_with_that_many_more_lists_the_interval_ends_at_the_threshold() -> None:
    def lead(n_lists: int) -> Check:
        spread = np.random.default_rng(n_lists).normal(0, 0.2, n_lists)
        differences = Differences(0.01 + spread - spread.mean(), np.ones(n_lists))
        return gate.above("lead", differences, thresholds=THRESHOLDS, seed=1)

    few = lead(200)
    assert few.low is not None
    assert few.low < -0.01
    more = more_lists(few.value, few.threshold, few.low, lists=200)
    assert more is not None
    # (1.64 x 0.2 / 0.01)^2 = 1,082 lists in all
    assert more == pytest.approx(880, rel=0.2)
    assert lead(200 + more).low == pytest.approx(0, abs=0.002)


def decided(over: float, **more: object) -> GateVerdict:
    return gate.decide(evaluation(), None, lead=lead_over_rules(over), seed=1, **more)  # type: ignore[arg-type]


def test_a_refusal_says_how_many_more_lists_would_settle_it() -> None:
    check = decided(0.01, lists=400).checks[-1]
    assert check.low is not None
    assert check.more_lists == more_lists(0.01, 0.0, check.low, lists=400)
    (reason,) = decided(0.01, lists=400).failures
    assert reason.endswith(f"required (about {check.more_lists:,} more lists in the holdout would settle it)")
    assert decided(0.01, lists=400).to_dict()["checks"][-1]["more_lists"] == check.more_lists


def test_a_refusal_that_more_lists_would_only_confirm_says_nothing() -> None:
    for verdict in (decided(-0.1, lists=400), decided(0.01)):
        (reason,) = verdict.failures
        assert reason.endswith("above 0.0000 required")
    assert all(check.more_lists is None for check in decided(0.1, lists=400).checks)


def test_a_lead_in_value_is_estimated_too() -> None:
    thresholds = GateThresholds(min_value_lead=0.0)
    lead = Estimate(9_000, -9_000, 27_000)
    verdict = decided(0.1, lists=294, value_lead=lead, thresholds=thresholds)
    # Half-width 18,000, distance 9,000: 4 times 294 lists are 882 more.
    assert verdict.checks[-1].more_lists == 880
