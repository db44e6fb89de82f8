"""Measures of congestion for counts whose values are computed by hand."""

import math

import numpy as np
import pytest

from matching.market import congestion


def test_gini_is_zero_for_equal_counts_and_near_one_if_one_candidate_has_everything() -> None:
    assert congestion.gini(np.full(7, 3)) == pytest.approx(0)
    assert congestion.gini(np.array([0] * 99 + [5])) == pytest.approx(0.99)
    assert congestion.gini(np.array([1, 3])) == pytest.approx(0.25)
    assert congestion.gini(np.zeros(4)) == 0


def test_the_lorenz_curve_rises_from_zero_to_one() -> None:
    people, held = congestion.lorenz(np.array([3, 0, 1]))
    np.testing.assert_allclose(people, [0, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(held, [0, 0, 0.25, 1])


def test_the_top_is_a_number_or_a_share_of_the_candidates() -> None:
    counts = np.array([1, 0, 4, 3, 2])
    assert congestion.top_share(counts, 2) == pytest.approx(0.7)
    assert congestion.top_share(counts, 0.4) == pytest.approx(0.7)
    assert congestion.top_share(counts, 0.01) == pytest.approx(0.4), "at least one"
    assert math.isnan(congestion.top_share(np.zeros(3), 1))


def test_overload_and_coverage() -> None:
    assert congestion.overload(np.array([0, 1, 2, 5]), 2) == pytest.approx(3 / 8)
    assert congestion.overload(np.array([1, 1]), 1) == 0
    assert math.isnan(congestion.overload(np.zeros(2), 1))
    assert congestion.coverage(np.array([0, 1, 0, 4])) == 0.5
    assert math.isnan(congestion.coverage(np.zeros(0)))
