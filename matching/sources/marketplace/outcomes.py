"""Outcomes: which impressions are examined, who says yes, and how long each answer takes."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from matching.arrays import Array
from matching.data.tables import Direction
from matching.sources.marketplace.config import MarketplaceConfig
from matching.sources.marketplace.population import Population
from matching.sources.marketplace.randomness import generator
from matching.sources.marketplace.searches import Impressions, propensity
from matching.sources.marketplace.truth import Sides, pair_probability
from matching.sources.marketplace.utilities import UtilityWeights

HOUR = 3600.0
DAY = 24 * HOUR
DECLINES = 0.7
"""Share of the candidates without an accept who decline; the others never answer."""
INTERVIEWS = 0.7
"""Share of the accepted outreaches that lead to an interview."""
HIRES = 0.22
"""Share of the interviews that lead to a hire."""


@dataclass(frozen=True)
class Delay:
    """A log-normal delay in seconds, truncated at `longest`."""

    median: float
    spread: float
    longest: float

    def draw(self, uniform: Array) -> Array:
        """Return the delays for uniform numbers from 0 to 1."""
        cut = ndtr(np.log(self.longest / self.median) / self.spread)
        return np.asarray(self.median * np.exp(self.spread * ndtri(uniform * cut)))


OUTREACH_DELAY = Delay(8 * HOUR, 1.0, 3 * DAY)
ANSWER_DELAY = Delay(2 * DAY, 0.8, 10 * DAY)
INTERVIEW_DELAY = Delay(6 * DAY, 0.5, 28 * DAY)
HIRE_DELAY = Delay(16 * DAY, 0.5, 84 * DAY)


@dataclass(frozen=True)
class Outcomes:
    """What followed each impression; arrays of shape (n,), times in seconds from the start of the log.

    `answered_at` is infinite for an outreach that is never answered.
    """

    examined: Array
    outreach: Array
    accept: Array
    interview: Array
    hire: Array
    outreach_at: Array
    answered_at: Array
    interview_at: Array
    hire_at: Array


def rows_of(population: Population, shown: Impressions) -> tuple[Array, Array]:
    """Return the rows of the profile versions that were valid when shown, and of the jobs."""
    weeks = shown.seconds / (7 * DAY)
    return population.version(shown.candidate, weeks), shown.job


@dataclass(frozen=True)
class World:
    """What decides outcomes: both sides with their hidden preferences, their weights, and the seed of the draws."""

    sides: Sides
    weights: UtilityWeights
    seed: int


def draw(world: World, rows: tuple[Array, Array], shown: Impressions, examined: Array) -> Outcomes:
    """Draw what follows the examined impressions; the random numbers do not depend on the weights.

    Args:
        world: what decides outcomes.
        rows: rows of the candidates and of the jobs in the tables of `world`, shape (n,) each.
        shown: the impressions.
        examined: shape (n,), whether each of them is examined.
    """
    rng = generator(world.seed, "outcomes", shown.week)
    drawn = rng.random((9, len(shown)))
    yes = {d: np.zeros(len(shown), dtype=bool) for d in Direction}
    decides = examined
    for row, direction in enumerate((Direction.COMPANY, Direction.CANDIDATE)):
        at = np.flatnonzero(decides)
        pairs = (rows[0][at], rows[1][at])
        yes[direction][at] = drawn[row, at] < pair_probability(
            world.sides, world.weights, direction, pairs, hidden=True
        )
        decides = yes[direction]
    accept = yes[Direction.CANDIDATE]
    interview = accept & (drawn[3] < INTERVIEWS)
    outreach_at = shown.seconds + OUTREACH_DELAY.draw(drawn[5])
    is_answered = accept | (drawn[2] < DECLINES)
    answered_at = np.where(is_answered, outreach_at + ANSWER_DELAY.draw(drawn[6]), np.inf)
    interview_at = answered_at + INTERVIEW_DELAY.draw(drawn[7])
    return Outcomes(
        examined=examined,
        outreach=yes[Direction.COMPANY],
        accept=accept,
        interview=interview,
        hire=interview & (drawn[4] < HIRES),
        outreach_at=outreach_at,
        answered_at=answered_at,
        interview_at=interview_at,
        hire_at=interview_at + HIRE_DELAY.draw(drawn[8]),
    )


def draw_examined(shown: Impressions, config: MarketplaceConfig, seed: int) -> Array:
    """Draw whether each impression is examined, with the propensity of its position."""
    rng = generator(seed, "looks", shown.week)
    return np.asarray(rng.random(len(shown)) < propensity(shown.position, config))
