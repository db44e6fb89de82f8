"""A season keeps its rules, is the same for all policies, and tells better rankings from worse ones."""

from typing import Any

import numpy as np
import pytest

from matching.data.tables import Direction
from matching.market import policies
from matching.sources.marketplace import MarketplaceConfig
from matching.sources.marketplace.exposure import propensity
from matching.sources.marketplace.season import Season, SeasonRules, _best_of_each, play, season
from matching.sources.marketplace.standings import Contestant, Interval, Standing, compare
from matching.sources.marketplace.truth import MarketplaceTruth

CONFIG = MarketplaceConfig(n_candidates=1_200, n_jobs=300, n_impressions=10_000)
WEEKS = 4


@pytest.fixture(scope="module")
def weeks() -> Season:
    return season(CONFIG, seed=3, weeks=WEEKS)


@pytest.fixture(scope="module")
def crowded() -> Season:
    return season(CONFIG, seed=3, weeks=WEEKS, crowding=6)


def match(weeks: Season) -> Any:
    return weeks.company * weeks.candidate


class Spy:
    """The plain policy, keeping what it was asked for and what it answered."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answered: list[policies.Lists] = []

    def __call__(self, score: Any, length: int) -> policies.Lists:
        self.asked.append(score)
        self.answered.append(policies.per_query(score, length))
        return self.answered[-1]


def test_only_who_is_there_at_the_same_time_can_meet(weeks: Season) -> None:
    together = np.array([np.outer(weeks.open[w], weeks.active[w]) for w in range(WEEKS)]).any(axis=0)
    np.testing.assert_array_equal(np.isfinite(weeks.company), together)
    assert 0.3 < together.mean() < 1
    assert weeks.open.any(axis=0).all()
    assert weeks.active.any(axis=0).all()


def test_a_season_follows_the_log_with_the_truth_of_its_market(weeks: Season) -> None:
    some = weeks.pairs.take(np.arange(0, len(weeks.pairs), 997))
    for direction, values in ((Direction.COMPANY, weeks.company), (Direction.CANDIDATE, weeks.candidate)):
        expected = MarketplaceTruth(3).probability(direction, some)
        np.testing.assert_allclose(values[some.job_rows, some.candidate_rows], expected, atol=1e-6)
    other = MarketplaceTruth(4).probability(Direction.COMPANY, some)
    assert np.abs(weeks.company[some.job_rows, some.candidate_rows] - other).max() > 0.01


def test_a_pair_is_shown_once_and_only_while_both_are_there(weeks: Season) -> None:
    # Scores are the pair's own number, so that a list tells which pairs it holds; the oldest candidates come first,
    # whom every later week would show again.
    number = -np.arange(weeks.company.size, dtype=np.float64).reshape(weeks.company.shape)
    spy = Spy()
    play(weeks, number, spy, SeasonRules(ending=0.0), repeat=0)  # type: ignore[arg-type]  # float64 keeps every number
    seen: set[int] = set()
    for week, (score, lists) in enumerate(zip(spy.asked, spy.answered, strict=True)):
        shown = {-int(score[row, one]) for row, found in enumerate(lists) for one in found}
        assert not shown & seen
        seen |= shown
        job, candidate = np.divmod(np.array(sorted(shown)), weeks.company.shape[1])
        assert weeks.open[week, job].all()
        assert weeks.active[week, candidate].all()
    assert len(seen) > 1_000


def test_outreach_comes_as_often_as_position_and_truth_say(weeks: Season) -> None:
    spy, repeats = Spy(), 60
    played = [play(weeks, match(weeks), spy, SeasonRules(), repeat=repeat)[0] for repeat in range(repeats)]
    jobs = np.flatnonzero(weeks.open[0])
    here = np.flatnonzero(weeks.active[0])
    expected = sum(
        float((propensity(np.arange(1, len(found) + 1), CONFIG) * weeks.company[jobs[row], here[found]]).sum())
        for row, found in enumerate(spy.answered[0])
    )
    got = np.array([week.outreach.sum() for week in played])
    assert abs(got.mean() - expected) < 4 * got.std() / np.sqrt(repeats)
    assert got.std() > 0


def test_a_candidate_answers_the_outreaches_liked_best() -> None:
    owner, value = np.array([4, 2, 4, 4, 2]), np.array([0.1, 0.3, 0.9, 0.5, 0.2])
    assert _best_of_each(owner, value, 1).tolist() == [False, True, True, False, False]
    assert _best_of_each(owner, value, 2).tolist() == [False, True, True, True, True]
    assert _best_of_each(owner[:0], value[:0], 1).tolist() == []


def test_answers_are_limited_and_a_limit_costs_matches(crowded: Season) -> None:
    few, many = (
        [play(crowded, match(crowded), policies.per_query, SeasonRules(answers_per_week=n), repeat=r) for r in range(6)]
        for n in (1, 99)
    )
    assert max(week.outreach.max() for played in few for week in played) > 1
    assert all((week.answered == np.minimum(week.outreach, 1)).all() for played in few for week in played)
    assert all((week.answered == week.outreach).all() for played in many for week in played)
    assert sum(week.matches for played in few for week in played) < sum(w.matches for played in many for w in played)


def test_who_is_hired_leaves(weeks: Season) -> None:
    staying, leaving = (
        play(weeks, match(weeks), policies.per_query, SeasonRules(ending=ending), repeat=1) for ending in (0.0, 1.0)
    )
    assert staying[0].matches == leaving[0].matches > 0
    jobs = [week.n_jobs for week in leaving]
    assert jobs[1] < staying[1].n_jobs
    gone = set(leaving[0].here[leaving[0].answered > 0]) - set(leaving[1].here)
    assert 0 < len(gone) <= leaving[0].matches + np.count_nonzero(~weeks.active[1, leaving[0].here])
    assert len(leaving[-1].here) < len(staying[-1].here)


def test_chance_is_the_same_for_every_policy_and_another_in_every_repeat(weeks: Season) -> None:
    def matches(repeat: int, policy: policies.Policy = policies.per_query) -> list[int]:
        return [week.matches for week in play(weeks, match(weeks), policy, SeasonRules(), repeat=repeat)]

    assert matches(0) == matches(0) == matches(0, policies.policy("caps", 10_000))
    assert matches(0) != matches(1)


def _standings(weeks: Season) -> dict[str, Standing]:
    rng = np.random.default_rng(0)
    anyone = rng.random(weeks.company.shape, dtype=np.float32)
    best = match(weeks)
    contestants = {
        "chance": Contestant(anyone, policies.per_query),
        "truth": Contestant(best, policies.per_query),
        "caps": Contestant(best, policies.policy("caps", 2)),
        "prices": Contestant(best, policies.policy("transferable_utility", 4)),
        "answered": Contestant(best, policies.per_query, all_answered=True),
    }
    said: list[str] = []
    found = compare(weeks, contestants, SeasonRules(), repeats=8, reference="truth", progress=said.append)
    assert said[-1] == "policy 5 of 5"
    return {one.policy: one for one in found}


def test_standings_tell_policies_apart(crowded: Season) -> None:
    found = _standings(crowded)
    truth = found["truth"]
    assert truth.gain == Interval(0.0, 0.0, 0.0)
    assert found["chance"].matches.high < truth.matches.low
    assert found["answered"].gain.low > 0, "congestion costs matches"
    assert found["answered"].lost == 0
    assert found["caps"].longest == 2 < truth.longest
    for fairer in (found["caps"], found["prices"]):
        assert fairer.lost < truth.lost
        assert fairer.gini < truth.gini
        assert fairer.top_10 < truth.top_10
        assert fairer.coverage > truth.coverage
    assert truth.matches.low < truth.matches.mean < truth.matches.high


def test_an_interval_of_one_repeat_is_unknown() -> None:
    assert np.isnan(Interval.of(np.array([3.0])).low)
    assert Interval.of(np.array([1.0, 2.0, 3.0])).low == pytest.approx(2 - 4.3027 / np.sqrt(3), abs=1e-3)
