"""The simulated log: tables, determinism, times and position bias."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matching.data.dataset import Dataset
from matching.data.tables import polars_schema
from matching.data.validation import validate
from matching.errors import InputError
from matching.sources.marketplace import SOURCE, Marketplace, MarketplaceConfig
from matching.sources.marketplace.searches import POLICY
from matching.sources.marketplace.vocabulary import NEW_TECHNOLOGY

NOW = datetime(2027, 1, 1, tzinfo=UTC)
SMALL = MarketplaceConfig(n_candidates=900, n_jobs=160, n_impressions=20_000, weeks=12)


def load(config: MarketplaceConfig = SMALL, seed: int = 7) -> Dataset:
    return Marketplace(config).load(None, seed=seed, progress=lambda _: None)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load()


def first_seen(dataset: Dataset) -> dict[str, pl.DataFrame]:
    tables = {"candidate_id": dataset.candidates, "job_id": dataset.jobs}
    return {key: table.group_by(key).agg(pl.col("updated_at").min()) for key, table in tables.items()}


def test_every_table_has_the_schema_of_its_record(dataset: Dataset) -> None:
    for record, table in dataset.tables().values():
        assert table.schema == polars_schema(record)
        assert len(table) > 0


def test_every_row_obeys_the_rules(dataset: Dataset, tmp_path: Path) -> None:
    validate(dataset, tmp_path, now=NOW)


def test_sampled_rows_are_valid_records(dataset: Dataset) -> None:
    for record, table in dataset.tables().values():
        for row in table.sample(min(200, len(table)), seed=1).iter_rows(named=True):
            record.model_validate(row)


def test_the_default_log_has_its_configured_size() -> None:
    dataset = load(SOURCE.config)

    assert dataset.candidates["candidate_id"].n_unique() == 4_000
    assert len(dataset.jobs) == 800
    assert len(dataset.events.filter(kind="impression")) == 120_000


def test_the_same_seed_gives_the_same_tables(dataset: Dataset) -> None:
    again = load()

    for name, (_, table) in dataset.tables().items():
        assert table.equals(again.tables()[name][1]), name


def test_another_seed_gives_another_marketplace(dataset: Dataset) -> None:
    other = load(seed=8)

    assert not dataset.candidates.equals(other.candidates)
    assert not dataset.jobs.equals(other.jobs)
    assert not dataset.events.equals(other.events)


def test_a_longer_log_begins_with_the_same_candidates() -> None:
    short, long = load(MarketplaceConfig(n_candidates=300, n_jobs=60, n_impressions=1_000, weeks=4)), load()
    ids = ["c0000000", "c0000007"]

    first = [d.candidates.filter(pl.col("candidate_id").is_in(ids)).unique("candidate_id") for d in (short, long)]
    headlines = [frame.sort("candidate_id")["headline"].to_list() for frame in first]

    assert headlines[0] == headlines[1]


def test_a_folder_is_refused() -> None:
    with pytest.raises(InputError, match="leave --data out"):
        Marketplace(SMALL).load(Path("somewhere"), seed=7, progress=lambda _: None)


@pytest.mark.parametrize(("field", "value"), [("n_jobs", 0), ("weeks", -1), ("start", datetime(2026, 1, 5))])  # noqa: DTZ001
def test_a_nonsensical_size_or_time_is_refused(field: str, value: object) -> None:
    with pytest.raises(InputError):
        MarketplaceConfig(**{field: value})  # type: ignore[arg-type]


def test_a_tiny_market_runs_out_of_candidates_without_failing() -> None:
    dataset = load(MarketplaceConfig(n_candidates=5, n_jobs=2, n_impressions=200, weeks=3))

    assert len(dataset.events.filter(kind="impression")) < 200


def test_events_are_sorted_and_within_the_log(dataset: Dataset) -> None:
    times = dataset.events["time"]

    assert times.is_sorted()
    assert times.min() >= datetime(2026, 1, 5, tzinfo=UTC)  # type: ignore[operator]
    assert times.max() < SMALL.end  # type: ignore[operator]


def test_no_event_happens_before_its_profiles_exist(dataset: Dataset) -> None:
    for key, seen in first_seen(dataset).items():
        joined = dataset.events.join(seen, on=key)
        assert len(joined) == len(dataset.events)
        assert (joined["updated_at"] <= joined["time"]).all()


def test_steps_follow_each_other_in_time(dataset: Dataset) -> None:
    pair = ["candidate_id", "job_id"]
    steps = {kind: dataset.events.filter(kind=kind).select(*pair, pl.col("time").alias(kind)) for kind in (
        "impression", "outreach", "accept", "decline", "interview", "hire",
    )}  # fmt: skip

    for before, after in [
        ("impression", "outreach"),
        ("outreach", "accept"),
        ("outreach", "decline"),
        ("accept", "interview"),
        ("interview", "hire"),
    ]:
        joined = steps[after].join(steps[before], on=pair)
        assert len(joined) == len(steps[after]) > 0
        assert (joined[after] >= joined[before]).all(), (before, after)
    assert steps["accept"].join(steps["decline"], on=pair).is_empty()


def test_every_answer_comes_within_two_weeks_of_the_impression(dataset: Dataset) -> None:
    shown = dataset.events.filter(kind="impression").select("candidate_id", "job_id", shown="time")
    answers = dataset.events.filter(pl.col("kind").is_in(["outreach", "accept", "decline"]))
    delay = answers.join(shown, on=["candidate_id", "job_id"]).select(pl.col("time") - pl.col("shown")).to_series()

    assert delay.max() < timedelta(days=14)  # type: ignore[operator]
    assert delay.max() > timedelta(days=7)  # type: ignore[operator]


def test_labels_at_the_end_of_the_log_are_immature(dataset: Dataset) -> None:
    shown = dataset.events.filter(kind="impression").select("candidate_id", "job_id", shown="time")
    answered = (
        dataset.events.filter(kind="outreach")
        .join(shown, on=["candidate_id", "job_id"])
        .join(dataset.events.filter(kind="accept").select("candidate_id", "job_id", accept="time"),
              on=["candidate_id", "job_id"], how="left")
        .with_columns(late=pl.col("shown") >= SMALL.end - timedelta(days=7))
        .group_by("late").agg(pl.col("accept").is_not_null().mean())
    )  # fmt: skip
    rate = dict(answered.iter_rows())

    assert rate[True] < 0.7 * rate[False]


def test_a_pair_is_shown_once_and_every_impression_is_complete(dataset: Dataset) -> None:
    shown = dataset.events.filter(kind="impression")

    assert shown.select("candidate_id", "job_id").is_unique().all()
    assert shown.select("list_id", "position").is_unique().all()
    assert shown.group_by("list_id").agg(pl.col("job_id").n_unique())["job_id"].max() == 1
    assert shown["model_version"].unique().to_list() == [POLICY]
    assert shown.null_count().sum_horizontal().item() == 0


def test_the_logged_propensity_falls_with_the_root_of_the_position(dataset: Dataset) -> None:
    shown = dataset.events.filter(kind="impression")

    assert np.allclose(shown["propensity"], shown["position"].cast(pl.Float64) ** -0.5)


def test_outreach_falls_with_position(dataset: Dataset) -> None:
    rate = dataset.events.group_by("position").agg(
        (pl.col("kind") == "outreach").sum() / (pl.col("kind") == "impression").sum()
    )
    by_position = dict(rate.iter_rows())

    assert by_position[1] > 2 * np.mean([by_position[p] for p in range(15, 26)])


def test_lists_reach_most_of_the_market(dataset: Dataset) -> None:
    shown = dataset.events.filter(kind="impression")

    assert shown["candidate_id"].n_unique() > 0.95 * dataset.candidates["candidate_id"].n_unique()
    assert shown["job_id"].n_unique() > 0.9 * len(dataset.jobs)
    most = shown["candidate_id"].value_counts()["count"].max()
    assert most < 0.01 * len(shown)  # type: ignore[operator]


def test_some_profiles_are_edited_and_some_values_are_missing(dataset: Dataset) -> None:
    versions = dataset.candidates["candidate_id"].value_counts()["count"]
    missing = dataset.candidates["expected_salary_usd_per_year"].is_null().mean()

    assert versions.max() == 2
    assert 0.2 < (versions == 2).mean() < 0.7
    assert 0.05 < missing < 0.15  # type: ignore[operator]
    assert 0.01 < dataset.jobs["min_experience_years"].is_null().mean() < 0.12  # type: ignore[operator]


def test_the_new_technology_is_not_in_the_log(dataset: Dataset) -> None:
    for table in (dataset.candidates, dataset.jobs):
        assert NEW_TECHNOLOGY.lower() not in table.write_json().lower()


def test_pay_follows_experience_and_place(dataset: Dataset) -> None:
    pay = pl.col("expected_salary_usd_per_year").median()
    by_years = dataset.candidates.group_by(pl.col("experience_years") > 5).agg(pay)
    by_country = dict(dataset.candidates.group_by("country").agg(pay).iter_rows())
    senior = {key: value for key, value in by_years.iter_rows() if key is not None}

    assert senior[True] > 1.2 * senior[False]
    assert by_country["United States"] > 1.3 * by_country["Germany"] > 1.6 * by_country["Ukraine"]


def test_protected_attributes_have_a_table_of_their_own_and_depend_weakly_on_the_rest(dataset: Dataset) -> None:
    assert dataset.protected["candidate_id"].n_unique() == dataset.candidates["candidate_id"].n_unique()
    joined = dataset.candidates.join(dataset.protected, on="candidate_id")
    women = joined.select((pl.col("gender") == "woman").mean()).item()
    qa, devops = (
        joined.filter(pl.col("wish_roles").list.contains(role)).select((pl.col("gender") == "woman").mean()).item()
        for role in ("QA Engineer", "DevOps Engineer")
    )

    assert 0.12 < women < 0.3
    assert qa > devops + 0.05


def test_the_market_does_not_change_over_the_log() -> None:
    dataset = load(SOURCE.config)
    shown = dataset.events.filter(kind="impression").with_columns(
        late=pl.col("time") >= SOURCE.config.start + timedelta(weeks=13)
    )
    newest = dataset.candidates.unique("candidate_id", keep="first")
    columns = ["experience_years", "expected_salary_usd_per_year"]
    halves = shown.join(newest, on="candidate_id").group_by("late").agg(pl.col(columns).mean()).sort("late")
    spread = newest.select(pl.col(columns).std())

    for name in columns:
        assert abs(halves[name][1] - halves[name][0]) < 0.12 * spread[name][0], name


def test_progress_is_reported() -> None:
    messages: list[str] = []

    Marketplace(MarketplaceConfig(n_candidates=50, n_jobs=10, n_impressions=100, weeks=2)).load(
        None, seed=1, progress=messages.append
    )

    assert "week 2 of 2" in messages
