"""How ranking policies compare over the same season: matches, outreach, congestion and exposure a week."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from matching.arrays import Array, Floats32
from matching.data.progress import Progress
from matching.market import congestion
from matching.market.policies import Policy
from matching.sources.marketplace.season import Season, SeasonRules, Week, play

CONFIDENCE = 0.95
ANY_NUMBER = 1_000_000


@dataclass(frozen=True)
class Contestant:
    """What ranks: scores of shape (n_jobs, n_candidates), and the policy that makes lists of them.

    `all_answered` lifts the limit on answers: what the same lists would bring without congestion.
    """

    score: Floats32
    policy: Policy
    all_answered: bool = False


@dataclass(frozen=True)
class Interval:
    """A mean over repeats with its 95 % interval (Student's t); it covers chance in one market, not other markets."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Array) -> "Interval":
        """Interval of the mean of values of shape (n_repeats,); NaN bounds for fewer than two."""
        mean = float(np.mean(values))
        if len(values) < 2:
            return cls(mean, float("nan"), float("nan"))
        half = float(student.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
        return cls(mean, mean - half, mean + half)


@dataclass(frozen=True)
class Standing:
    """What one policy reached; every figure is a mean over weeks and repeats.

    Attributes:
        policy: name of the contestant.
        matches: pairs in which both said yes, a week.
        gain: matches a week more than the reference, on the same draws of chance.
        outreach: outreaches a week.
        lost: share of the outreaches beyond what their candidates answer.
        top_10: share of the outreaches that go to the ten candidates with most.
        top_percent: share of the outreaches that go to the 1 % of candidates with most.
        gini: Gini coefficient of the lists the active candidates stand in.
        coverage: share of the active candidates who stand in any list.
        longest: most lists that one candidate stood in.
        jobs: jobs that searched, a week.
        candidates: candidates who were active, a week.
        exposure: lists of each candidate of the first week, of all repeats; for the Lorenz curve.
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
    market: Season,
    contestants: Mapping[str, Contestant],
    rules: SeasonRules,
    *,
    repeats: int,
    reference: str,
    progress: Progress = lambda _: None,
) -> list[Standing]:
    """Play the season with every contestant, on the same draws of chance.

    Args:
        market: who can meet, and the truth.
        contestants: by name.
        rules: how a season is played.
        repeats: draws of chance.
        reference: name of the contestant that gains are counted from.
        progress: told after each contestant.
    """
    played: dict[str, list[list[Week]]] = {}
    played_by: dict[str, SeasonRules] = {}
    for number, (name, one) in enumerate(contestants.items(), start=1):
        own = replace(rules, answers_per_week=ANY_NUMBER) if one.all_answered else rules
        played_by[name] = own
        played[name] = [play(market, one.score, one.policy, own, repeat=repeat) for repeat in range(repeats)]
        progress(f"policy {number} of {len(contestants)}")
    base = _matches(played[reference])
    return [_standing(name, weeks, base, played_by[name]) for name, weeks in played.items()]


def _matches(repeats: list[list[Week]]) -> Array:
    """Matches a week of each repeat, shape (n_repeats,)."""
    return np.array([np.mean([week.matches for week in weeks]) for weeks in repeats])


def _standing(name: str, repeats: list[list[Week]], base: Array, rules: SeasonRules) -> Standing:
    weeks = [week for repeat in repeats for week in repeat]

    def mean(figure: Callable[[Week], float]) -> float:
        values = np.array([figure(week) for week in weeks])
        return float(np.mean(values[np.isfinite(values)])) if np.isfinite(values).any() else float("nan")

    matches = _matches(repeats)
    return Standing(
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
        candidates=mean(lambda week: float(len(week.here))),
        exposure=np.concatenate([repeat[0].shown for repeat in repeats]),
    )
