"""Labels: which pairs were shown, and who said yes by a given time.

There are two kinds of log. In a two-sided log, every impression is a row: the company's label is whether it reached
out, the candidate's label is whether they accepted. In a one-sided log (only `view` or `apply` events), every event is
a yes of the candidate; the no's are sampled from the jobs that existed at the time, with weights that make them stand
for all of those jobs. In both, a redelivered event counts once, and a pair shown before its job's `posted_at` is left
out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matching.arrays import Booleans, Floats, Integers
from matching.data.dataset import Dataset, Pairs
from matching.data.redelivery import delivered_once
from matching.data.tables import Direction, EventKind
from matching.errors import UnusableData

ONE_SIDED_KINDS = (EventKind.VIEW, EventKind.APPLY)
CANDIDATE_YES = (EventKind.ACCEPT, EventKind.INTERVIEW, EventKind.HIRE)
SAMPLED_NEGATIVES_PER_YES = 20


@dataclass(frozen=True)
class LabelledPairs:
    """Pairs that were shown, with their labels. All arrays have shape (n_pairs,).

    Attributes:
        pairs: profiles as they were when the pair was shown.
        time: when it was shown, UTC, `datetime64[us]`.
        lists: code of the list it was shown in.
        company: 1 if the company reached out, 0 if it did not, NaN without a label.
        candidate: 1 if the candidate accepted, 0 if they did not, NaN without an outreach or a label.
        propensity: probability that the pair was examined; 1 if it certainly was.
        weight: number of rows that this row stands for; 1 unless it was sampled.
    """

    pairs: Pairs
    time: NDArray[np.datetime64]
    lists: Integers
    company: Floats
    candidate: Floats
    propensity: Floats
    weight: Floats

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, rows: Booleans | Integers) -> "LabelledPairs":
        """Keep some of the rows."""
        return LabelledPairs(
            pairs=self.pairs.take(rows),
            time=self.time[rows],
            lists=self.lists[rows],
            company=self.company[rows],
            candidate=self.candidate[rows],
            propensity=self.propensity[rows],
            weight=self.weight[rows],
        )

    def label(self, direction: Direction) -> Floats:
        """Labels of one direction; NaN where unknown."""
        return self.company if direction is Direction.COMPANY else self.candidate

    def label_propensity(self, direction: Direction) -> Floats:
        """Probability that a yes could be observed: a candidate examines every outreach."""
        return self.propensity if direction is Direction.COMPANY else np.ones(len(self))

    def match(self) -> Floats:
        """Return 1 where both said yes, 0 where one did not; with one labelled direction, its labels."""
        if np.isnan(self.company).all():
            return self.candidate
        if np.isnan(self.candidate).all():
            return self.company
        return np.where(self.company == 1, self.candidate, self.company)

    def directions(self) -> tuple[Direction, ...]:
        """Directions that have labels."""
        return tuple(d for d in Direction if not np.isnan(self.label(d)).all())


def labelled_pairs(
    dataset: Dataset, *, since: datetime | None, until: datetime, maturity: timedelta, seed: int
) -> LabelledPairs:
    """Label the pairs that were shown in (since, until - maturity], from events up to `until`.

    Args:
        dataset: the tables.
        since: exclusive start, UTC; None for the beginning of the log.
        until: cut-off, UTC; nothing later is used.
        maturity: age from which a missing answer counts as a no.
        seed: seed of the sampled no's of a one-sided log.

    Raises:
        UnusableData: nothing was shown in that time.
    """
    known = dataset.events.filter(pl.col("time") <= until)
    if known.filter(pl.col("kind") == EventKind.IMPRESSION).height:
        shown = _two_sided(known, since=since, until=until, maturity=maturity)
    else:
        shown = _one_sided(known, dataset.jobs, since=since, seed=seed)
    shown = _as_of(shown, dataset.candidates, "candidate_id", "candidate_row")
    shown = _as_of(shown, dataset.jobs, "job_id", "job_row")
    shown = _posted(shown.drop_nulls(["candidate_row", "job_row"]), dataset.jobs).sort(
        "time", "list", "candidate_id", "job_id"
    )
    if not shown.height:
        raise UnusableData(
            f"source {dataset.name!r} has nothing to learn from between {since or 'its start'} and {until}: "
            "it needs impression, view or apply events of known candidates and jobs over several weeks"
        )
    return _to_arrays(dataset, shown)


def _two_sided(events: pl.DataFrame, *, since: datetime | None, until: datetime, maturity: timedelta) -> pl.DataFrame:
    """One row per impression with the labels of both directions."""
    shown = (
        delivered_once(events.filter(pl.col("kind") == EventKind.IMPRESSION))
        .with_row_index("row")
        .with_columns(pl.col("list_id").fill_null(pl.col("job_id")), pl.col("propensity").fill_null(1.0))
    )
    shown = shown.with_columns(pl.col("list_id").rank("dense").cast(pl.Int64).alias("list"))
    reached = _answered(shown, events, (EventKind.OUTREACH, *CANDIDATE_YES))
    accepted = _answered(shown, events, CANDIDATE_YES)
    # A log without any answer says nothing about the candidates; it does not mean that all of them declined.
    answers_are_logged = events["kind"].is_in([EventKind.DECLINE, *CANDIDATE_YES]).any()
    # Silence is a no once the outreach, not the impression, is mature. A yes to a younger outreach is left out as well:
    # without the matching no's there would be too many.
    answerable = reached.filter((pl.col("first") <= until - maturity) & answers_are_logged)
    mature = pl.col("time") <= until - maturity
    recent = pl.lit(True) if since is None else pl.col("time") > since

    def among(rows: pl.DataFrame) -> pl.Expr:
        return pl.col("row").is_in(rows["row"].implode())

    return (
        shown.with_columns(
            among(reached).cast(pl.Float64).alias("company"),
            pl.when(among(answerable)).then(among(accepted).cast(pl.Float64)).alias("candidate"),
            pl.lit(1.0).alias("weight"),
        )
        .filter(mature & recent)
        .select("candidate_id", "job_id", "time", "list", "company", "candidate", "propensity", "weight")
    )


def _answered(shown: pl.DataFrame, events: pl.DataFrame, kinds: tuple[EventKind, ...]) -> pl.DataFrame:
    """Rows of `shown` that one of `kinds` followed before the pair was shown again, with the time of the `first`."""
    answers = events.filter(pl.col("kind").is_in(kinds)).select("candidate_id", "job_id", "time").sort("time")
    joined = answers.with_columns(first="time").join_asof(
        shown.select("candidate_id", "job_id", "time", "row").sort("time"),
        on="time",
        by=["candidate_id", "job_id"],
        strategy="backward",
        check_sortedness=False,
    )
    return joined.drop_nulls("row").group_by("row").agg(pl.col("first").min())


def _one_sided(events: pl.DataFrame, jobs: pl.DataFrame, *, since: datetime | None, seed: int) -> pl.DataFrame:
    """One row per first view of a job, and sampled jobs that the candidate had not viewed."""
    yes = (
        events.filter(pl.col("kind").is_in(ONE_SIDED_KINDS))
        .sort("time")
        .unique(["candidate_id", "job_id"], keep="first", maintain_order=True)
        .select("candidate_id", "job_id", "time")
    )
    if since is not None:
        yes = yes.filter(pl.col("time") > since)
    yes = yes.with_row_index("list").with_columns(pl.col("list").cast(pl.Int64), pl.lit(1.0).alias("candidate"))
    no = _sampled_no(yes, events, jobs["job_id"].unique().sort(), seed)
    return pl.concat([yes.with_columns(pl.lit(1.0).alias("weight")), no]).with_columns(
        pl.lit(None, pl.Float64).alias("company"), pl.lit(1.0).alias("propensity")
    )


def _sampled_no(yes: pl.DataFrame, events: pl.DataFrame, job_ids: pl.Series, seed: int) -> pl.DataFrame:
    """Sample jobs uniformly for each yes, and leave out those that the candidate had viewed by then.

    Jobs that did not exist yet are dropped by `_as_of`; the weights of the others remain correct.
    """
    generator = np.random.default_rng(seed)
    n = min(SAMPLED_NEGATIVES_PER_YES, len(job_ids))
    chosen = generator.integers(0, max(len(job_ids), 1), size=yes.height * n)
    repeated = yes.select("list", "candidate_id", "time").select(pl.all().repeat_by(n).explode())
    sampled = repeated.with_columns(job_ids.gather(chosen).alias("job_id"))
    viewed = events.group_by("candidate_id", "job_id").agg(viewed=pl.col("time").min())
    sampled = sampled.unique(["list", "job_id"], keep="first", maintain_order=True)
    sampled = sampled.join(viewed, on=["candidate_id", "job_id"], how="left", maintain_order="left")
    return (
        sampled.filter((pl.col("viewed") > pl.col("time")).fill_null(True))
        .select(
            "list",
            "candidate_id",
            "job_id",
            "time",
            pl.lit(0.0).alias("candidate"),
            (pl.lit(float(len(job_ids) - 1)) / pl.len().over("list")).alias("weight"),
        )
        .select("list", "candidate_id", "job_id", "time", "candidate", "weight")
    )


def _as_of(shown: pl.DataFrame, profiles: pl.DataFrame, key: str, row: str) -> pl.DataFrame:
    """Row of the profile version that was valid when each pair was shown; later edits are never used."""
    versions = profiles.select(key, pl.col("updated_at").alias("time")).with_row_index(row).sort("time")
    return shown.sort("time").join_asof(versions, on="time", by=key, strategy="backward", check_sortedness=False)


def _posted(shown: pl.DataFrame, jobs: pl.DataFrame) -> pl.DataFrame:
    """Leave out pairs shown before their job was posted: the date was unknown then, and would give a yes away."""
    posted = jobs["posted_at"].gather(shown["job_row"].cast(pl.Int64))
    return shown.filter((posted <= shown["time"]).fill_null(True))


def _to_arrays(dataset: Dataset, shown: pl.DataFrame) -> LabelledPairs:
    def floats(name: str) -> Floats:
        return shown[name].cast(pl.Float64).fill_null(np.nan).to_numpy()

    return LabelledPairs(
        pairs=Pairs(
            dataset.candidates,
            dataset.jobs,
            shown["candidate_row"].cast(pl.Int64).to_numpy(),
            shown["job_row"].cast(pl.Int64).to_numpy(),
        ),
        time=shown["time"].dt.replace_time_zone(None).to_numpy(),
        lists=shown["list"].to_numpy(),
        company=floats("company"),
        candidate=floats("candidate"),
        propensity=floats("propensity"),
        weight=floats("weight"),
    )
