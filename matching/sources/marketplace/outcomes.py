"""Outcomes: who looked, who said yes, and how long each answer took."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from matching.arrays import Array
from matching.data.tables import Direction
from matching.sources.marketplace.config import MarketplaceConfig
from matching.sources.marketplace.exposure import Impressions, propensity
from matching.sources.marketplace.population import Population
from matching.sources.marketplace.randomness import generator
from matching.sources.marketplace.truth import Sides, Tastes, pair_probability

HOUR = 3600.0
DAY = 24 * HOUR
DECLINES = 0.7
"""Share of the candidates who do not accept and say so; the others never answer."""
INTERVIEWS = 0.7
"""Share of the accepted outreaches that lead to an interview."""
HIRES = 0.22
"""Share of the interviews that lead to a hire."""


@dataclass(frozen=True)
class Delay:
    """A log-normal delay cut at its longest. Seconds."""

    median: float
    spread: float
    longest: float

    def draw(self, uniform: Array) -> Array:
        """Turn uniform numbers into delays."""
        cut = ndtr(np.log(self.longest / self.median) / self.spread)
        return np.asarray(self.median * np.exp(self.spread * ndtri(uniform * cut)))


OUTREACH_DELAY = Delay(8 * HOUR, 1.0, 3 * DAY)
ANSWER_DELAY = Delay(2 * DAY, 0.8, 10 * DAY)
INTERVIEW_DELAY = Delay(6 * DAY, 0.5, 28 * DAY)
HIRE_DELAY = Delay(16 * DAY, 0.5, 84 * DAY)


@dataclass(frozen=True)
class Outcomes:
    """What followed each impression; arrays of shape (n,), times in seconds from the start of the log.

    `answers_at` is infinite where no answer comes.
    """

    looked: Array
    outreach: Array
    accept: Array
    interview: Array
    hire: Array
    outreach_at: Array
    answers_at: Array
    interview_at: Array
    hire_at: Array


def rows_of(population: Population, shown: Impressions) -> tuple[Array, Array]:
    """Rows of the profile versions valid when they were shown, and of the jobs."""
    weeks = shown.seconds / (7 * DAY)
    return population.version(shown.candidate, weeks), shown.job


@dataclass(frozen=True)
class World:
    """What decides outcomes: both sides with their hidden parts, their tastes, and the seed of chance."""

    sides: Sides
    tastes: Tastes
    seed: int


def draw(world: World, rows: tuple[Array, Array], shown: Impressions, looked: Array) -> Outcomes:
    """Draw what follows the impressions that were looked at; chance is the same whatever the tastes.

    Args:
        world: what decides.
        rows: rows of the candidates and jobs in the world's tables, each of shape (n,).
        shown: the impressions.
        looked: shape (n,), which of them were looked at.
    """
    rng = generator(world.seed, "outcomes", shown.week)
    chance = rng.random((9, len(shown)))
    yes = {d: np.zeros(len(shown), dtype=bool) for d in Direction}
    asked = looked
    for row, direction in enumerate((Direction.COMPANY, Direction.CANDIDATE)):
        at = np.flatnonzero(asked)
        pairs = (rows[0][at], rows[1][at])
        yes[direction][at] = chance[row, at] < pair_probability(
            world.sides, world.tastes, direction, pairs, hidden=True
        )
        asked = yes[direction]
    accept = yes[Direction.CANDIDATE]
    interview = accept & (chance[3] < INTERVIEWS)
    outreach_at = shown.seconds + OUTREACH_DELAY.draw(chance[5])
    answers = accept | (chance[2] < DECLINES)
    answers_at = np.where(answers, outreach_at + ANSWER_DELAY.draw(chance[6]), np.inf)
    interview_at = answers_at + INTERVIEW_DELAY.draw(chance[7])
    return Outcomes(
        looked=looked,
        outreach=yes[Direction.COMPANY],
        accept=accept,
        interview=interview,
        hire=interview & (chance[4] < HIRES),
        outreach_at=outreach_at,
        answers_at=answers_at,
        interview_at=interview_at,
        hire_at=interview_at + HIRE_DELAY.draw(chance[8]),
    )


def looked_at(shown: Impressions, config: MarketplaceConfig, seed: int) -> Array:
    """Whether the recruiter looked at each impression: a coin of its position's propensity."""
    rng = generator(seed, "looks", shown.week)
    return np.asarray(rng.random(len(shown)) < propensity(shown.position, config))
