"""Skew, divergence and exposure of examples computed by hand, and of groups that take turns."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.fairness import measures

HALVES = np.array([0.5, 0.5])


def test_skew_is_the_log_of_the_share_over_the_target() -> None:
    ranked = np.array([0, 0, 0, 1])
    assert measures.skews(ranked, HALVES) == pytest.approx([math.log(1.5), math.log(0.5)])
    assert measures.max_skew(ranked, HALVES) == pytest.approx(0.405465, abs=1e-6)
    assert measures.min_skew(ranked, HALVES) == pytest.approx(-0.693147, abs=1e-6)


def test_an_absent_group_has_a_skew_of_minus_infinity_unless_its_target_is_zero() -> None:
    assert measures.min_skew(np.array([0, 0]), HALVES) == -math.inf
    assert measures.min_skew(np.array([0, 0]), np.array([1.0, 0.0])) == 0


def test_divergence_weighs_the_first_prefixes_more() -> None:
    # Prefixes (1, 0) and (1/2, 1/2): divergences ln 2 and 0, weights 1 and 1 / log2(3).
    assert measures.ndkl(np.array([0, 1]), HALVES) == pytest.approx(math.log(2) / (1 + 1 / math.log2(3)))
    late, early = np.array([0, 1, 0, 1, 0, 0]), np.array([0, 0, 0, 1, 0, 1])
    targets = np.array([4 / 6, 2 / 6])
    assert measures.ndkl(late, targets) < measures.ndkl(early, targets)
    assert measures.ndkl(np.stack([late, early]), targets) == pytest.approx(
        (measures.ndkl(late, targets) + measures.ndkl(early, targets)) / 2
    )


def test_exposure_counts_per_member_and_by_position() -> None:
    # Position 1 counts 1, position 2 counts 1 / log2(3); the second group has two members, one of them not ranked.
    exposures = measures.mean_exposures(np.array([0, 1]), np.array([1, 2]))
    assert exposures == pytest.approx([1, 0.5 / math.log2(3)])
    assert measures.exposure_ratio(np.array([0, 1]), np.array([1, 2])) == pytest.approx(0.315465, abs=1e-6)
    assert measures.exposure_ratio(np.array([0, 0]), np.array([2, 1])) == 0


def test_a_prefix_below_a_minimum_is_infeasible() -> None:
    # With halves, the minimum of each group is 1 in the first two and the first three, and 2 in the first four.
    assert measures.infeasible_share(np.array([0, 0, 1, 1]), HALVES) == pytest.approx(1 / 4)
    assert measures.infeasible_share(np.array([0, 0, 0, 1]), HALVES) == pytest.approx(3 / 4)
    assert measures.infeasible_share(np.array([0, 1, 1, 0]), HALVES) == 0
    # 29 % of 100 is 28.999999999999996 in floating point; a list with 28 of them is one short.
    one_short = np.array([0] * 28 + [1] * 72)
    assert measures.infeasible_share(one_short, np.array([0.29, 0.71])) > 0


@given(n_groups=st.integers(1, 6), rounds=st.integers(1, 5))
def test_groups_that_take_turns_are_even_by_every_measure(n_groups: int, rounds: int) -> None:
    turns = (np.arange(n_groups)[:, None] + np.arange(n_groups * rounds)) % n_groups  # each group is first in one list
    targets, sizes = np.full(n_groups, 1 / n_groups), np.full(n_groups, rounds)
    assert measures.min_skew(turns, targets) == pytest.approx(0, abs=1e-12)
    assert measures.max_skew(turns, targets) == pytest.approx(0, abs=1e-12)
    assert measures.exposure_ratio(turns, sizes) == pytest.approx(1)
    assert measures.infeasible_share(turns, targets) == 0


def test_a_single_group_has_no_divergence() -> None:
    assert measures.ndkl(np.zeros(10, dtype=np.int64), np.ones(1)) == 0
