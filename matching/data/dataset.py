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
    """Candidate-job pairs as row numbers into two profile tables, so that a profile is held once.

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
    """What was done to the rows of a dataset after it was read.

    Attributes:
        notes: what was read with an interpretation, or is odd but legal, one sentence each.
        redelivered: copies of events that were left out, by kind.
        dropped: rows that were left out since they broke a rule, by table and rule.
    """

    notes: tuple[str, ...] = ()
    redelivered: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def n_dropped(self) -> int:
        """Number of rows that were left out since they broke a rule."""
        return sum(n for rules in self.dropped.values() for n in rules.values())

    @property
    def n_redelivered(self) -> int:
        """Number of copies of events that were left out."""
        return sum(self.redelivered.values())


@dataclass(frozen=True)
class Dataset:
    """The tables of one source.

    Attributes:
        name: name of the source.
        candidates: versions of profiles, schema of `Candidate`.
        jobs: versions of posts, schema of `Job`.
        events: what happened, schema of `Event`, sorted by time.
        protected: protected attributes, kept apart; empty where the source has none.
        truth: the simulator's own probabilities; None for real data.
        date_jobs: takes jobs and events and dates the jobs by what the events tell; None where the source states dates.
            Who holds events out calls it again, or the dates would tell of what was held out. A cut in time needs it
            not: a pair is left out before its job's date, and a date that has passed tells of nothing later.
        origins: where each table comes from, by its name; empty where the source reads no files row by row.
        cleaning: what was done to the rows after they were read.
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
        """Each table by name with the record that describes it."""
        return {
            "candidates": (Candidate, self.candidates),
            "jobs": (Job, self.jobs),
            "events": (Event, self.events),
            "protected": (ProtectedAttributes, self.protected),
        }


class Source(Protocol):
    """Where data comes from. A second dataset costs one small file with one of these."""

    def load(self, data: Path | None, *, seed: int, progress: Progress) -> Dataset:
        """Read or generate the dataset.

        Args:
            data: folder given with `--data`; None where the source needs none.
            seed: seed of everything random.
            progress: told in a few words what is being done.

        Raises:
            MissingInput: a file or column is not there.
            UnusableData: a table is empty.
        """
        ...
