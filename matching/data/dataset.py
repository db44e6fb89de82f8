"""A dataset: the three tables of one source, and what joins them into pairs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from matching.arrays import Booleans, Floats, Rows
from matching.data.origin import Origin
from matching.data.progress import Progress
from matching.data.tables import Candidate, Direction, Event, Job, ProtectedAttributes, frame


@dataclass(frozen=True)
class Pairs:
    """Candidate-job pairs as row numbers into two profile tables, so that each profile is stored once.

    Attributes:
        candidates: rows of `CandidateProfile` (extra columns are ignored).
        jobs: rows of `JobProfile` (extra columns are ignored).
        candidate_rows: shape (n_pairs,), row of each pair's candidate.
        job_rows: shape (n_pairs,), row of each pair's job.

    >>> people, jobs = pl.DataFrame({"candidate_id": ["ada", "bob"]}), pl.DataFrame({"job_id": ["backend"]})
    >>> pairs = Pairs(people, jobs, np.array([0, 1]), np.array([0, 0]))
    >>> len(pairs), len(pairs.take(np.array([1])))
    (2, 1)
    """

    candidates: pl.DataFrame
    jobs: pl.DataFrame
    candidate_rows: Rows
    job_rows: Rows

    def __len__(self) -> int:
        return len(self.candidate_rows)

    def take(self, rows: Rows | Booleans) -> "Pairs":
        """Keep some of the pairs; the profile tables are shared."""
        return Pairs(self.candidates, self.jobs, self.candidate_rows[rows], self.job_rows[rows])


class Truth(Protocol):
    """What only a simulator knows: the probabilities behind the outcomes. Shapes are (n_pairs,)."""

    def probability(self, direction: Direction, pairs: Pairs) -> Floats:
        """Return the true probability of a yes in this direction, given that the pair was examined."""
        ...

    def best_achievable(self, direction: Direction, pairs: Pairs) -> Floats:
        """Return the best probability that any model can predict from the profiles: hidden preferences averaged out."""
        ...


@dataclass(frozen=True)
class Cleaning:
    """What cleaning changed in a dataset, and what it only noted.

    >>> Cleaning(dropped={"events": {"job_id must exist in jobs": 2}}, redelivered={"view": 3}).n_dropped
    2

    Attributes:
        notes: values that needed interpretation, and oddities that break no rule; one sentence each.
        redelivered: number of redelivered events that were left out, by kind.
        dropped: number of rows that were left out because they broke a rule, by table and rule.
    """

    notes: tuple[str, ...] = ()
    redelivered: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def n_dropped(self) -> int:
        """Number of rows that were left out because they broke a rule."""
        return sum(n for rules in self.dropped.values() for n in rules.values())

    @property
    def n_redelivered(self) -> int:
        """Number of redelivered events that were left out."""
        return sum(self.redelivered.values())


@dataclass(frozen=True)
class Dataset:
    """The tables of one source.

    >>> from datetime import UTC, datetime
    >>> day = datetime(2026, 1, 31, tzinfo=UTC)
    >>> ann = {"candidate_id": "ann", "headline": "Nurse", "skills": [], "updated_at": day}
    >>> ward = {"job_id": "ward", "title": "Night nurse", "updated_at": day}
    >>> viewed = {"candidate_id": "ann", "job_id": "ward", "kind": "view", "time": day}
    >>> dataset = Dataset("hospital", frame(Candidate, [ann]), frame(Job, [ward]), frame(Event, [viewed]))
    >>> dataset.tables().keys()
    dict_keys(['candidates', 'jobs', 'events', 'protected'])

    Attributes:
        name: name of the source.
        candidates: versions of profiles, schema of `Candidate`.
        jobs: versions of profiles, schema of `Job`.
        events: schema of `Event`, sorted by time.
        protected: protected attributes, schema of `ProtectedAttributes`; empty if the source has none.
        truth: the probabilities of the simulator; None for real data.
        date_jobs: takes jobs and events, and derives `posted_at` of the jobs from the events; None if the source
            provides it. Call it again after holding out events, or the dates would leak them. A split by time does not
            need that: a pair shown before its job's date is left out, and a past date reveals nothing later.
        origins: where each table comes from, by its name; empty if the source reads no files row by row.
        cleaning: what cleaning changed.
    """

    name: str
    candidates: pl.DataFrame
    jobs: pl.DataFrame
    events: pl.DataFrame
    protected: pl.DataFrame = field(default_factory=lambda: frame(ProtectedAttributes))
    truth: Truth | None = None
    date_jobs: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame] | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)
    cleaning: Cleaning = field(default_factory=Cleaning)

    def tables(self) -> dict[str, tuple[type[Candidate | Job | Event | ProtectedAttributes], pl.DataFrame]]:
        """Return each table by its name, with the record that describes its rows."""
        return {
            "candidates": (Candidate, self.candidates),
            "jobs": (Job, self.jobs),
            "events": (Event, self.events),
            "protected": (ProtectedAttributes, self.protected),
        }


class Source(Protocol):
    """Loads a dataset. A dataset of your own needs one small module with a class of this shape."""

    def load(self, data: Path | None, *, seed: int, progress: Progress) -> Dataset:
        """Read or generate the dataset.

        Args:
            data: folder given with `--data`; None if the source needs none.
            seed: seed of everything random.
            progress: called with a few words at each stage.

        Raises:
            MissingInput: a file or column is missing.
            UnusableData: a table is empty.
        """
        ...
