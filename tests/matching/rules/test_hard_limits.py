"""Hard limits rule out exactly what a profile says; missing values and wishes rule nothing out."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile, frame
from matching.rules import hard_limits
from matching.rules.hard_limits import HardLimit

PERSON: dict[str, Any] = {"candidate_id": "c", "headline": "Backend engineer", "skills": []}
POST: dict[str, Any] = {"job_id": "j", "title": "Python developer"}
HERE, GERMAN = {"country": "Germany"}, {"work_countries": ["Germany"]}
STAYS = HERE | {"region": "Bavaria", "city": "Nuremberg", "would_relocate": False}


def broken(person: dict[str, Any], post: dict[str, Any]) -> set[str]:
    one = np.zeros(1, dtype=np.int64)
    pairs = Pairs(frame(CandidateProfile, [PERSON | person]), frame(JobProfile, [POST | post]), one, one)
    assert hard_limits.eligible(pairs)[0] == (not hard_limits.of_pair(hard_limits.broken_limits(pairs), 0))
    return set(hard_limits.of_pair(hard_limits.broken_limits(pairs), 0))


def test_missing_values_break_no_limit() -> None:
    assert broken({}, {}) == set()
    assert broken({}, {"country": "France", "max_salary_usd_per_year": 1_000, "remote_policy": "onsite"}) == set()
    everything = GERMAN | HERE | {"min_salary_usd_per_year": 90_000, "block_words": ["gambling"]}
    assert broken(everything, {}) == set()


@pytest.mark.parametrize(
    ("person", "post", "is_broken"),
    [
        (GERMAN, {"country": "France"}, True),
        (GERMAN, {"country": "France", "remote_policy": "hybrid"}, True),
        (GERMAN, {"country": "France", "remote_policy": "onsite", "sponsors_work_permit": False}, True),
        (GERMAN, {"country": "France", "remote_policy": "onsite", "sponsors_work_permit": True}, False),
        (GERMAN, {"country": "France", "remote_policy": "remote"}, False),
        (GERMAN, {"country": " germany"}, False),
        ({"work_countries": ["USA", "UK"]}, {"country": "United States"}, False),
        ({"work_countries": ["USA", "UK"]}, {"country": "Great Britain"}, False),
        ({"work_countries": ["USA", "UK"]}, {"country": "Ukraine"}, True),
        (HERE, {"country": "France"}, False),
        (GERMAN, {"country": "DE"}, False),
        (GERMAN, {"country": "Deutschland"}, False),
        ({"work_countries": ["EU"]}, {"country": "France"}, False),
        ({"work_countries": ["EU"]}, {"country": "United States"}, True),
        (GERMAN, {"country": "Austria or Germany"}, False),
        (GERMAN, {"country": "France / Spain"}, True),
        (GERMAN, {"country": "Atlantis"}, False),
        (GERMAN, {"country": "N/A"}, False),
        (GERMAN, {"country": "Anywhere"}, False),
        ({"work_countries": ["Germany", "wherever I like"]}, {"country": "France"}, False),
    ],
)
def test_a_work_permit_is_needed_where_the_work_is_done(
    person: dict[str, Any], post: dict[str, Any], is_broken: bool
) -> None:
    assert broken(person, post) == ({HardLimit.WORK_PERMIT} if is_broken else set())


@pytest.mark.parametrize(
    ("person", "post", "is_broken"),
    [
        (STAYS, {"country": "France", "remote_policy": "onsite"}, True),
        (STAYS, {"country": "France", "remote_policy": "hybrid", "sponsors_work_permit": True}, True),
        (STAYS, {"country": "France", "remote_policy": "remote"}, False),
        (STAYS, {"country": "France"}, False),
        (STAYS | {"would_relocate": None}, {"country": "France", "remote_policy": "onsite"}, False),
        (STAYS | {"would_relocate": True}, {"country": "France", "remote_policy": "onsite"}, False),
        (STAYS, {"country": "germany", "remote_policy": "onsite", "city": "Fürth"}, False),
        (STAYS, {"country": "Germany", "region": "bavaria", "city": "Fürth", "remote_policy": "onsite"}, False),
        (STAYS, {"country": "Germany", "region": "Saxony", "city": "Dresden", "remote_policy": "onsite"}, True),
        (
            STAYS | {"wish_cities": ["dresden "]},
            {"region": "Saxony", "city": "Dresden", "remote_policy": "onsite"},
            False,
        ),
        (STAYS | {"wish_cities": ["Lyon"]}, {"country": "France", "city": "Paris", "remote_policy": "onsite"}, True),
        (STAYS | {"country": None, "region": None}, {"country": "France", "remote_policy": "onsite"}, False),
        ({"remote_wish": "remote"}, {"country": "France", "remote_policy": "onsite"}, False),
    ],
)
def test_a_place_rules_out_only_candidates_who_would_not_relocate(
    person: dict[str, Any], post: dict[str, Any], is_broken: bool
) -> None:
    assert broken(person, post) == ({HardLimit.LOCATION} if is_broken else set())


@pytest.mark.parametrize(
    ("floor", "band", "is_broken"),
    [(90_000, 80_000, True), (90_000, 90_000, False), (None, 80_000, False), (90_000, None, False)],
)
def test_a_salary_floor_is_compared_with_the_upper_end_of_the_band(
    floor: float | None, band: float | None, is_broken: bool
) -> None:
    person = {"min_salary_usd_per_year": floor, "expected_salary_usd_per_year": 200_000}
    post = {"min_salary_usd_per_year": 1_000, "max_salary_usd_per_year": band}
    assert broken(person, post) == ({HardLimit.SALARY_FLOOR} if is_broken else set())


@pytest.mark.parametrize(
    ("word", "text", "is_broken"),
    [
        ("gambling", "We build Gambling software", True),
        ("gambling", "No gambl-ing, no gamblings", False),
        ("Java", "JavaScript and java-like, Java.", True),
        ("java", "JavaScript", False),
        ("c", "C++ and C#", False),
        ("c++", "modern C++.", True),
        ("night shift", "some NIGHT  shift, rarely", True),
        ("night shift", "night and shift", False),
        ("\uff47ambling", "gam\u200bbling", True),
        ("!!", "Hurry!! Now", False),
        ("развёртывание", "Развёртывание по ночам", True),
        (".net", "ASP.NET", False),
        (".net", "we use .NET", True),
    ],
)
def test_block_words_match_whole_words(word: str, text: str, is_broken: bool) -> None:
    expected = {HardLimit.CANDIDATE_BLOCK_WORDS} if is_broken else set()
    assert broken({"block_words": ["no match", word]}, {"description": text}) == expected


def test_every_field_is_searched_and_no_phrase_spans_two() -> None:
    for field in ("title", "description", "industry", "company"):
        assert broken({"block_words": ["casino"]}, {field: "The casino"}) == {HardLimit.CANDIDATE_BLOCK_WORDS}
    assert broken({"block_words": ["big casino"]}, {"title": "Big", "description": "casino"}) == set()
    blocked = {"block_words": ["agency"]}
    for person in ({"headline": "Agency"}, {"resume": "an agency."}, {"skills": [{"name": "Agency"}]}):
        assert broken(person, blocked) == {HardLimit.JOB_BLOCK_WORDS}
    assert broken({"block_words": ["agency"]}, blocked) == set()


def test_many_pairs_break_the_same_limits_as_each_alone() -> None:
    people = [
        {"block_words": ["casino", "bank"]},
        {"min_salary_usd_per_year": 50_000.0},
        GERMAN,
        STAYS,
        {"resume": "agency work", "block_words": ["bank"]},
    ]
    posts = [
        {"title": "Bank clerk", "max_salary_usd_per_year": 40_000.0},
        {"country": "France", "remote_policy": "onsite"},
        {"block_words": ["agency"], "description": "casino"},
        {},
    ]
    candidates = frame(CandidateProfile, [PERSON | one | {"candidate_id": str(n)} for n, one in enumerate(people)])
    jobs = frame(JobProfile, [POST | one | {"job_id": str(n)} for n, one in enumerate(posts)])
    rows, columns = (axis.ravel()[::-1] for axis in np.meshgrid(np.arange(5), np.arange(4)))
    flags = hard_limits.broken_limits(Pairs(candidates, jobs, rows, columns))
    got = [set(hard_limits.of_pair(flags, pair)) for pair in range(len(rows))]
    assert got == [broken(people[row], posts[column]) for row, column in zip(rows, columns, strict=True)]
    assert sum(map(len, got)) == 7


def test_a_relaxed_limit_no_longer_rules_out_but_is_still_reported() -> None:
    flags = {limit: np.array([False, False]) for limit in HardLimit}
    flags[HardLimit.SALARY_FLOOR] = np.array([True, True])
    flags[HardLimit.LOCATION] = np.array([False, True])
    assert hard_limits.any_of(flags, 2).tolist() == [True, True]
    assert hard_limits.any_of(flags, 2, relaxed=(HardLimit.SALARY_FLOOR,)).tolist() == [False, True]
    assert hard_limits.any_of(flags, 2, relaxed=tuple(HardLimit)).tolist() == [False, False]
    assert hard_limits.of_pair(flags, 1) == (HardLimit.LOCATION, HardLimit.SALARY_FLOOR)


def test_profiles_stored_before_hard_limits_existed_break_none() -> None:
    one = np.zeros(1, dtype=np.int64)
    person, post = frame(CandidateProfile, [PERSON]), frame(JobProfile, [POST])
    person, post = (t.with_columns(block_words=pl.lit(None, pl.List(pl.String))) for t in (person, post))
    person = person.with_columns(work_countries=pl.lit(None, pl.List(pl.String)))
    assert hard_limits.eligible(Pairs(person, post, one, one)).all()
    none = np.empty(0, dtype=np.int64)
    assert not len(hard_limits.eligible(Pairs(person.clear(), post.clear(), none, none)))


HIDDEN = ("\uff57\uff4f\uff4d\uff45\uff4e", "wom\u00aden", "mus\U000e0001lim", "mus\ufe0flim", "Muslima")


def test_invisible_characters_and_spaces_in_names_of_places_change_nothing() -> None:
    person = {"work_countries": ["Ger\u200bmany"]}
    assert broken(person, {"country": "Germany", "remote_policy": "onsite"}) == set()
    assert broken({"work_countries": [" ", "\u200b"]}, {"country": "Germany", "remote_policy": "onsite"}) == set()
    assert broken({"work_countries": ["France"]}, {"country": "Germany", "remote_policy": "onsite"}) == {
        HardLimit.WORK_PERMIT
    }


@pytest.mark.parametrize("word", ["women", "Women's", "over 50 old", "Black", "non-binary", "muslim", *HIDDEN])
def test_a_job_may_not_rule_out_a_protected_group(word: str) -> None:
    with pytest.raises(ValidationError, match="must not name a protected group"):
        JobProfile.model_validate(POST | {"block_words": ["agency", word]})
    assert CandidateProfile.model_validate(PERSON | {"block_words": [word]})


@pytest.mark.parametrize("word", ["agency", "manager", "Manhattan", "golden", "whitelist"])
def test_part_of_a_word_names_no_protected_group(word: str) -> None:
    assert JobProfile.model_validate(POST | {"block_words": [word]})
