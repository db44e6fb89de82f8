"""`job_board`: the public Kaggle "job recommendation" files, a one-sided log of job views with profiles.

`Job_Views.csv` is required; `Experience.csv` and `Positions_Of_Interest.csv` are optional. The files have no posting
dates, but jobs are numbered in the order of posting: a job existed once a job with a higher number was viewed.
A profile is a series of versions, each with only what was known at its time. Experience and wanted roles count from the
time of their last change. A view counts from one microsecond after its start, so that no view sees itself.
"""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from matching.data.dataset import Dataset
from matching.data.progress import Progress
from matching.data.tables import Candidate, Event, EventKind, Job
from matching.errors import InputError, UnusableData
from matching.sources.tables import complete, read_csv

MOST_LOST = 0.5  # some unreadable rows are expected, but this share of them means another format
EPOCH = datetime(2014, 1, 1, tzinfo=UTC)
"""Earlier than anything in the files: the time of the empty first version of every profile."""

COUNTRY = "United States"
UTC_TIME = pl.Datetime("us", "UTC")
VIEWED_ROLES = 3
LONGEST_NAME, LONGEST_LIST = 120, 200 - VIEWED_ROLES
VIEWS = {
    "Applicant.ID": "candidate_id",
    "Job.ID": "job_id",
    "Position": "title",
    "Company": "company",
    "City": "city",
    "State.Name": "region",
    "Industry": "industry",
    "View.Start": "time",
}
EXPERIENCE = {
    "Applicant.ID": "candidate_id",
    "Position.Name": "position",
    "Employer.Name": "employer",
    "City": "city",
    "State.Name": "region",
    "Start.Date": "started",
    "Updated.At": "time",
}
INTERESTS = {"Applicant.ID": "candidate_id", "Position.Of.Interest": "role", "Updated.At": "time"}


class JobBoard:
    """Reads a folder of the public files."""

    def load(self, data: Path | None, *, seed: int, progress: Progress) -> Dataset:  # noqa: ARG002 - nothing is random
        """Read the files in the folder `data` as versioned profiles, jobs and views.

        Raises:
            InputError: no folder was given.
            MissingInput: `Job_Views.csv` or a column is missing.
            UnusableData: no view has a readable time.
        """
        if data is None:
            raise InputError(
                "source 'job_board' reads files: download the Kaggle data set 'kandij/job-recommendation-datasets', "
                "unpack it and pass the folder that holds Job_Views.csv with --data"
            )
        progress("reading the job board's files")
        views = (
            _read(data / "Job_Views.csv", VIEWS, progress, required=True)
            .drop_nulls(["job_id", "title"])
            .sort("time", "job_id")
        )
        if views.is_empty():
            raise UnusableData(f"{data / 'Job_Views.csv'} has no view with ids, a title and a readable time: check it")
        progress("building profiles as they were before each view")
        experience = _read(data / "Experience.csv", EXPERIENCE, progress)
        interests = _read(data / "Positions_Of_Interest.csv", INTERESTS, progress)
        events = complete(Event, views.select("candidate_id", "job_id", "time", kind=pl.lit(EventKind.VIEW.value)))
        jobs = date_jobs(_jobs(views), events)
        return Dataset("job_board", _candidates(views, experience, interests), jobs, events, date_jobs=date_jobs)


def date_jobs(jobs: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Date the jobs from the log, by the time at which each certainly existed.

    `posted_at` is the first view of any job with a higher number. A job's own views do not count: the date would reveal
    the view that is to be predicted. `updated_at`, from which a job exists, is `posted_at` or its own first view,
    whichever is earlier, and the end of the log if there is neither.

    Args:
        jobs: schema of `Job`, one row per job.
        events: schema of `Event`.
    """
    viewed = events.group_by("job_id").agg(first=pl.col("time").min())
    numbered = jobs.join(viewed, on="job_id", how="left").with_columns(
        number=pl.col("job_id").cast(pl.Int64, strict=False)
    )
    dated = numbered.sort("number", "job_id", descending=True, nulls_last=True).with_columns(
        posted_at=pl.when(pl.col("number").is_not_null()).then(pl.col("first").cum_min().forward_fill().shift(1))
    )
    exists = pl.min_horizontal("posted_at", "first").fill_null(events["time"].max())
    return dated.with_columns(updated_at=exists).select(jobs.columns).sort("job_id")


def _read(file: Path, columns: dict[str, str], progress: Progress, *, required: bool = False) -> pl.DataFrame:
    """Read and rename columns: trimmed text, `NA` and empty as null, UTC times; rows without applicant or time go."""
    if not file.exists() and not required:
        return pl.DataFrame(schema=dict.fromkeys(columns.values(), pl.String) | {"time": UTC_TIME})
    text = pl.all().str.replace_all(r"\s+", " ").str.strip_chars()
    table = read_csv(file, list(columns)).rename(columns).with_columns(text)
    table = table.with_columns(pl.all().replace({"": None, "NA": None}))
    time = pl.col("time").str.to_datetime("%Y-%m-%d %H:%M:%S UTC", time_unit="us", time_zone="UTC", strict=False)
    if "city" in table.columns:
        table = table.with_columns(pl.col("city").str.to_titlecase())
    kept = table.with_columns(time).drop_nulls(["candidate_id", "time"])
    lost = table.height - kept.height
    if lost and lost >= MOST_LOST * table.height:
        raise UnusableData(
            f"{file}: {lost:,} of {table.height:,} rows have no applicant or no time such as 2014-12-12 20:12:35 UTC "
            f"in column {next(name for name, new in columns.items() if new == 'time')}: check the file"
        )
    if lost:
        progress(f"{file.name}: left out {lost:,} rows without applicant or readable time")
    return kept


def _jobs(views: pl.DataFrame) -> pl.DataFrame:
    """Return one row per job, with the first value that any of its views has in each column.

    The company is also the description, so that texts of profiles can match it.
    """
    first_values = [pl.col(name).drop_nulls().first() for name in ("title", "company", "city", "region", "industry")]
    jobs = views.group_by("job_id").agg(*first_values)
    assumed = {"country": pl.lit(COUNTRY)}
    return complete(Job, jobs.with_columns(**assumed, description=pl.col("company").fill_null("")))


def _candidates(views: pl.DataFrame, experience: pl.DataFrame, interests: pl.DataFrame) -> pl.DataFrame:
    """Return the versions of every applicant: an empty one, then one for each time at which a fact became known."""
    started = pl.col("started").str.to_date("%Y-%m-%d", strict=False)
    plausible = started.is_between(pl.date(1940, 1, 1), pl.col("time").dt.date())
    worked = experience.with_columns(
        pl.when(plausible).then(started).alias("started"),
        pl.concat_str("position", "employer", separator=", ", ignore_nulls=True).alias("line"),
    ).sort("started", nulls_last=False)
    viewed = views.with_columns(
        pl.concat_str("title", "company", separator=", ", ignore_nulls=True).alias("line"), viewed_city="city"
    )
    facts = pl.concat([worked, viewed, interests], how="diagonal").sort("candidate_id", "time", maintain_order=True)
    moments = facts.select("candidate_id", updated_at=pl.col("time").dt.offset_by("1us")).unique()
    empty = moments.select("candidate_id").unique().with_columns(updated_at=pl.lit(EPOCH, UTC_TIME))
    versions = pl.concat([empty, moments]).sort("candidate_id", "updated_at")
    known = versions.join(facts, on="candidate_id", maintain_order="left_right")
    known = known.filter(pl.col("time") < pl.col("updated_at"))
    summed = known.group_by("candidate_id", "updated_at").agg(**_profile())
    profiles = versions.join(summed, on=["candidate_id", "updated_at"], how="left", maintain_order="left")
    return complete(Candidate, profiles.with_columns(pl.col("headline").fill_null("")))


def _profile() -> dict[str, pl.Expr]:
    """Return the columns of a profile, computed from the facts known at one time, oldest first.

    The headline is the title of the last viewed job, which predicts the next view better than the last position. The
    titles of the last few viewed jobs count as wanted roles, before the roles that the applicant gave.
    """
    years = (pl.col("updated_at").first().dt.date() - pl.col("started").min()).dt.total_days() / 365.25
    latest_title, latest_position = pl.col("title").drop_nulls().last(), pl.col("position").drop_nulls().last()
    viewed_roles = pl.col("title").drop_nulls().reverse().str.slice(0, LONGEST_NAME).unique(maintain_order=True)
    return {
        "headline": pl.coalesce(latest_title, latest_position),
        "resume": pl.col("line").drop_nulls().unique(maintain_order=True).tail(LONGEST_LIST).str.join("\n"),
        "experience_years": years.clip(0, 60),
        "city": pl.col("city").drop_nulls().last(),
        "region": pl.col("region").filter(pl.col("city").is_not_null()).last(),
        "country": pl.lit(COUNTRY).first(),
        "wish_roles": pl.concat_list(viewed_roles.head(VIEWED_ROLES).implode(), _names("role").implode()),
        "wish_cities": _names("viewed_city"),
        "wish_industries": _names("industry"),
        "last_active_at": pl.col("time").max(),
    }


def _names(column: str) -> pl.Expr:
    values = pl.col(column).drop_nulls().str.slice(0, LONGEST_NAME)
    return values.unique(maintain_order=True).tail(LONGEST_LIST)


SOURCE = JobBoard()
