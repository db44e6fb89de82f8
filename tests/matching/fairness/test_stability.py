"""First names and gendered words: what is swapped, and how rankings are compared."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.data.tables import CandidateProfile, frame
from matching.fairness.stability import (
    GENDERED_TERMS,
    changed,
    overlaps,
    rank_biased_overlap,
    swap_candidates,
    swap_text,
)
from matching.sources.marketplace import vocabulary


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("My name is Olena. I work in Kyiv.", "My name is Andrii. I work in Kyiv."),
        ("OLEH", "GRACE"),
        ("He led his team; she backed him.", "She led her team; he backed her."),
        ("Chairman, then waitress", "Chairwoman, then waiter"),
        ("a network for women in technology", "a network for men in technology"),
        ("mark, grace and will are words", "mark, grace and will are words"),
        ("Shell, Marian and theory stay", "Shell, Marian and theory stay"),
        ("Ich heiße Anna und mag 🚀", "Ich heiße Lukas und mag 🚀"),
        ("", ""),
    ],
)
def test_names_and_gendered_words_are_swapped_and_keep_their_case(text: str, swapped: str) -> None:
    assert swap_text(text) == swapped


def test_every_gendered_name_of_the_simulator_is_swapped() -> None:
    for gender in ("woman", "man"):
        for name in vocabulary.FIRST_NAMES[gender]:
            assert name.lower() in GENDERED_TERMS
            assert swap_text(swap_text(name)) == name != swap_text(name)


def test_a_name_that_is_a_skill_stays() -> None:
    row = {"headline": "Julia developer", "resume": "I am Maria.", "skills": [{"name": "Julia"}]}
    table = frame(CandidateProfile, [row | {"candidate_id": "c1"}])
    swapped = swap_candidates(table)
    assert swapped["headline"].to_list() == ["Julia developer"]
    assert swapped["resume"].to_list() == ["I am Piotr."]
    assert swapped.drop("headline", "resume").equals(table.drop("headline", "resume"))
    assert changed(table, swapped).tolist() == [True]
    assert changed(table, table).tolist() == [False]


def test_overlap_of_examples_computed_by_hand() -> None:
    """The agreements at depths 1 to 3 are 0, 1 and 1: (.1 / .9) * (.9^2 + .9^3) + .9^3 = .9."""
    assert rank_biased_overlap(np.array([1, 2, 3]), np.array([2, 1, 3])) == pytest.approx(0.9)
    assert rank_biased_overlap(np.array([1, 2]), np.array([3, 4])) == 0
    # One in common, at depth 2: (.5 / .5) * (1/2 * .5^2) + 1/2 * .5^2.
    assert rank_biased_overlap(np.array([1, 2]), np.array([3, 1]), persistence=0.5) == pytest.approx(0.25)


@given(ranking=st.permutations(range(12)), other=st.permutations(range(12)))
def test_overlap_is_one_for_the_same_order_and_less_for_another(ranking: list[int], other: list[int]) -> None:
    first, second = np.array(ranking), np.array(other)
    assert rank_biased_overlap(first, first) == pytest.approx(1)
    both_ways = rank_biased_overlap(first, second), rank_biased_overlap(second, first)
    assert both_ways[0] == pytest.approx(both_ways[1])
    assert (both_ways[0] < 1 - 1e-9) == (ranking != other)


def test_a_change_at_the_top_counts_more_than_one_at_the_bottom() -> None:
    before = np.linspace(1, 0, 30)[None, :]
    top, bottom = before.copy(), before.copy()
    top[0, [0, 1]], bottom[0, [28, 29]] = before[0, [1, 0]], before[0, [29, 28]]
    assert overlaps(before, top)[0] < overlaps(before, bottom)[0] < overlaps(before, before)[0]
