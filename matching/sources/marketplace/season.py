"""A season: the weeks after the log, played with a ranking policy of one's choice, to count what comes of it.

Rules. Every week each open job gets one list of candidates who are active and were never shown for it before. The
recruiter looks at position k with the log's propensity and reaches out with the true company probability. A candidate
answers at most `answers_per_week` outreaches a week, those liked best by the candidate's own true probability; the
others are lost, and this is what makes congestion cost something. A yes comes with that probability: a match. A match
ends both searches with probability `ending`; candidate and job then leave at the end of the week. Nobody else leaves
earlier or later than in the log's own lives, and profiles are those of the week in which somebody is first there.

Chance is drawn per pair and repeat, the same for all policies: what differs is what the policy did.
"""

from dataclasses import dataclass

import numpy as np

from matching.arrays import Array, Booleans, Floats32
from matching.data.dataset import Pairs
from matching.data.tables import Direction
from matching.market.policies import Lists, Policy
from matching.sources.marketplace.config import MarketplaceConfig
from matching.sources.marketplace.exposure import propensity
from matching.sources.marketplace.outcomes import HIRES, INTERVIEWS
from matching.sources.marketplace.population import populate
from matching.sources.marketplace.randomness import generator
from matching.sources.marketplace.truth import MarketplaceTruth


@dataclass(frozen=True)
class SeasonRules:
    """How a season is played.

    Attributes:
        list_length: candidates in a job's weekly list.
        answers_per_week: outreaches a candidate answers in a week.
        ending: probability that a match ends both searches; the log's share of accepts that are hired.
    """

    list_length: int = 10
    answers_per_week: int = 1
    ending: float = INTERVIEWS * HIRES


@dataclass(frozen=True)
class Season:
    """Who can meet in the weeks, and the truth about every pair that can; no policy changes any of it.

    Attributes:
        config: the marketplace.
        seed: seed of the marketplace.
        pairs: every pair whose lives overlap in some week, as rows of the two tables.
        open: shape (n_weeks, n_jobs), whether a job is open.
        active: shape (n_weeks, n_candidates), whether a candidate is active.
        company: float32, shape (n_jobs, n_candidates), true probability of an outreach after a look; NaN where a pair
            cannot meet.
        candidate: float32, likewise, true probability that an outreach is accepted.
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
        """One value per pair as a matrix, shape (n_jobs, n_candidates), NaN where a pair cannot meet."""
        result = np.full((self.pairs.jobs.height, self.pairs.candidates.height), np.nan, dtype=np.float32)
        result[self.pairs.job_rows, self.pairs.candidate_rows] = values
        return result


@dataclass(frozen=True)
class Week:
    """What came of one week. Arrays of shape (n_candidates,) hold those who were active, `here` their rows.

    Attributes:
        here: rows of the candidates.
        shown: lists each of them stood in.
        outreach: outreaches each of them got.
        answered: outreaches each of them answered.
        matches: pairs in which both said yes.
        n_jobs: jobs that searched.
    """

    here: Array
    shown: Array
    outreach: Array
    answered: Array
    matches: int
    n_jobs: int


def season(config: MarketplaceConfig, *, seed: int, weeks: int, crowding: int = 1) -> Season:
    """Draw who can meet in the weeks after the log of (config, seed).

    Args:
        config: the marketplace whose log came before.
        seed: seed of that log.
        weeks: how many.
        crowding: keep every so many-th candidate only, for a market in which jobs outnumber them.
    """
    first = config.weeks
    everyone = populate(config, seed, first + weeks, lambda _: None)
    times = range(first, first + weeks)
    opened = _presence([everyone.job_lives.present(week) for week in times], everyone.jobs.height)
    here = _presence([everyone.candidate_lives.present(week) for week in times], everyone.protected.height)
    jobs = np.flatnonzero(opened.any(axis=0))
    people = np.flatnonzero(here.any(axis=0))[::crowding]
    versions = everyone.version(people, first + here[:, people].argmax(axis=0))
    opened, here = opened[:, jobs], here[:, people]
    meeting = (opened.T.astype(np.float32) @ here.astype(np.float32)) > 0
    job_rows, candidate_rows = np.nonzero(meeting)
    pairs = Pairs(everyone.candidates[versions], everyone.jobs[jobs], candidate_rows, job_rows)
    empty = Season(config, seed, pairs, opened, here, np.empty(0, np.float32), np.empty(0, np.float32))
    truth = MarketplaceTruth(seed)
    company, candidate = (empty.matrix(truth.probability(d, pairs)) for d in (Direction.COMPANY, Direction.CANDIDATE))
    return Season(config, seed, pairs, opened, here, company, candidate)


def _presence(numbers: list[Array], count: int) -> Booleans:
    present = np.zeros((len(numbers), count), dtype=bool)
    for week, rows in enumerate(numbers):
        present[week, rows] = True
    return present


def play(market: Season, score: Floats32, policy: Policy, rules: SeasonRules, *, repeat: int) -> list[Week]:
    """Play all weeks once.

    Args:
        market: who can meet, and the truth.
        score: shape (n_jobs, n_candidates), what the policy ranks by.
        policy: makes the lists of one week from the scores of those who search in it.
        rules: how a season is played.
        repeat: which draw of chance.
    """
    chance = generator(market.seed, "season", repeat).random((4, *market.company.shape), dtype=np.float32)
    free = np.isfinite(market.company)  # may still be shown: not shown yet, and neither side has left
    weeks = []
    for week in range(market.n_weeks):
        jobs = np.flatnonzero(market.open[week] & free.any(axis=1))
        here = np.flatnonzero(market.active[week] & free.any(axis=0))
        block = np.ix_(jobs, here)
        lists = policy(np.where(free[block], score[block], np.nan), rules.list_length)
        rows = _flat(lists, jobs, here)
        free[rows[:2]] = False
        weeks.append(_answers(market, rows, chance, rules, here=here, n_jobs=len(jobs), free=free))
    return weeks


def _flat(lists: Lists, jobs: Array, here: Array) -> tuple[Array, Array, Array]:
    """Rows of the jobs and candidates of all lists, with positions from 1."""
    lengths = np.array([len(row) for row in lists], dtype=np.int64)
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    people = here[np.concatenate(lists)] if len(lists) else np.zeros(0, dtype=np.int64)
    return np.repeat(jobs, lengths), people, np.arange(lengths.sum()) - starts + 1


def _answers(
    market: Season,
    rows: tuple[Array, Array, Array],
    chance: Array,
    rules: SeasonRules,
    *,
    here: Array,
    n_jobs: int,
    free: Booleans,
) -> Week:
    """Let recruiters look and candidates answer; who is hired leaves `free`."""
    job, person, position = rows
    looked = chance[0, job, person] < propensity(position, market.config)
    asked = looked & (chance[1, job, person] < market.company[job, person])
    job, heard_by = job[asked], person[asked]
    likes = market.candidate[job, heard_by]
    heard = _best_of_each(heard_by, likes, rules.answers_per_week)
    yes = heard & (chance[2, job, heard_by] < likes)
    ends = yes & (chance[3, job, heard_by] < rules.ending)
    free[job[ends]] = False
    free[:, heard_by[ends]] = False

    def count(people: Array) -> Array:
        return np.bincount(people, minlength=market.company.shape[1])[here]

    return Week(here, count(person), count(heard_by), count(heard_by[heard]), int(yes.sum()), n_jobs)


def _best_of_each(owner: Array, value: Array, number: int) -> Booleans:
    """Mark the `number` largest values of each owner."""
    order = np.lexsort((-value, owner))
    starts = np.flatnonzero(np.r_[True, np.diff(owner[order]) != 0])[: len(owner)]
    lengths = np.diff(np.r_[starts, len(owner)])
    marked = np.zeros(len(owner), dtype=bool)
    marked[order] = np.arange(len(owner)) - np.repeat(starts, lengths) < number
    return marked
