from functools import cache

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from monitoring.drift import DriftDetector, DriftSettings, Grid, Thresholds, bound
from monitoring.windows import Sample
from tests.monitoring.market import Market

LISTS, SIZE = 100, 10
REFERENCES = 8
WINDOWS_EACH = 30


@cache
def _reference(seed: int) -> Sample:
    return Market().sample(seed, lists=400, size=25, propensity=True)


def _window(seed: int, market: Market | None = None) -> Sample:
    return (market or Market()).sample(seed, lists=LISTS, size=SIZE)


def _sizes(window: Sample) -> NDArray[np.int64]:
    return np.sort(np.bincount(window.clusters("job_id")))


def _detector(seed: int = 11, settings: DriftSettings | None = None) -> tuple[DriftDetector, Thresholds]:
    detector = DriftDetector(_reference(seed), "job_id", seed=7, settings=settings)
    return detector, detector.thresholds(_sizes(_window(1)))


def _alarms(detector: DriftDetector, thresholds: Thresholds, window: Sample) -> list[str]:
    return [drift.column for drift in detector.measure(window, thresholds) if drift.severity > 1]


def test_quiet_windows_rarely_alarm_and_independent_rows_would() -> None:
    """Over many references, since one of them can be lucky: 240 windows."""
    alarms = naive_alarms = 0
    for seed in range(REFERENCES):
        detector, thresholds = _detector(100 + seed)
        # Every row a cluster of its own: what a permutation of rows assumes.
        rows = DriftDetector(_alone(_reference(100 + seed)), "job_id", seed=7)
        naive = rows.thresholds(np.ones(LISTS * SIZE, dtype=np.int64))
        for number in range(WINDOWS_EACH):
            window = _window(10_000 + 100 * seed + number)
            alarms += bool(_alarms(detector, thresholds, window))
            naive_alarms += bool(_alarms(rows, naive, window))
    total = REFERENCES * WINDOWS_EACH
    assert alarms / total <= 0.03
    assert naive_alarms / total >= 0.5


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
    detector, thresholds = _detector()
    found = [_alarms(detector, thresholds, _window(seed, Market().with_(**change))) for seed in range(20)]
    assert sum(column in alarms for alarms in found) >= 19


def test_a_change_too_small_to_matter_never_alarms() -> None:
    reference = Market().sample(5, lists=2_000, size=25)
    detector = DriftDetector(reference, "job_id", seed=7)
    window = Market(salary_factor=1.03).sample(6, lists=2_000, size=20)
    thresholds = detector.thresholds(_sizes(window))
    salary = next(d for d in detector.measure(window, thresholds) if d.column.startswith("candidate_expected"))
    assert 0.02 < salary.shape < 0.1
    assert salary.shape_threshold == pytest.approx(0.1)


def test_thresholds_shrink_as_windows_grow() -> None:
    detector, small = _detector()
    large = detector.thresholds(np.full(400, SIZE))
    job = detector.columns.index("job_trait_0")
    assert large.shape[job] < 0.75 * small.shape[job]


def test_columns_of_the_job_need_larger_changes_than_columns_of_the_candidate() -> None:
    detector, thresholds = _detector()
    job, candidate = (detector.columns.index(name) for name in ("job_trait_0", "candidate_trait_0"))
    assert thresholds.shape[job] > 1.5 * thresholds.shape[candidate]


def test_a_handful_of_lists_shows_nothing() -> None:
    detector, thresholds = _detector()
    settings = DriftSettings()
    assert not thresholds.is_blind(settings)
    assert detector.thresholds(np.array([1, 1, 2])).is_blind(settings)


def test_the_same_seed_gives_the_same_thresholds() -> None:
    (_, first), (_, second) = _detector(), _detector()
    np.testing.assert_array_equal(first.shape, second.shape)
    np.testing.assert_array_equal(first.missing, second.missing)


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
