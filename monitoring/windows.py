"""A sample of the log: rows with their features, probabilities and labels, and the clusters that they form."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from home.settings import Settings
from matching.arrays import Floats, Integers
from matching.data.tables import Direction
from matching.errors import ModelError, UnusableData
from matching.model import REFERENCE
from store.database import connect
from store.predictions import count_ranked
from store.windows import window as log_window

IDENTITY_COLUMNS = ("prediction_id", "request_id", "predicted_at", "model_version", "candidate_id", "job_id")
PROBABILITY_COLUMNS = ("company_probability", "candidate_probability", "match_probability")
OUTCOME_COLUMNS = ("company_label", "candidate_label", "propensity")
RANKING_COLUMNS = ("position", "ranked_from")
LOG_COLUMNS = IDENTITY_COLUMNS + PROBABILITY_COLUMNS + RANKING_COLUMNS + OUTCOME_COLUMNS
# A holdout does not come from the log: it has no prediction ids and no positions, and its version is the bundle's.
REQUIRED_COLUMNS = tuple(
    name for name in LOG_COLUMNS if name not in ("prediction_id", "model_version", *RANKING_COLUMNS)
)


@dataclass(frozen=True)
class Sample:
    """Rows of the log, or of a model's holdout with the same columns.

    Attributes:
        frame: the columns of `LOG_COLUMNS` (at least the required ones), then one Float32 column per feature.
        features: names of the feature columns.
        ranked: number of rows of rankings since the first row; they are not in `frame`.
    """

    frame: pl.DataFrame
    features: tuple[str, ...]
    ranked: int = 0

    @classmethod
    def of(cls, frame: pl.DataFrame, where: str) -> "Sample":
        """Wrap a table of the log.

        Raises:
            ModelError: a column of the log is missing.
        """
        missing = [name for name in REQUIRED_COLUMNS if name not in frame.columns]
        if missing:
            raise ModelError(f"{where}: no column {missing[0]}; train the model again with this version of Tandem")
        return cls(frame, tuple(name for name in frame.columns if name not in LOG_COLUMNS))

    def __len__(self) -> int:
        return self.frame.height

    @property
    def requests(self) -> int:
        """Number of requests that the rows come from."""
        return self.frame["request_id"].n_unique()

    @property
    def probabilities(self) -> tuple[str, ...]:
        """Names of the probability columns with any value: a one-sided source leaves one empty."""
        return tuple(name for name in PROBABILITY_COLUMNS if self.frame[name].null_count() < len(self))

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Time of the first and of the last row, UTC.

        Raises:
            UnusableData: there is no row.
        """
        times = self.frame["predicted_at"]
        first, last = times.min(), times.max()
        if not isinstance(first, datetime) or not isinstance(last, datetime):
            raise UnusableData("the window is empty: send requests to the service first, or choose an earlier time")
        return first, last

    def matrix(self, columns: tuple[str, ...]) -> Floats:
        """Return columns as numbers, shape (n_rows, n_columns); null, NaN and infinity become NaN."""
        values = self.frame.select(pl.col(name).cast(pl.Float64) for name in columns).to_numpy().astype(np.float64)
        return np.where(np.isfinite(values), values, np.nan)

    def labelled(self, direction: Direction) -> int:
        """Return the number of rows with a known outcome in this direction."""
        return len(self) - self.frame[f"{direction}_label"].null_count()

    def clusters(self, unit: str) -> Integers:
        """Return the number of each row's cluster, from 0, shape (n_rows,)."""
        _, inverse = np.unique(self.frame[unit].cast(pl.String).to_numpy(), return_inverse=True)
        return inverse.astype(np.int64)

    def cluster_unit(self) -> str:
        """Return the column that defines the clusters: `job_id` or `candidate_id`.

        The rows of a list share a job (or a candidate), and the job recurs in later lists, so all rows of a job are one
        draw. Of the two, the column is the one that is constant within the requests of more rows.
        """
        sides = self.frame.group_by("request_id").agg(
            pl.len().alias("rows"), pl.col("job_id").n_unique().alias("jobs"), pl.col("candidate_id").n_unique()
        )
        rows_by_job = sides.filter(pl.col("jobs") == 1)["rows"].sum()
        rows_by_candidate = sides.filter(pl.col("candidate_id") == 1)["rows"].sum()
        return "job_id" if rows_by_job >= rows_by_candidate else "candidate_id"


def read_reference(bundle: Path) -> Sample:
    """Read a model's own holdout with its predictions.

    Raises:
        ModelError: the bundle has no reference, or one without the columns of the log.
    """
    path = bundle / REFERENCE
    if not path.is_file():
        raise ModelError(f"{path}: the model has no reference to measure drift from; train it again")
    return Sample.of(pl.read_parquet(path), str(path))


def read_window(
    settings: Settings,
    *,
    model_name: str,
    model_version: str,
    last: int | None = None,
    since: datetime | None = None,
    now: datetime | None = None,
) -> Sample:
    """Read the pairs that a model version scored recently, with their known outcomes.

    Rankings log only the best of a pool, so their rows differ from a holdout of everyone shown. They are counted, but
    not read.

    Raises:
        UnusableData: the log holds no scored pair of this version in the window.
        StorageError: the database cannot be reached.
    """
    engine = connect(settings.log_url)
    try:
        frame = log_window(
            engine,
            model_name=model_name,
            model_version=model_version,
            last=last,
            since=since,
            maturity=timedelta(days=settings.label_maturity_days),
            now=now,
        )
        if frame.is_empty():
            raise UnusableData(
                f"the log holds no scored pair of {model_name} version {model_version} in this window: "
                "send requests to the service first (`make traffic`), or choose another window"
            )
        sample = Sample.of(frame, "the prediction log")
        begin = since or sample.span[0]
        ranked = count_ranked(engine, model_name=model_name, model_version=model_version, since=begin)
    finally:
        engine.dispose()
    return replace(sample, ranked=ranked)
