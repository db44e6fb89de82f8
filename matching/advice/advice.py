"""Advice: the few changes of a profile that raise its expected matches the most, each with an interval.

The expected matches of a profile are the sum of match probabilities over a pool: the matches if everybody in the pool
examined it once. The gain of a change is this sum after the change minus the sum before, over the same pool. With the
probabilities of a simulator, the same sums give the true gain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from matching.advice.changes import Change, candidate_changes, job_changes
from matching.advice.gains import LEVEL, Guess, Spreads
from matching.arrays import Floats, Rows
from matching.data.dataset import Pairs, Truth
from matching.data.tables import CandidateProfile, Direction, JobProfile, polars_schema
from matching.model.match_model import MatchModel
from matching.rules.hard_limits import eligible

Profile = CandidateProfile | JobProfile

MAX_POOL = 1_000
"""Largest number of counterparts to compare; of a larger table, profiles at even distances are taken."""


@dataclass(frozen=True)
class Counterparts:
    """The profiles of the other side.

    Attributes:
        table: all profiles.
        encoded: the same, encoded by the model: only its feature set reads them.
        rows: rows of the profiles that are compared.
    """

    table: pl.DataFrame
    encoded: Any
    rows: Rows

    @classmethod
    def of(cls, table: pl.DataFrame, encoded: Any) -> "Counterparts":
        """Compare all profiles, or `MAX_POOL` of them at even distances: the best ones alone would hide gains."""
        count = min(table.height, MAX_POOL)
        return cls(table, encoded, np.arange(count) * table.height // max(count, 1))

    @property
    def compared(self) -> pl.DataFrame:
        """The profiles that are compared."""
        return self.table[self.rows]


@dataclass(frozen=True)
class Expectation:
    """A number of matches and the ends of its interval."""

    matches: float
    low: float
    high: float


@dataclass(frozen=True)
class Advised:
    """A change with its expected gain, and both in words."""

    change: Change
    gain: Expectation
    words: str


@dataclass(frozen=True)
class Advice:
    """The advice for one profile.

    Attributes:
        now: expected matches of the unchanged profile.
        best: changes with a positive expected gain, best first; of changes that exclude each other, only the best.
        tried: every change with its gain, in a fixed order.
        pool_size: number of counterparts compared.
        basis: where the intervals were measured, see `Spreads`.
    """

    now: Expectation
    best: list[Advised]
    tried: list[Advised]
    pool_size: int
    basis: str


def advise(model: MatchModel, profile: Profile, pool: Counterparts, spreads: Spreads, *, top_k: int) -> Advice:
    """Advise a candidate about a pool of jobs, or a company with a job about a pool of candidates.

    Args:
        model: scores the profile before and after each change.
        profile: the profile to change.
        pool: the other side, not empty.
        spreads: turns the model's guesses into promises with intervals.
        top_k: largest number of changes to return.

    >>> from matching.advice.gains import DEFAULT
    >>> from matching.data.tables import frame
    >>> model = Matcher(bundle).model
    >>> jobs = frame(JobProfile, [{"job_id": "backend", "title": "Go developer", "must_have_skills": ["Go", "Rust"]}])
    >>> ada = CandidateProfile(candidate_id="ada", headline="Go engineer", skills=[Skill(name="Go")])
    >>> advice = advise(model, ada, Counterparts.of(jobs, model.encode_jobs(jobs)), DEFAULT, top_k=1)
    >>> advice.best[0].change.words
    'Adding Rust'
    """
    changes, before, after = guesses(model, profile, pool)
    side, others = ("candidate", "open job") if isinstance(profile, CandidateProfile) else ("job", "candidate")
    gains = _promised(spreads, [f"{side} {change.kind}" for change in changes], Guess.of(before, after))
    size = len(pool.rows)
    tried = [
        Advised(change, gain, _in_words(change, gain, f"{size:,} {others}{'s' if size > 1 else ''}"))
        for change, gain in zip(changes, gains, strict=True)
    ]
    level = Guess.of(np.zeros_like(before), before[None])
    (now,) = _promised(spreads, [f"{side} {LEVEL}"], level, least=0.0)
    return Advice(now, _best(tried, top_k), tried, size, spreads.basis)


def guesses(model: MatchModel, profile: Profile, pool: Counterparts) -> tuple[list[Change], Floats, Floats]:
    """Return the changes of a profile, and match probabilities before, (n_pool,), and after, (n_changes, n_pool)."""
    before = _matches(model, [profile], pool)[0]
    if isinstance(profile, CandidateProfile):
        changes = candidate_changes(profile, pool.compared, before)
    else:
        changes = job_changes(profile)
    return changes, before, _matches(model, [change.profile for change in changes], pool)


def true_gains(truth: Truth, profile: Profile, changes: Sequence[Change], others: pl.DataFrame) -> Floats:
    """Return the true expected matches of a profile, then the true gain of each change, shape (1 + n_changes,)."""
    profiles = [profile, *(change.profile for change in changes)]
    matches = _true_matches(truth, profiles, others, np.tile(np.arange(others.height), (len(profiles), 1)))
    return _against_the_first(matches, [len(profiles)])


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
    """Measure how far guessed gains are from the true ones, on random candidates and jobs.

    Args:
        model: the model that will give advice.
        candidates: newest versions before the end of the training split, schema of `Candidate`.
        jobs: likewise, schema of `Job`.
        truth: the simulator's probabilities.
        seed: seed of the draw.
        people: number of candidates, and of jobs, whose changes are measured.
        pool: number of counterparts, drawn again for each.
    """
    rng = np.random.default_rng(seed)
    kinds: list[str] = []
    guessed: list[Guess] = []
    true: list[Floats] = []
    tried: list[int] = []
    for side, table, others in (("candidate", candidates, jobs), ("job", jobs, candidates)):
        everybody, encoded = _encoded(model, _drawn(others, MAX_POOL, rng))
        profiles: list[Profile] = []
        rows: list[Rows] = []
        for profile in read_profiles(_drawn(table, people, rng)):
            seen = Counterparts(everybody, encoded, _rows_drawn(everybody, pool, rng))
            changes, before, after = guesses(model, profile, seen)
            kinds += [f"{side} {kind}" for kind in (LEVEL, *(change.kind for change in changes))]
            guessed += [Guess.of(np.zeros_like(before), before[None]), Guess.of(before, after)]
            profiles += [profile, *(change.profile for change in changes)]
            rows += [seen.rows] * (1 + len(changes))
            tried.append(1 + len(changes))
        # In one call for everybody, since reading a table costs the simulator more than scoring its pairs.
        true.append(_true_matches(truth, profiles, everybody, np.stack(rows)))
    gains = _against_the_first(np.concatenate(true), tried)
    return Spreads.fit(kinds, Guess.joined(guessed), gains, np.repeat(np.arange(len(tried)), tried))


def read_profiles(table: pl.DataFrame) -> list[Profile]:
    """Return rows of `Candidate` or `Job` as profiles, without the other columns."""
    record = CandidateProfile if "candidate_id" in table.columns else JobProfile
    return [record.model_validate(row) for row in table.select(polars_schema(record).names()).to_dicts()]


def _drawn(table: pl.DataFrame, count: int, rng: np.random.Generator) -> pl.DataFrame:
    return table[_rows_drawn(table, count, rng)]


def _rows_drawn(table: pl.DataFrame, count: int, rng: np.random.Generator) -> Rows:
    return np.asarray(np.sort(rng.choice(table.height, min(count, table.height), replace=False)))


def _encoded(model: MatchModel, table: pl.DataFrame) -> tuple[pl.DataFrame, Any]:
    encode = model.encode_candidates if "candidate_id" in table.columns else model.encode_jobs
    return table, encode(table)


def _matches(model: MatchModel, profiles: Sequence[Profile], pool: Counterparts) -> Floats:
    """Return match probabilities, 0 for a pair that a hard limit rules out, shape (n_profiles, n_pool)."""
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


def _true_matches(truth: Truth, profiles: Sequence[Profile], others: pl.DataFrame, rows: Rows) -> Floats:
    """Return the true expected matches of each profile over its own `rows`, (n_profiles, n_pool), of the others."""
    mine = _table(profiles)
    profile_rows, other_rows = np.repeat(np.arange(mine.height), rows.shape[1]), rows.ravel()
    if isinstance(profiles[0], CandidateProfile):
        pairs = Pairs(mine, others, profile_rows, other_rows)
    else:
        pairs = Pairs(others, mine, other_rows, profile_rows)
    both = truth.probability(Direction.COMPANY, pairs) * truth.probability(Direction.CANDIDATE, pairs)
    return np.asarray(both.reshape(rows.shape).sum(axis=1))


def _against_the_first(matches: Floats, sizes: Sequence[int]) -> Floats:
    """Return the first of each group of that many values as it is, and the others minus the first."""
    starts = np.cumsum([0, *sizes[:-1]])
    gains: Floats = matches - np.repeat(matches[starts], sizes)
    gains[starts] = matches[starts]
    return gains


def _table(profiles: Sequence[Profile]) -> pl.DataFrame:
    rows = [profile.model_dump() for profile in profiles]
    return pl.DataFrame(rows, schema=polars_schema(type(profiles[0])), orient="row")


def _grid(count: int, columns: Rows) -> tuple[Rows, Rows]:
    """Return the pairs of every row with every column, row by row."""
    return np.repeat(np.arange(count), len(columns)), np.tile(columns, count)


def _promised(spreads: Spreads, kinds: list[str], guess: Guess, least: float = -np.inf) -> list[Expectation]:
    """Return the expected true gain of each guess, in order."""
    promised = []
    for place, kind in enumerate(kinds):
        ends = (float(values[0]) for values in spreads.of(kind).promise(guess.take(place)))
        promised.append(Expectation(*(max(value, least) for value in ends)))
    return promised


def _best(tried: list[Advised], top_k: int) -> list[Advised]:
    """Return the changes with a positive gain, the best of each choice."""
    best: dict[str, Advised] = {}
    for one in sorted(tried, key=lambda one: -one.gain.matches):
        if one.gain.matches > 0:
            best.setdefault(one.change.choice, one)
    return list(best.values())[:top_k]


def _in_words(change: Change, gain: Expectation, pool: str) -> str:
    """Return, for example, `Adding Go: +1.80 expected matches (0.90 to 2.60) among 312 open jobs; only if ...`."""
    numbers = f"{gain.matches:+.2f} expected matches ({gain.low:.2f} to {gain.high:.2f})"
    return f"{change.words}: {numbers} among {pool}; {change.condition}"
