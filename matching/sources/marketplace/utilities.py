"""Utilities: what each side sees in the other, in logits, from the facts of two profiles."""

from dataclasses import dataclass, field

import numpy as np

from matching.arrays import Array, Floats
from matching.data.tables import Direction
from matching.sources.marketplace import vocabulary as words
from matching.sources.marketplace.facts import QUARTERS, CandidateFacts, JobFacts
from matching.sources.marketplace.lookups import role_similarity

NOT_REQUIRED_COVERAGE = 0.6
"""Coverage if a job requires no known technology."""
FULL_DEPTH_YEARS = 6.0

_CONTINENT_OF_COUNTRY = np.array(
    [words.CONTINENTS.index(next(c.continent for c in words.CITIES if c.country == name)) for name in words.COUNTRIES]
)


@dataclass(frozen=True)
class CompanyWeights:
    """What companies look for in a candidate, in logits."""

    intercept: float = -2.45
    coverage: float = 0.4
    full_coverage: float = 0.5
    low_coverage: float = -0.6
    nice: float = 0.35
    depth_of_short: float = 1.7
    role: float = 0.9
    years_short: float = -0.35
    years_over: float = -0.12
    ready: float = 1.1
    bargain: float = 0.9
    salary_over: float = -2.4
    place: float = 0.6
    remote_refused: float = -0.6


@dataclass(frozen=True)
class CandidateWeights:
    """What candidates look for in a job, in logits."""

    intercept: float = -1.15
    wanted_role: float = 0.6
    role: float = 0.3
    stack: float = 0.9
    salary: float = 0.9
    salary_below: float = -0.6
    no_band: float = -0.2
    remote: float = 0.7
    place: float = 0.55
    size: float = 0.45
    industry: float = 0.45
    below_level: float = -0.6
    remote_and_stack: float = 1.0
    small_and_cheap: float = -0.7


@dataclass(frozen=True)
class PairFacts:
    """Facts of pairs: what a utility is computed from; arrays have shape (n_pairs,)."""

    candidates: CandidateFacts
    jobs: JobFacts
    candidate_rows: Array
    job_rows: Array

    def candidate(self, name: str) -> Array:
        """Return one fact of the candidate in each pair."""
        return np.asarray(getattr(self.candidates, name)[self.candidate_rows])

    def job(self, name: str) -> Array:
        """Return one fact of the job in each pair."""
        return np.asarray(getattr(self.jobs, name)[self.job_rows])

    def role_match(self) -> Array:
        """Return the similarity of the two role families, 0 to 1."""
        return np.asarray(role_similarity()[self.candidate("role"), self.job("role")])

    def coverage(self) -> tuple[Array, Array]:
        """Return the covered share of the required skills, weighted by rarity, and their use on a scale of 0 to 1."""
        weight = self.job("must_weight")
        quarters = self.candidates.skill_quarters[self.candidate_rows[:, None], self.job("must")]
        covered = (weight * (quarters > 0)).sum(axis=1)
        use = np.minimum(np.log1p(quarters / QUARTERS) / np.log1p(FULL_DEPTH_YEARS), 1.0)
        depth = (weight * use).sum(axis=1)
        return np.asarray(np.where(weight[:, 0] > 0, covered, NOT_REQUIRED_COVERAGE)), depth

    def nice(self) -> Array:
        """Return the share of the nice-to-have skills that the candidate has; 0 if the job has none."""
        codes = self.job("nice")
        is_known = codes >= 0
        has = is_known & (self.candidates.skill_quarters[self.candidate_rows[:, None], codes] > 0)
        return np.asarray(has.sum(axis=1) / np.maximum(is_known.sum(axis=1), 1))

    def years_apart(self) -> tuple[Array, Array]:
        """Return the years below the experience band and the years above it; 0 if the job has no band."""
        years = self.candidate("years")
        short = np.maximum(np.nan_to_num(self.job("min_years") - years), 0.0)
        return short, np.maximum(np.nan_to_num(years - self.job("max_years")), 0.0)

    def distance(self) -> Array:
        """Return how far home is from work: 0 same or wished city, 1 same country, 2 same continent, 3 farther."""
        home, work = self.candidate("country"), self.job("country")
        far = np.where(_CONTINENT_OF_COUNTRY[home] == _CONTINENT_OF_COUNTRY[work], 2, 3)
        unknown = (home < 0) | (work < 0)
        steps = np.where(unknown, 2, np.where(home == work, 1, far))
        city = self.job("city")
        wished = _has_bit(self.candidate("wish_cities"), city)
        return np.where(((self.candidate("city") == city) & (city >= 0)) | wished, 0, steps)

    def stack_share(self) -> tuple[Array, Array]:
        """Return the share of the wished technologies that the job uses, and whether the candidate wishes any."""
        wish, used = self.candidate("wish_stack"), self.job("stack")
        wished = np.bitwise_count(wish).sum(axis=1)
        return np.asarray(np.bitwise_count(wish & used).sum(axis=1) / np.maximum(wished, 1)), wished > 0


_COMPANY_PLACE = np.array(
    [[0.0, -1.4, -2.3, -2.9], [0.0, -0.9, -1.8, -2.5], [0.0, 0.0, -0.25, -0.9], [0.0, -0.8, -1.5, -2.0]]
)
"""By remote policy (onsite, hybrid, remote, missing) and distance."""
_CANDIDATE_PLACE = np.array(
    [[0.2, -1.2, -1.9, -2.3], [0.2, -0.7, -1.5, -2.0], [0.0, 0.1, 0.1, -0.3], [0.1, -0.6, -1.2, -1.6]]
)
"""By remote policy (onsite, hybrid, remote, missing) and distance."""
_REMOTE = np.array(
    [[0.4, 0.0, -1.8, 0.0, 0.0], [0.1, 0.4, -0.8, 0.0, 0.0], [-0.6, 0.0, 0.9, 0.2, 0.2], [0.0, 0.0, 0.0, 0.0, 0.0]]
)
"""By remote policy (onsite, hybrid, remote, missing) and remote wish (onsite, hybrid, remote, any, missing)."""


def company_utility(pairs: PairFacts, weights: CompanyWeights) -> Floats:
    """Return what the company sees in each candidate, in logits, shape (n_pairs,)."""
    coverage, depth = pairs.coverage()
    short, over = pairs.years_apart()
    gap = np.nan_to_num(pairs.candidate("log_salary") - pairs.job("log_max_salary"))
    policy = pairs.job("policy")
    refused = (pairs.candidate("remote_wish") == 2) & (policy == 0)
    value = weights.intercept + weights.coverage * coverage + weights.nice * pairs.nice()
    value = value + weights.full_coverage * (coverage > 0.99) + weights.low_coverage * (coverage < 0.4)
    value = value + weights.role * pairs.role_match() * (coverage >= 0.5)
    value = value + weights.ready * coverage * (short <= 0) * (over <= 4) + weights.depth_of_short * depth * (short > 0)
    value = value + weights.years_short * np.minimum(short, 5.0) + weights.years_over * np.minimum(over, 10.0)
    value = value + weights.salary_over * np.clip(gap, 0.0, 0.8) + weights.bargain * (over > 1) * (gap < -0.05)
    value = value + weights.place * _COMPANY_PLACE[policy, pairs.distance()] + weights.remote_refused * refused
    return np.asarray(value, dtype=np.float64)


def candidate_utility(pairs: PairFacts, weights: CandidateWeights) -> Floats:
    """Return what the candidate sees in each job, in logits, shape (n_pairs,)."""
    policy, band = pairs.job("policy"), pairs.job("log_max_salary")
    gap = np.nan_to_num(band - pairs.candidate("log_salary"))
    share, wished = pairs.stack_share()
    stack = np.where(wished, share, 0.35)
    years_over = pairs.years_apart()[1]
    remote, small = policy == 2, pairs.job("size") == 0
    value = weights.intercept + weights.wanted_role * _wish(pairs, "wish_roles", "role", 0.5)
    value = value + weights.role * pairs.role_match() + weights.stack * stack
    value = value + weights.salary * np.tanh(gap / 0.3) + weights.salary_below * (gap < -0.12)
    value = value + weights.no_band * np.isnan(band) + weights.below_level * (years_over > 2.0)
    value = value + weights.remote * _REMOTE[policy, pairs.candidate("remote_wish")]
    value = value + weights.place * _CANDIDATE_PLACE[policy, pairs.distance()]
    value = value + weights.size * _wish(pairs, "wish_sizes", "size", 0.0)
    value = value + weights.industry * _wish(pairs, "wish_industries", "industry", 0.0)
    value = value + weights.remote_and_stack * remote * stack * (gap > 0)
    return np.asarray(value + weights.small_and_cheap * small * (gap < 0.05), dtype=np.float64)


@dataclass(frozen=True)
class UtilityWeights:
    """What both sides look for."""

    company: CompanyWeights = field(default_factory=CompanyWeights)
    candidate: CandidateWeights = field(default_factory=CandidateWeights)

    def utility(self, direction: Direction, pairs: PairFacts) -> Floats:
        """Return what the deciding side of a direction sees in the other, in logits, shape (n_pairs,)."""
        if direction is Direction.COMPANY:
            return company_utility(pairs, self.company)
        return candidate_utility(pairs, self.candidate)


def _has_bit(masks: Array, codes: Array) -> Array:
    """Whether each mask contains its code."""
    shift = np.maximum(codes, 0).astype(np.uint64)
    return np.asarray(((masks >> shift) & np.uint64(1)).astype(bool) & (codes >= 0))


def _wish(pairs: PairFacts, wish: str, fact: str, neutral: float) -> Array:
    """Return 1 if the job is as wished, -0.4 if it is not, `neutral` without a wish, shape (n_pairs,)."""
    masks = pairs.candidate(wish)
    return np.where(masks == 0, neutral, np.where(_has_bit(masks, pairs.job(fact)), 1.0, -0.4))
