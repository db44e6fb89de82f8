"""Comparison of ranking policies over the same season: matches, outreach, congestion and exposure per week."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from matching.arrays import Array, Floats32
from matching.data.progress import Progress
from matching.market import congestion
from matching.market.policies import Policy
from matching.sources.marketplace.season import Season, SeasonRules, Week, simulate_season

CONFIDENCE = 0.95
ANY_NUMBER = 1_000_000


@dataclass(frozen=True)
class Ranker:
    """What ranks in a season.

    Attributes:
        score: shape (n_jobs, n_candidates).
        policy: returns lists for scores.
        all_answered: whether candidates answer every outreach, which shows the same lists without congestion.
    """

    score: Floats32
    policy: Policy
    all_answered: bool = False


@dataclass(frozen=True)
class Interval:
    """A mean over repeats with its 95 % interval (Student's t); it covers draws in one market, not other markets."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Array) -> "Interval":
        """Return the interval of values of shape (n_repeats,); its ends are NaN for fewer than two."""
        mean = float(np.mean(values))
        if len(values) < 2:
            return cls(mean, float("nan"), float("nan"))
        half = float(student.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
        return cls(mean, mean - half, mean + half)


@dataclass(frozen=True)
class PolicyResult:
    """What one ranker brings; every figure is a mean over weeks and repeats unless noted.

    Attributes:
        policy: name of the ranker.
        matches: pairs per week in which both sides said yes.
        gain: matches per week minus those of the reference, on the same random draws.
        outreach: outreaches per week.
        lost: share of the outreaches that their candidates cannot answer.
        top_10: share of the outreaches that go to the ten candidates with the most.
        top_percent: share of the outreaches that go to the 1 % of candidates with the most.
        gini: Gini coefficient of the number of lists per active candidate.
        coverage: share of the active candidates who are in any list.
        longest: largest number of lists that one candidate was in, over all weeks and repeats.
        jobs: jobs per week that searched.
        candidates: active candidates per week.
        exposure: lists per candidate in the first week of all repeats, for the Lorenz curve.
    """

    policy: str
    matches: Interval
    gain: Interval
    outreach: float
    lost: float
    top_10: float
    top_percent: float
    gini: float
    coverage: float
    longest: int
    jobs: float
    candidates: float
    exposure: Array


def compare(
    season: Season,
    rankers: Mapping[str, Ranker],
    rules: SeasonRules,
    *,
    repeats: int,
    reference: str,
    progress: Progress = lambda _: None,
) -> list[PolicyResult]:
    """Simulate the season with every ranker, on the same random draws.

    Args:
        season: who can meet, and the truth.
        rankers: rankers by name.
        rules: the rules of the season.
        repeats: number of random draws.
        reference: name of the ranker that gains are measured against.
        progress: called after each ranker.
    """
    weeks_of: dict[str, list[list[Week]]] = {}
    rules_of: dict[str, SeasonRules] = {}
    for number, (name, one) in enumerate(rankers.items(), start=1):
        own = replace(rules, answers_per_week=ANY_NUMBER) if one.all_answered else rules
        rules_of[name] = own
        weeks_of[name] = [
            simulate_season(season, one.score, one.policy, own, repeat=repeat) for repeat in range(repeats)
        ]
        progress(f"policy {number} of {len(rankers)}")
    base = _matches(weeks_of[reference])
    return [_result(name, weeks, base, rules_of[name]) for name, weeks in weeks_of.items()]


def _matches(repeats: list[list[Week]]) -> Array:
    """Return the matches per week of each repeat, shape (n_repeats,)."""
    return np.array([np.mean([week.matches for week in weeks]) for weeks in repeats])


def _result(name: str, repeats: list[list[Week]], base: Array, rules: SeasonRules) -> PolicyResult:
    weeks = [week for repeat in repeats for week in repeat]

    def mean(figure: Callable[[Week], float]) -> float:
        values = np.array([figure(week) for week in weeks])
        return float(np.mean(values[np.isfinite(values)])) if np.isfinite(values).any() else float("nan")

    matches = _matches(repeats)
    return PolicyResult(
        policy=name,
        matches=Interval.of(matches),
        gain=Interval.of(matches - base),
        outreach=mean(lambda week: float(week.outreach.sum())),
        lost=mean(lambda week: congestion.overload(week.outreach, rules.answers_per_week)),
        top_10=mean(lambda week: congestion.top_share(week.outreach, 10)),
        top_percent=mean(lambda week: congestion.top_share(week.outreach, 0.01)),
        gini=mean(lambda week: congestion.gini(week.shown)),
        coverage=mean(lambda week: congestion.coverage(week.shown)),
        longest=max(int(week.shown.max(initial=0)) for week in weeks),
        jobs=mean(lambda week: float(week.n_jobs)),
        candidates=mean(lambda week: float(len(week.candidates))),
        exposure=np.concatenate([repeat[0].shown for repeat in repeats]),
    )
