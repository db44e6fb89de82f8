from functools import cache

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from monitoring.drift import Comparison, DriftDetector, DriftSettings, Grid, bound
from monitoring.windows import Sample
from tests.monitoring.market import Market

LISTS, SIZE = 100, 10


@cache
def _detector(draws: int = 1_000) -> DriftDetector:
    return DriftDetector(_reference(11), seed=7, settings=DriftSettings(draws=draws))


def _reference(seed: int) -> Sample:
    return Market().sample(seed, lists=400, size=25, propensity=True)


def _window(seed: int, market: Market | None = None, lists: int = LISTS) -> Sample:
    return (market or Market()).sample(seed, lists=lists, size=SIZE)


def _alarms(detector: DriftDetector, window: Sample, unit: str = "job_id") -> list[str]:
    return [drift.column for drift in detector.compare(window, unit).columns if drift.severity > 1]


def _shape_threshold(comparison: Comparison, column: str) -> float:
    return next(drift.shape_threshold for drift in comparison.columns if drift.column == column)


@pytest.mark.slow
def test_quiet_windows_rarely_alarm_and_independent_rows_would() -> None:
    """Over many references, since one of them can be lucky: 160 windows."""
    alarms = naive_alarms = 0
    for seed in range(8):
        detector = DriftDetector(_half(_reference(100 + seed)), seed=7, settings=DriftSettings(draws=200))
        # Every row a draw of its own: what a permutation of rows assumes.
        alone = DriftDetector(_alone(detector.reference), seed=7, settings=DriftSettings(draws=200))
        for number in range(20):
            window = _half(_window(10_000 + 100 * seed + number))
            alarms += bool(_alarms(detector, window))
            naive_alarms += number < 5 and bool(_alarms(alone, _alone(window)))
    assert alarms / 160 <= 0.03
    assert naive_alarms / 40 >= 0.5


def _half(sample: Sample) -> Sample:
    """Keep every second feature: the time grows with their number, what is tested does not."""
    return Sample.of(sample.frame.drop(sample.features[1::2]), "test")


def _alone(sample: Sample) -> Sample:
    return Sample.of(sample.frame.with_columns(job_id=pl.row_index().cast(pl.String)), "test")


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"salary_factor": 1.25}, "candidate_expected_salary_usd_per_year"),
        ({"monthly_share": 0.3}, "candidate_expected_salary_usd_per_year"),
        ({"missing_salary": 0.4}, "candidate_expected_salary_usd_per_year"),
        ({"new_skill_share": 0.05}, "candidate_new_skill_share"),
    ],
)
def test_real_changes_are_seen(change: dict[str, float], column: str) -> None:
    found = [_alarms(_detector(draws=400), _window(seed, Market().with_(**change))) for seed in range(5)]
    assert all(column in alarms for alarms in found)


def test_a_change_too_small_to_matter_never_alarms() -> None:
    reference = Market().sample(5, lists=2_000, size=10)
    window = Market(salary_factor=1.03).sample(6, lists=2_000, size=10)
    found = DriftDetector(reference, seed=7, settings=DriftSettings(draws=200)).compare(window, "job_id")
    salary = next(drift for drift in found.columns if drift.column.startswith("candidate_expected"))
    assert 0.02 < salary.shape < 0.1
    assert salary.shape_threshold == pytest.approx(0.1)


def test_thresholds_shrink_as_windows_grow() -> None:
    small, large = (_detector().compare(_window(1, lists=lists), "job_id") for lists in (100, 400))
    assert _shape_threshold(large, "job_trait_0") < 0.75 * _shape_threshold(small, "job_trait_0")


def test_columns_of_the_job_need_larger_changes_than_columns_of_the_candidate() -> None:
    found = _detector().compare(_window(1), "job_id")
    assert _shape_threshold(found, "job_trait_0") > 1.5 * _shape_threshold(found, "candidate_trait_0")


def test_a_handful_of_rows_shows_nothing() -> None:
    assert not _detector().compare(_window(1), "job_id").is_blind
    assert _detector().compare(Market().sample(1, lists=4, size=2, lists_per_job=1), "job_id").is_blind


def test_the_same_seed_gives_the_same_thresholds() -> None:
    window = _window(1)
    assert _detector(draws=200).compare(window, "job_id") == _detector(draws=200).compare(window, "job_id")


def test_values_that_few_jobs_have_do_not_alarm() -> None:
    """One job in a hundred of the reference against four of a window of 25: too few to tell, not drift."""
    reference = Market().sample(21, lists=100, size=10, lists_per_job=1)
    window = Market().sample(22, lists=25, size=10, lists_per_job=1)
    rare = [_with_rare(sample, jobs) for sample, jobs in ((reference, 1), (window, 4))]
    found = DriftDetector(rare[0], seed=7).compare(rare[1], "job_id")
    drift = next(drift for drift in found.columns if drift.column == "job_trait_0")
    assert drift.missing > 0.2
    assert drift.severity < 1


def _with_rare(sample: Sample, jobs: int) -> Sample:
    chosen = sample.frame["job_id"].unique(maintain_order=True).head(jobs)
    empty = pl.when(pl.col("job_id").is_in(chosen)).then(pl.lit(None)).otherwise("job_trait_0")
    return Sample.of(sample.frame.with_columns(job_trait_0=empty.cast(pl.Float32)), "test")


def test_distances_are_those_of_scipy() -> None:
    from scipy.stats import ks_2samp

    rng = np.random.default_rng(3)
    before, now = rng.normal(size=(500, 1)), rng.normal(0.4, size=(700, 1))
    grid = Grid.fit(("x",), before)
    shape, missing = grid.distances(_counts(grid, now), _counts(grid, before))
    assert shape[0, 0] == pytest.approx(ks_2samp(before[:, 0], now[:, 0]).statistic, abs=0.01)
    assert missing[0, 0] == 0


def test_few_values_are_compared_one_by_one() -> None:
    before = np.array([[0.0], [0.0], [1.0], [np.nan]])
    now = np.array([[0.0], [0.5], [0.5], [1.0]])
    grid = Grid.fit(("x",), before)
    shape, missing = grid.distances(_counts(grid, now), _counts(grid, before))
    # 2/3, 1/3, 0 for 0, 1 and never seen, against 1/4, 1/4, 1/2.
    assert shape[0, 0] == pytest.approx(0.5)
    assert missing[0, 0] == pytest.approx(0.25)


def test_values_below_all_seen_ones_are_a_change() -> None:
    before = np.linspace(1, 2, 200)[:, None]
    grid = Grid.fit(("x",), before)
    shape, _ = grid.distances(_counts(grid, before / 12), _counts(grid, before))
    assert shape[0, 0] == pytest.approx(1.0)


def test_an_empty_column_has_no_shape() -> None:
    before = np.linspace(1, 2, 200)[:, None]
    grid = Grid.fit(("x",), before)
    shape, missing = grid.distances(_counts(grid, np.full((9, 1), np.nan)), _counts(grid, before))
    assert (shape[0, 0], missing[0, 0]) == (0.0, 1.0)


def _counts(grid: Grid, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.bincount(grid.codes(values).ravel(), minlength=int(grid.starts[-1])).astype(np.float64)[None, :]


def test_the_bound_holds_over_all_statistics_together() -> None:
    null = np.random.default_rng(5).exponential(size=(20_000, 30)) * np.linspace(0.1, 2, 30)
    limits = bound(null, np.zeros(30), alpha=0.01)
    assert (null > limits).any(axis=1).mean() == pytest.approx(0.01, abs=0.001)


def test_a_statistic_under_its_floor_does_not_raise_the_bound() -> None:
    null = np.random.default_rng(5).exponential(size=(5_000, 2)) * [1.0, 1e-3]
    limits = bound(null, np.array([0.0, 0.5]), alpha=0.01)
    alone = bound(null[:, :1], np.zeros(1), alpha=0.01)
    assert limits[0] == pytest.approx(alone[0])
    assert limits[1] == 0.5
