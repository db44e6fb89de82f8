"""A season follows its rules, is the same for all policies, and distinguishes better rankings from worse ones."""

from typing import Any

import numpy as np
import pytest

from matching.data.tables import Direction
from matching.market import policies
from matching.sources.marketplace import MarketplaceConfig
from matching.sources.marketplace.comparison import Interval, PolicyResult, Ranker, compare
from matching.sources.marketplace.searches import propensity
from matching.sources.marketplace.season import Season, SeasonRules, Week, _best_of_each, draw_season, simulate_season
from matching.sources.marketplace.truth import MarketplaceTruth

CONFIG = MarketplaceConfig(n_candidates=1_200, n_jobs=300, n_impressions=10_000)
WEEKS = 4


@pytest.fixture(scope="module")
def weeks() -> Season:
    return draw_season(CONFIG, seed=3, weeks=WEEKS)


@pytest.fixture(scope="module")
def crowded() -> Season:
    return draw_season(CONFIG, seed=3, weeks=WEEKS, crowding=6)


def match(weeks: Season) -> Any:
    return weeks.company * weeks.candidate


def simulated(weeks: Season, policy: policies.Policy, rules: SeasonRules, *, repeat: int) -> list[Week]:
    return simulate_season(weeks, match(weeks), policy, rules, repeat=repeat)


class Recorder:
    """Ranks for each job alone, and records the scores it gets and the lists it returns."""

    def __init__(self) -> None:
        self.scores: list[Any] = []
        self.lists: list[policies.Lists] = []

    def __call__(self, score: Any, length: int) -> policies.Lists:
        self.scores.append(score)
        self.lists.append(policies.per_query(score, length))
        return self.lists[-1]


def test_only_those_present_in_the_same_week_can_meet(weeks: Season) -> None:
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


def test_a_pair_is_shown_once_and_only_while_both_are_present(weeks: Season) -> None:
    # The score is the number of the pair, so that a list identifies its pairs. The oldest candidates come first: every
    # later week would show them again.
    number = -np.arange(weeks.company.size, dtype=np.float64).reshape(weeks.company.shape)
    recorder = Recorder()
    simulate_season(weeks, number, recorder, SeasonRules(ending=0.0), repeat=0)  # type: ignore[arg-type]  # float64 keeps every number
    seen: set[int] = set()
    for week, (score, lists) in enumerate(zip(recorder.scores, recorder.lists, strict=True)):
        shown = {-int(score[row, one]) for row, found in enumerate(lists) for one in found}
        assert not shown & seen
        seen |= shown
        job, candidate = np.divmod(np.array(sorted(shown)), weeks.company.shape[1])
        assert weeks.open[week, job].all()
        assert weeks.active[week, candidate].all()
    assert len(seen) > 1_000


def test_outreach_is_as_frequent_as_propensity_and_truth_imply(weeks: Season) -> None:
    recorder, repeats = Recorder(), 60
    played = [simulated(weeks, recorder, SeasonRules(), repeat=repeat)[0] for repeat in range(repeats)]
    jobs = np.flatnonzero(weeks.open[0])
    here = np.flatnonzero(weeks.active[0])
    expected = sum(
        float((propensity(np.arange(1, len(found) + 1), CONFIG) * weeks.company[jobs[row], here[found]]).sum())
        for row, found in enumerate(recorder.lists[0])
    )
    got = np.array([week.outreach.sum() for week in played])
    assert abs(got.mean() - expected) < 4 * got.std() / np.sqrt(repeats)
    assert got.std() > 0


def test_a_candidate_answers_the_likeliest_outreaches() -> None:
    owner, value = np.array([4, 2, 4, 4, 2]), np.array([0.1, 0.3, 0.9, 0.5, 0.2])
    assert _best_of_each(owner, value, 1).tolist() == [False, True, True, False, False]
    assert _best_of_each(owner, value, 2).tolist() == [False, True, True, True, True]
    assert _best_of_each(owner[:0], value[:0], 1).tolist() == []


def test_candidates_answer_few_outreaches_and_this_costs_matches(crowded: Season) -> None:
    few, many = (
        [simulated(crowded, policies.per_query, SeasonRules(answers_per_week=n), repeat=r) for r in range(6)]
        for n in (1, 99)
    )
    assert max(week.outreach.max() for played in few for week in played) > 1
    assert all((week.answered == np.minimum(week.outreach, 1)).all() for played in few for week in played)
    assert all((week.answered == week.outreach).all() for played in many for week in played)
    assert sum(week.matches for played in few for week in played) < sum(w.matches for played in many for w in played)


def test_both_sides_of_a_hire_leave(weeks: Season) -> None:
    staying, leaving = (
        simulated(weeks, policies.per_query, SeasonRules(ending=ending), repeat=1) for ending in (0.0, 1.0)
    )
    assert staying[0].matches == leaving[0].matches > 0
    jobs = [week.n_jobs for week in leaving]
    assert jobs[1] < staying[1].n_jobs
    gone = set(leaving[0].candidates[leaving[0].answered > 0]) - set(leaving[1].candidates)
    assert 0 < len(gone) <= leaving[0].matches + np.count_nonzero(~weeks.active[1, leaving[0].candidates])
    assert len(leaving[-1].candidates) < len(staying[-1].candidates)


def test_draws_are_the_same_for_every_policy_and_differ_between_repeats(weeks: Season) -> None:
    def matches(repeat: int, policy: policies.Policy = policies.per_query) -> list[int]:
        return [week.matches for week in simulated(weeks, policy, SeasonRules(), repeat=repeat)]

    assert matches(0) == matches(0) == matches(0, policies.policy("caps", 10_000))
    assert matches(0) != matches(1)


def _results(weeks: Season) -> dict[str, PolicyResult]:
    rng = np.random.default_rng(0)
    anyone = rng.random(weeks.company.shape, dtype=np.float32)
    best = match(weeks)
    rankers = {
        "chance": Ranker(anyone, policies.per_query),
        "truth": Ranker(best, policies.per_query),
        "caps": Ranker(best, policies.policy("caps", 2)),
        "prices": Ranker(best, policies.policy("transferable_utility", 4)),
        "answered": Ranker(best, policies.per_query, all_answered=True),
    }
    messages: list[str] = []
    found = compare(weeks, rankers, SeasonRules(), repeats=8, reference="truth", progress=messages.append)
    assert messages[-1] == "policy 5 of 5"
    return {one.policy: one for one in found}


def test_the_comparison_distinguishes_policies(crowded: Season) -> None:
    found = _results(crowded)
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
