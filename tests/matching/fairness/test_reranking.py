"""Re-ranking keeps every member and gives each group its minimum in every prefix."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.arrays import Codes, Floats
from matching.fairness.measures import ROUNDING
from matching.fairness.reranking import METHODS, Method, det_cons, det_const_sort, det_greedy, pool_shares


@st.composite
def rankings(draw: st.DrawFn) -> tuple[Floats, Codes, Floats, int]:
    """Scores, groups, targets (the shares of the pool, or others) and the number of places to balance."""
    n_groups, size = draw(st.integers(1, 5)), draw(st.integers(1, 40))
    groups = np.array(draw(st.lists(st.integers(0, n_groups - 1), min_size=size, max_size=size)))
    scores = np.array(draw(st.lists(st.floats(0, 1, width=16), min_size=size, max_size=size)))
    parts = np.array(draw(st.lists(st.integers(0, 9), min_size=n_groups, max_size=n_groups)), dtype=np.float64)
    targets = pool_shares(groups, n_groups) if draw(st.booleans()) or not parts.sum() else parts / parts.sum()
    return scores, groups, targets, draw(st.integers(1, size))


def missed_minimums(order: Codes, groups: Codes, targets: Floats, places: int) -> int:
    """Balanced prefixes in which a group is below a minimum that its members could fill."""
    n_groups = len(targets)
    held = np.eye(n_groups)[groups[order]].cumsum(axis=0)[:places]
    minimum = np.floor(np.arange(1, places + 1)[:, None] * targets + ROUNDING)
    return int((held < np.minimum(minimum, np.bincount(groups, minlength=n_groups))).any(axis=1).sum())


@given(ranking=rankings(), method=st.sampled_from(sorted(METHODS)))
def test_a_reranking_is_a_permutation_that_keeps_each_groups_own_order(
    ranking: tuple[Floats, Codes, Floats, int], method: Method
) -> None:
    scores, groups, targets, places = ranking
    order = METHODS[method](scores, groups, targets, places)
    assert sorted(order.tolist()) == list(range(len(scores)))
    for group in range(len(targets)):
        assert (np.diff(scores[order[groups[order] == group]]) <= 0).all()
    assert (np.diff(scores[order[max(places + len(targets), 0) :]]) <= 0).all()


@given(ranking=rankings())
def test_const_sort_gives_every_group_its_minimum_in_every_prefix(
    ranking: tuple[Floats, Codes, Floats, int],
) -> None:
    scores, groups, targets, places = ranking
    assert missed_minimums(det_const_sort(scores, groups, targets, places), groups, targets, places) == 0


@given(ranking=rankings().filter(lambda ranking: len(ranking[2]) <= 3))
def test_greedy_meets_the_minimums_of_up_to_three_groups(ranking: tuple[Floats, Codes, Floats, int]) -> None:
    """A theorem of the paper. It needs groups that do not run out, so the targets are the shares of the pool."""
    scores, groups, _, places = ranking
    targets = pool_shares(groups, len(ranking[2]))
    assert missed_minimums(det_greedy(scores, groups, targets, places), groups, targets, places) == 0


def test_greedy_can_miss_a_minimum_of_four_groups_and_const_sort_cannot() -> None:
    groups = np.array([1, 3, 0, 3, 3, 1, 2, 2, 1])
    scores = np.array([0.34, 0.09, 0.68, 0.66, 0.41, 0.53, 0.85, 0.28, 0.36])
    targets = pool_shares(groups, 4)
    assert missed_minimums(det_greedy(scores, groups, targets, 9), groups, targets, 9) > 0
    assert missed_minimums(det_const_sort(scores, groups, targets, 9), groups, targets, 9) == 0


def test_two_halves_by_hand() -> None:
    """The first group has the four best scores, the second the four worst."""
    scores, groups = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1]), np.repeat([0, 1], 4)
    halves = np.array([0.5, 0.5])
    for rerank in METHODS.values():
        assert rerank(scores, groups, halves, 8).tolist() == [0, 4, 1, 5, 2, 6, 3, 7]
        # If only two places are balanced, the others follow by score.
        assert Counter(groups[rerank(scores, groups, halves, 2)[:2]].tolist()) == {0: 1, 1: 1}


def test_methods_differ_above_the_minimums_by_hand() -> None:
    """The targets are .7 and .3. At place 1 every minimum is 0, so DetGreedy takes the best score, of the second group.

    DetCons takes the first group: its maximum of 1 binds at 1 / .7 = 1.43, the second's at 1 / .3 = 3.33. DetConstSort
    places the first group at k = 2 (floor(1.4) = 1) and k = 3 (floor(2.1) = 2), the second at k = 4 (floor(1.2) = 1).
    The second group's .9 then moves up past .7, whose last place is 3, and past .8, whose last place is 2.
    """
    scores, groups, targets = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1, 0, 0, 0]), np.array([0.7, 0.3])
    assert det_greedy(scores, groups, targets, 4).tolist() == [0, 1, 2, 3]
    assert det_cons(scores, groups, targets, 4).tolist() == [1, 2, 0, 3]
    assert det_const_sort(scores, groups, targets, 4).tolist() == [0, 1, 2, 3]
    # If the first group has the best score, nothing moves up past it.
    assert det_const_sort(scores[[1, 0, 2, 3]], groups, targets, 4).tolist() == [1, 0, 2, 3]


def test_const_sort_moves_no_row_past_the_last_place_that_meets_a_minimum() -> None:
    """With the comparison of the paper, .9 would move up past .1, and the second group would miss place 2."""
    order = det_const_sort(np.array([1, 0.9, 0.1, 0.05]), np.array([0, 0, 1, 1]), np.array([0.5, 0.5]), 4)
    assert order.tolist() == [0, 2, 1, 3]


def test_an_order_by_score_that_meets_the_targets_stays() -> None:
    scores, groups = np.linspace(1, 0, 12), np.tile([0, 1, 2], 4)
    for rerank in METHODS.values():
        assert rerank(scores, groups, pool_shares(groups, 3), 12).tolist() == list(range(12))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_places_of_a_group_that_runs_out_go_to_the_others(method: Method) -> None:
    order = METHODS[method](np.array([0.9, 0.8, 0.7, 0.1]), np.array([0, 0, 0, 1]), np.array([0.2, 0.8]), 4)
    assert 3 in order[:2]  # its minimum is 1 at place 2, and it has no second member for place 3
    assert order[order != 3].tolist() == [0, 1, 2]


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_group_with_a_target_of_zero_comes_last(method: Method) -> None:
    order = METHODS[method](np.array([0.9, 0.8, 0.7]), np.array([1, 0, 0]), np.array([1.0, 0.0]), 3)
    assert order.tolist() == [1, 2, 0]


@pytest.mark.parametrize("method", sorted(METHODS))
def test_of_groups_with_the_same_minimum_the_better_score_comes_first(method: Method) -> None:
    scores = np.array([0.9, 0.8, 0.2, 0.1])
    for groups in (np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])):
        assert METHODS[method](scores, groups, np.array([0.5, 0.5]), 4).tolist() == [0, 2, 1, 3]


def test_positions_that_differ_in_the_last_bit_are_equal() -> None:
    """At place 13, with targets of 1, 4 and 9 of 14, the maximums of the larger two bind at 14 and at 14 - 2e-15."""
    groups, generator = np.repeat([0, 1, 2], [1, 4, 9]), np.random.default_rng(0)
    for _ in range(20):
        scores = generator.random(14)
        last = det_cons(scores, groups, np.array([1, 4, 9]) / 14, 14)[-2:]
        assert scores[last[0]] > scores[last[1]] or 0 in groups[last]
