"""Advice: the few changes that raise the expected number of mutual matches the most, each with its interval.

Expected matches of a profile: if everybody in the pool looked at it once, the sum over the pool of the probability that
both sides say yes. A change's effect is the difference between the profile after and before, over the same pool. A
simulator can tell the true one: the same sum with its own probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from matching.advice.changes import Change, candidate_changes, job_changes
from matching.advice.effects import LEVEL, Guess, Spreads
from matching.arrays import Floats, Rows
from matching.data.dataset import Pairs, Truth
from matching.data.tables import CandidateProfile, Direction, JobProfile, polars_schema
from matching.features.encoding import Encoded
from matching.model.match_model import MatchModel
from matching.rules.hard_limits import eligible

Profile = CandidateProfile | JobProfile

MAX_POOL = 1_000
"""Profiles of the other side that are looked at; of more, as many are taken at even distances."""


@dataclass(frozen=True)
class Counterparts:
    """The other side: its profiles, encoded by the model, and the rows that are looked at."""

    table: pl.DataFrame
    encoded: Encoded
    rows: Rows

    @classmethod
    def of(cls, table: pl.DataFrame, encoded: Encoded) -> "Counterparts":
        """Look at all profiles, or at `MAX_POOL` of them at even distances: the best ones would hide what changes."""
        count = min(table.height, MAX_POOL)
        return cls(table, encoded, np.arange(count) * table.height // max(count, 1))

    @property
    def looked_at(self) -> pl.DataFrame:
        """Profiles of the rows."""
        return self.table[self.rows]


@dataclass(frozen=True)
class Expectation:
    """A number of matches with the ends of its interval."""

    matches: float
    low: float
    high: float


@dataclass(frozen=True)
class Advised:
    """A change with its expected effect, and both in words."""

    change: Change
    effect: Expectation
    words: str


@dataclass(frozen=True)
class Advice:
    """What was found.

    Attributes:
        now: expected matches of the profile as it is.
        best: changes that are expected to help, best first; of changes that exclude each other only the best.
        tried: every change with its effect, in a fixed order.
        pool_size: profiles of the other side that were looked at.
        basis: where the intervals were measured, see `Spreads`.
    """

    now: Expectation
    best: list[Advised]
    tried: list[Advised]
    pool_size: int
    basis: str


def advise(model: MatchModel, profile: Profile, pool: Counterparts, spreads: Spreads, *, limit: int) -> Advice:
    """Advise a candidate against a pool of jobs, or a company about a job against a pool of candidates.

    Args:
        model: scores the profile as it is and after each change.
        profile: whom to advise.
        pool: the other side, not empty.
        spreads: turns the model's guesses into promises with intervals.
        limit: changes to return at most.
    """
    changes, before, after = guesses(model, profile, pool)
    side, others = ("candidate", "open job") if isinstance(profile, CandidateProfile) else ("job", "candidate")
    effects = _promised(spreads, [f"{side} {change.kind}" for change in changes], Guess.of(before, after))
    size = len(pool.rows)
    tried = [
        Advised(change, effect, _in_words(change, effect, f"{size:,} {others}{'s' if size > 1 else ''}"))
        for change, effect in zip(changes, effects, strict=True)
    ]
    level = Guess.of(np.zeros_like(before), before[None])
    (now,) = _promised(spreads, [f"{side} {LEVEL}"], level, least=0.0)
    return Advice(now, _best(tried, limit), tried, size, spreads.basis)


def guesses(model: MatchModel, profile: Profile, pool: Counterparts) -> tuple[list[Change], Floats, Floats]:
    """Return changes of a profile and match probabilities before, (n_pool,), and after, (n_changes, n_pool)."""
    before = _matches(model, [profile], pool)[0]
    if isinstance(profile, CandidateProfile):
        changes = candidate_changes(profile, pool.looked_at, before)
    else:
        changes = job_changes(profile)
    return changes, before, _matches(model, [change.profile for change in changes], pool)


def true_effects(truth: Truth, profile: Profile, changes: Sequence[Change], others: pl.DataFrame) -> Floats:
    """Return true expected matches of a profile, and then the true effect of each change, shape (1 + n_changes,)."""
    mine = _table([profile, *(change.profile for change in changes)])
    rows, columns = _grid(mine.height, np.arange(others.height))
    if isinstance(profile, CandidateProfile):
        pairs = Pairs(mine, others, rows, columns)
    else:
        pairs = Pairs(others, mine, columns, rows)
    both = truth.probability(Direction.COMPANY, pairs) * truth.probability(Direction.CANDIDATE, pairs)
    matches = both.reshape(mine.height, -1).sum(axis=1)
    return np.concatenate([matches[:1], matches[1:] - matches[0]])


def measure_spreads(
    model: MatchModel,
    candidates: pl.DataFrame,
    jobs: pl.DataFrame,
    truth: Truth,
    *,
    seed: int,
    people: int = 80,
    pool: int = 150,
) -> Spreads:
    """Measure how far guessed effects are from the true ones, on drawn candidates and drawn jobs.

    Args:
        model: the model whose advice it will be.
        candidates: newest versions before the end of the training slice, schema of `Candidate`.
        jobs: likewise, schema of `Job`.
        truth: the simulator's own probabilities.
        seed: seed of the draw.
        people: candidates, and as many jobs, whose changes are measured.
        pool: profiles of the other side, drawn anew for each.
    """
    rng = np.random.default_rng(seed)
    kinds: list[str] = []
    guessed: list[Guess] = []
    true: list[Floats] = []
    people_of: list[Rows] = []
    for side, table, others in (("candidate", candidates, jobs), ("job", jobs, candidates)):
        everybody, encoded = _encoded(model, _drawn(others, MAX_POOL, rng))
        for profile in read_profiles(_drawn(table, people, rng)):
            seen = Counterparts(everybody, encoded, _rows_drawn(everybody, pool, rng))
            changes, before, after = guesses(model, profile, seen)
            kinds += [f"{side} {kind}" for kind in (LEVEL, *(change.kind for change in changes))]
            guessed += [Guess.of(np.zeros_like(before), before[None]), Guess.of(before, after)]
            true.append(true_effects(truth, profile, changes, seen.looked_at))
            people_of.append(np.full(len(changes) + 1, len(people_of)))
    return Spreads.fit(kinds, Guess.joined(guessed), np.concatenate(true), np.concatenate(people_of))


def read_profiles(table: pl.DataFrame) -> list[Profile]:
    """Rows of `Candidate` or `Job` as profiles, without other columns."""
    record = CandidateProfile if "candidate_id" in table.columns else JobProfile
    return [record.model_validate(row) for row in table.select(polars_schema(record).names()).to_dicts()]


def _drawn(table: pl.DataFrame, count: int, rng: np.random.Generator) -> pl.DataFrame:
    return table[_rows_drawn(table, count, rng)]


def _rows_drawn(table: pl.DataFrame, count: int, rng: np.random.Generator) -> Rows:
    return np.asarray(np.sort(rng.choice(table.height, min(count, table.height), replace=False)))


def _encoded(model: MatchModel, table: pl.DataFrame) -> tuple[pl.DataFrame, Encoded]:
    encode = model.encode_candidates if "candidate_id" in table.columns else model.encode_jobs
    return table, encode(table)


def _matches(model: MatchModel, profiles: Sequence[Profile], pool: Counterparts) -> Floats:
    """Match probabilities, 0 where a hard limit rules a pair out, shape (n_profiles, n_pool)."""
    if not profiles:
        return np.empty((0, len(pool.rows)))
    table, mine = _encoded(model, _table(profiles))
    rows, columns = _grid(table.height, pool.rows)
    if isinstance(profiles[0], CandidateProfile):
        scores = model.score_encoded(mine, pool.encoded, rows, columns)
        allowed = eligible(Pairs(table, pool.table, rows, columns))
    else:
        scores = model.score_encoded(pool.encoded, mine, columns, rows)
        allowed = eligible(Pairs(pool.table, table, columns, rows))
    return (scores.match.astype(np.float64) * allowed).reshape(table.height, -1)


def _table(profiles: Sequence[Profile]) -> pl.DataFrame:
    rows = [profile.model_dump() for profile in profiles]
    return pl.DataFrame(rows, schema=polars_schema(type(profiles[0])), orient="row")


def _grid(count: int, columns: Rows) -> tuple[Rows, Rows]:
    """Every row with every column, row by row."""
    return np.repeat(np.arange(count), len(columns)), np.tile(columns, count)


def _promised(spreads: Spreads, kinds: list[str], guess: Guess, least: float = -np.inf) -> list[Expectation]:
    """Expected true effect of each guess, in order."""
    promised = []
    for place, kind in enumerate(kinds):
        ends = (float(values[0]) for values in spreads.of(kind).promise(guess.take(place)))
        promised.append(Expectation(*(max(value, least) for value in ends)))
    return promised


def _best(tried: list[Advised], limit: int) -> list[Advised]:
    """Changes that are expected to help, the best of each choice."""
    best: dict[str, Advised] = {}
    for one in sorted(tried, key=lambda one: -one.effect.matches):
        if one.effect.matches > 0:
            best.setdefault(one.change.choice, one)
    return list(best.values())[:limit]


def _in_words(change: Change, effect: Expectation, pool: str) -> str:
    """Say an effect as `Adding Go: +1.8 expected matches (0.9 to 2.6) among 312 open jobs; only if ...`."""
    numbers = f"{effect.matches:+.2f} expected matches ({effect.low:.2f} to {effect.high:.2f})"
    return f"{change.words}: {numbers} among {pool}; {change.condition}"
