"""Policies for a whole market: caps and supply hold, and with capacity for everyone each job ranks as if alone."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

from matching.errors import InputError
from matching.market import policies

PLENTY = 10_000


def matrix(seed: int, n_jobs: int, n_candidates: int, ruled_out: float = 0.0) -> NDArray[np.float64]:
    """Probabilities with popular candidates, some exactly zero, and a share of the pairs ruled out."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-2, 1, (n_jobs, n_candidates)) + rng.normal(0, 1.5, n_candidates)
    probability = np.where(rng.random(logits.shape) < 0.05, 0.0, 1 / (1 + np.exp(-logits)))
    return np.where(rng.random(logits.shape) < ruled_out, rng.choice([np.nan, -np.inf]), probability)


def exposure(lists: policies.Lists, n_candidates: int) -> NDArray[np.int64]:
    return np.bincount(np.concatenate(lists), minlength=n_candidates)


def total(probability: NDArray[Any], lists: policies.Lists) -> float:
    return float(sum(probability[job, row].sum() for job, row in enumerate(lists)))


markets = st.builds(
    matrix, st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 25), st.sampled_from([0, 0.3, 1])
)


@settings(max_examples=80, deadline=None)
@given(markets, st.integers(1, 8), st.integers(1, 5))
def test_lists_hold_eligible_candidates_once_each(probability: Any, length: int, exposure_: int) -> None:
    plain = policies.per_query(probability, length)
    plans = [policies.policy(method, exposure_)(probability, length) for method in ("caps", "transferable_utility")]
    for lists in (plain, *plans):
        assert len(lists) == len(probability)
        for job, row in enumerate(lists):
            assert np.isfinite(probability[job, row]).all()
            assert len(set(row.tolist())) == len(row) <= length
    eligible = np.isfinite(probability).sum(axis=1)
    for lists in (plain, plans[1]):
        assert [len(row) for row in lists] == np.minimum(eligible, length).tolist()


@settings(max_examples=80, deadline=None)
@given(markets, st.integers(1, 8), st.integers(1, 5))
def test_no_candidate_exceeds_the_cap_and_the_lists_are_stable(
    probability: Any, length: int, max_exposure: int
) -> None:
    lists = policies.capped(probability, length, max_exposure)
    count = exposure(lists, probability.shape[1])
    assert count.max() <= max_exposure
    worst = np.array(
        [min((probability[j, c] for j, r in enumerate(lists) if c in r), default=-1) for c in range(len(count))]
    )
    for job, row in enumerate(lists):
        assert (np.diff(probability[job, row]) <= 0).all()
        last = probability[job, row[-1]] if len(row) == length else -1
        for other in np.flatnonzero(np.isfinite(probability[job])):
            value = probability[job, other]
            wants_each_other = value > last and (count[other] < max_exposure or value > worst[other])
            assert other in row or not wants_each_other


@settings(max_examples=60, deadline=None)
@given(markets, st.integers(1, 8))
def test_with_capacity_for_everyone_each_job_ranks_as_if_alone(probability: Any, length: int) -> None:
    plain = policies.per_query(probability, length)
    for method in ("caps", "transferable_utility"):
        lists = policies.policy(method, PLENTY)(probability, length)
        for mine, expected in zip(lists, plain, strict=True):
            np.testing.assert_array_equal(mine, expected)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.1, 0.25, 1.0]), st.floats(0.5, 30))
def test_demand_and_supply_hold(seed: int, temperature: float, supply: float) -> None:
    probability = matrix(seed, 15, 40, ruled_out=0.2)
    demand = np.random.default_rng(seed).uniform(1, 10, 15)
    found = policies.equilibrium(probability, demand, np.full(40, supply), temperature)
    assert found.converged, (found.error, found.rounds)
    placed, demanded = found.expected.sum(axis=1), found.expected.sum(axis=0)
    assert (demanded <= supply * (1 + 1e-9)).all()
    assert (placed <= demand * (1 + policies.TOLERANCE)).all()
    if supply >= 10:
        assert (placed >= 0.9 * demand).all(), "a job leaves places empty only if nobody is left"
    assert (found.price >= 0).all()
    # Only a candidate without spare capacity has a price.
    np.testing.assert_allclose(demanded[found.price > 1e-9], supply, rtol=1e-6)
    assert (found.expected[~np.isfinite(probability)] == 0).all()


def test_prices_move_the_second_job_to_the_free_candidate() -> None:
    # Candidate 0 is best for both jobs; job 1 loses less by taking candidate 1.
    probability = np.array([[0.6, 0.1], [0.6, 0.5]])
    assert [row.tolist() for row in policies.per_query(probability, 1)] == [[0], [0]]
    assert [row.tolist() for row in policies.transferable_utility(probability, 1, 1)] == [[0], [1]]
    assert [row.tolist() for row in policies.capped(probability, 1, 1)] == [[0], [1]]


def test_popular_candidates_are_in_fewer_lists() -> None:
    probability = matrix(3, 60, 300)
    plain, capped, priced = (
        exposure(lists, 300)
        for lists in (
            policies.per_query(probability, 10),
            policies.capped(probability, 10, 4),
            policies.transferable_utility(probability, 10, 4),
        )
    )
    assert plain.max() > 30
    assert capped.max() == 4
    assert priced.max() < plain.max() / 2
    assert plain.sum() == capped.sum() == priced.sum() == 600


def test_one_pass_is_nearly_as_good_as_the_best_assignment() -> None:
    probability, length, cap = matrix(5, 20, 60), 5, 2
    job, candidate = np.indices(probability.shape).reshape(2, -1)
    pair, ones = np.arange(probability.size), np.ones(probability.size)
    bounds = vstack([coo_array((ones, (job, pair))), coo_array((ones, (candidate, pair)))])
    limits = np.r_[np.full(20, length), np.full(60, cap)]
    best = linprog(-probability.ravel(), A_ub=bounds, b_ub=limits, bounds=(0, 1), method="highs")
    reached = total(probability, policies.capped(probability, length, cap)) / -best.fun
    assert 0.93 < reached <= 1 + 1e-9


def test_a_market_without_jobs_or_candidates_has_empty_lists() -> None:
    for method in ("caps", "transferable_utility"):
        policy = policies.policy(method, 3)
        assert policy(np.empty((0, 5)), 10) == []
        assert [len(row) for row in policy(np.empty((2, 0)), 10)] == [0, 0]
        assert [len(row) for row in policy(np.full((2, 5), np.nan), 10)] == [0, 0]


@pytest.mark.parametrize(
    "call",
    [
        lambda p: policies.per_query(p[0], 3),
        lambda p: policies.per_query(p, 0),
        lambda p: policies.capped(p, 3, 0),
        lambda p: policies.transferable_utility(p, 3, 3, temperature=0),
        lambda p: policies.equilibrium(p, np.ones(4), np.zeros(6)),
        lambda p: policies.equilibrium(p, -np.ones(4), np.ones(6)),
    ],
)
def test_numbers_out_of_range_are_refused(call: Any) -> None:
    with pytest.raises(InputError, match=r"at least 1|above 0|matrix"):
        call(matrix(1, 4, 6))


def test_the_suggested_cap_is_one_and_a_half_times_an_even_spread() -> None:
    assert policies.suggested_exposure(128, 1_991, 10) == 2
    assert policies.suggested_exposure(128, 498, 10) == 4
    assert policies.suggested_exposure(128, 498, 10, answers=2) == 8
    assert policies.suggested_exposure(3, 0, 10) == 45
