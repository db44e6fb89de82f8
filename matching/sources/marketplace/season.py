"""A season: the weeks after the log, simulated with any ranking policy, to count the matches that it brings.

Rules. Every week each open job gets one list of active candidates who were never shown for it before. The recruiter
examines position k with the propensity of the log, and reaches out with the true company probability. A candidate
answers at most `answers_per_week` outreaches a week, the ones with the highest true candidate probability, and accepts
with that probability. The other outreaches are lost: this is the cost of congestion. An accept is a match. A match ends
both searches with probability `ending`; candidate and job then leave at the end of the week. Everybody else stays for
the lifetime in the log. Profiles are those of the first week in which somebody is present.

Random numbers are drawn per pair and repeat, the same for all policies, so results differ only by policy.
"""

from dataclasses import dataclass

import numpy as np

from matching.arrays import Array, Booleans, Floats32
from matching.data.dataset import Pairs
from matching.data.tables import Direction
from matching.market.policies import Lists, Policy
from matching.sources.marketplace.config import MarketplaceConfig
from matching.sources.marketplace.outcomes import HIRES, INTERVIEWS
from matching.sources.marketplace.population import populate
from matching.sources.marketplace.randomness import generator
from matching.sources.marketplace.searches import propensity
from matching.sources.marketplace.truth import MarketplaceTruth


@dataclass(frozen=True)
class SeasonRules:
    """The rules of a season.

    Attributes:
        list_length: candidates in a job's weekly list.
        answers_per_week: outreaches that a candidate answers in a week.
        ending: probability that a match ends both searches; by default, the share of accepts that lead to a hire.
    """

    list_length: int = 10
    answers_per_week: int = 1
    ending: float = INTERVIEWS * HIRES


@dataclass(frozen=True)
class Season:
    """Who can meet in the weeks of a season, and the truth about every such pair; no policy changes any of it.

    Attributes:
        config: the marketplace.
        seed: seed of the marketplace.
        pairs: every pair in which both are present in some week.
        open: shape (n_weeks, n_jobs), whether a job is open.
        active: shape (n_weeks, n_candidates), whether a candidate is active.
        company: float32, shape (n_jobs, n_candidates), true probability of an outreach to an examined candidate; NaN
            for a pair that cannot meet.
        candidate: likewise, true probability that an outreach is accepted.
    """

    config: MarketplaceConfig
    seed: int
    pairs: Pairs
    open: Booleans
    active: Booleans
    company: Floats32
    candidate: Floats32

    @property
    def n_weeks(self) -> int:
        """Number of weeks."""
        return len(self.open)

    def matrix(self, values: Array) -> Floats32:
        """Return one value per pair as a matrix, shape (n_jobs, n_candidates), NaN for a pair that cannot meet."""
        result = np.full((self.pairs.jobs.height, self.pairs.candidates.height), np.nan, dtype=np.float32)
        result[self.pairs.job_rows, self.pairs.candidate_rows] = values
        return result


@dataclass(frozen=True)
class Week:
    """What happened in one week; arrays have one entry per active candidate.

    Attributes:
        candidates: rows of the active candidates.
        shown: lists that each candidate was in.
        outreach: outreaches that each candidate got.
        answered: outreaches that each candidate answered.
        matches: number of pairs in which both sides said yes.
        n_jobs: number of jobs that searched.
    """

    candidates: Array
    shown: Array
    outreach: Array
    answered: Array
    matches: int
    n_jobs: int


def draw_season(config: MarketplaceConfig, *, seed: int, weeks: int, crowding: int = 1) -> Season:
    """Draw who can meet in the weeks after the log of (config, seed).

    Args:
        config: the marketplace whose log came before.
        seed: seed of that log.
        weeks: number of weeks.
        crowding: keep only one candidate in this many, for a market with more jobs per candidate.
    """
    first = config.weeks
    everyone = populate(config, seed, first + weeks, lambda _: None)
    times = range(first, first + weeks)
    is_open = _presence([everyone.job_lifetimes.present(week) for week in times], everyone.jobs.height)
    is_active = _presence([everyone.candidate_lifetimes.present(week) for week in times], everyone.protected.height)
    jobs = np.flatnonzero(is_open.any(axis=0))
    people = np.flatnonzero(is_active.any(axis=0))[::crowding]
    versions = everyone.version(people, first + is_active[:, people].argmax(axis=0))
    is_open, is_active = is_open[:, jobs], is_active[:, people]
    meeting = (is_open.T.astype(np.float32) @ is_active.astype(np.float32)) > 0
    job_rows, candidate_rows = np.nonzero(meeting)
    pairs = Pairs(everyone.candidates[versions], everyone.jobs[jobs], candidate_rows, job_rows)
    empty = Season(config, seed, pairs, is_open, is_active, np.empty(0, np.float32), np.empty(0, np.float32))
    truth = MarketplaceTruth(seed)
    company, candidate = (empty.matrix(truth.probability(d, pairs)) for d in (Direction.COMPANY, Direction.CANDIDATE))
    return Season(config, seed, pairs, is_open, is_active, company, candidate)


def _presence(numbers: list[Array], count: int) -> Booleans:
    present = np.zeros((len(numbers), count), dtype=bool)
    for week, rows in enumerate(numbers):
        present[week, rows] = True
    return present


def simulate_season(season: Season, score: Floats32, policy: Policy, rules: SeasonRules, *, repeat: int) -> list[Week]:
    """Simulate all weeks once.

    Args:
        season: who can meet, and the truth.
        score: shape (n_jobs, n_candidates), what the policy ranks by.
        policy: returns the lists of one week for the scores of the jobs and candidates in it.
        rules: the rules of the season.
        repeat: number of the random draw.
    """
    drawn = generator(season.seed, "season", repeat).random((4, *season.company.shape), dtype=np.float32)
    free = np.isfinite(season.company)  # pairs that can still be shown: not shown before, and neither side has left
    weeks = []
    for week in range(season.n_weeks):
        jobs = np.flatnonzero(season.open[week] & free.any(axis=1))
        present = np.flatnonzero(season.active[week] & free.any(axis=0))
        block = np.ix_(jobs, present)
        lists = policy(np.where(free[block], score[block], np.nan), rules.list_length)
        rows = _flat(lists, jobs, present)
        free[rows[:2]] = False
        weeks.append(_answers(season, rows, drawn, rules, present=present, n_jobs=len(jobs), free=free))
    return weeks


def _flat(lists: Lists, jobs: Array, present: Array) -> tuple[Array, Array, Array]:
    """Return the rows of jobs and candidates of all lists, with positions from 1."""
    lengths = np.array([len(row) for row in lists], dtype=np.int64)
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    people = present[np.concatenate(lists)] if len(lists) else np.zeros(0, dtype=np.int64)
    return np.repeat(jobs, lengths), people, np.arange(lengths.sum()) - starts + 1


def _answers(
    season: Season,
    rows: tuple[Array, Array, Array],
    drawn: Array,
    rules: SeasonRules,
    *,
    present: Array,
    n_jobs: int,
    free: Booleans,
) -> Week:
    """Draw what recruiters examine and candidates answer, and remove those whose search ends from `free`."""
    job, person, position = rows
    examined = drawn[0, job, person] < propensity(position, season.config)
    reached = examined & (drawn[1, job, person] < season.company[job, person])
    job, invited = job[reached], person[reached]
    accepts = season.candidate[job, invited]
    is_answered = _best_of_each(invited, accepts, rules.answers_per_week)
    matched = is_answered & (drawn[2, job, invited] < accepts)
    ends = matched & (drawn[3, job, invited] < rules.ending)
    free[job[ends]] = False
    free[:, invited[ends]] = False

    def count(people: Array) -> Array:
        return np.bincount(people, minlength=season.company.shape[1])[present]

    return Week(present, count(person), count(invited), count(invited[is_answered]), int(matched.sum()), n_jobs)


def _best_of_each(owner: Array, value: Array, number: int) -> Booleans:
    """Whether each value is among the `number` largest of its owner."""
    order = np.lexsort((-value, owner))
    starts = np.flatnonzero(np.r_[True, np.diff(owner[order]) != 0])[: len(owner)]
    lengths = np.diff(np.r_[starts, len(owner)])
    marked = np.zeros(len(owner), dtype=bool)
    marked[order] = np.arange(len(owner)) - np.repeat(starts, lengths) < number
    return marked
