import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from matching.data.tables import Direction
from monitoring.quality import QualityFigure, QualitySettings, measure_quality, weighted_auc
from monitoring.windows import Sample
from tests.monitoring.market import Market


def _figures(reference: Sample, window: Sample) -> dict[tuple[str, str], QualityFigure]:
    return {(f.direction.value, f.measure): f for f in measure_quality(reference, window, "job_id")}


def _worse(reference: Sample, window: Sample) -> set[tuple[str, str]]:
    return {key for key, figure in _figures(reference, window).items() if figure.enough and figure.severity > 1}


def test_weighted_auc_is_the_auc_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    label = (rng.random(500) < 0.3).astype(float)
    score = np.round(rng.random(500) + 0.3 * label, 1)  # with ties
    auc, influence = weighted_auc(score, label, 1 - label)
    assert auc == pytest.approx(roc_auc_score(label, score))
    assert influence.sum() == pytest.approx(0, abs=1e-9)


def test_the_influence_gives_the_spread_of_the_auc() -> None:
    rng = np.random.default_rng(2)
    values, variances = [], []
    for _ in range(400):
        label = (rng.random(300) < 0.4).astype(float)
        auc, influence = weighted_auc(rng.normal(label), label, 1 - label)
        values.append(auc)
        variances.append((influence**2).sum())
    assert np.sqrt(np.mean(variances)) == pytest.approx(np.std(values), rel=0.1)


def test_calibrated_probabilities_promise_the_auc_that_comes(reference: Sample, market: Market) -> None:
    figure = _figures(reference, market.sample(3, lists=400, size=10))["company", "discrimination"]
    assert figure.observed == pytest.approx(figure.expected, abs=0.03)


def test_quiet_windows_stay_as_expected(reference: Sample, market: Market) -> None:
    worse = [_worse(reference, market.sample(500 + seed, lists=100, size=10)) for seed in range(100)]
    assert sum(map(bool, worse)) <= 3


def test_unseen_rows_are_expected_to_be_no_more_often(reference: Sample, market: Market) -> None:
    """The reference knows propensities, which halve its rate of yes; the window was looked at for certain."""
    figure = _figures(reference, market.sample(4, lists=300, size=10))["company", "calibration"]
    assert figure.baseline == pytest.approx(1.0, abs=0.1)
    assert abs(figure.change) < 0.15


def test_a_changed_taste_is_worse_quality_of_that_side_only(reference: Sample, market: Market) -> None:
    worse = _worse(reference, market.with_(candidate_taste=-0.3).sample(5, lists=200, size=10))
    assert ("candidate", "discrimination") in worse
    assert not {key for key in worse if key[0] == "company"}


def test_fewer_yes_than_expected_is_worse_calibration(reference: Sample, market: Market) -> None:
    window = market.sample(6, lists=200, size=10)
    rng = np.random.default_rng(0)
    kept = pl.Series(rng.random(len(window)) < 0.5)
    fewer = Sample.of(window.frame.with_columns(company_label=pl.col("company_label") & kept), "test")
    figure = _figures(reference, fewer)["company", "calibration"]
    assert figure.severity > 1
    assert figure.change == pytest.approx(-0.5, abs=0.12)


def test_another_mix_of_candidates_is_not_worse_quality(reference: Sample, market: Market) -> None:
    """Keeping only middling candidates halves the spread of scores and lowers the AUC, as the scores promise."""
    window = market.sample(7, lists=400, size=10).frame
    middle = window.filter(pl.col("candidate_probability").is_between(0.4, 0.6))
    figures = _figures(reference, Sample.of(middle, "test"))
    assert figures["candidate", "discrimination"].observed < 0.65
    assert figures["candidate", "discrimination"].severity < 1


def test_the_holdouts_own_miscalibration_is_the_baseline(reference: Sample, market: Market) -> None:
    doubled = pl.col("company_probability") * 1.3
    before, now = (Sample.of(s.frame.with_columns(doubled), "x") for s in (reference, market.sample(8, 200, 10)))
    assert ("company", "calibration") not in _worse(before, now)
    assert ("company", "calibration") in _worse(reference, now)


def test_few_labels_are_not_enough(reference: Sample, market: Market) -> None:
    window = market.sample(9, lists=12, size=4)
    assert not any(figure.enough for figure in measure_quality(reference, window, "job_id"))


def test_a_direction_without_labels_has_no_figure(reference: Sample, market: Market) -> None:
    frame = market.sample(9, lists=100, size=10).frame.with_columns(candidate_label=pl.lit(None, dtype=pl.Boolean))
    figures = measure_quality(reference, Sample.of(frame, "test"), "job_id")
    assert {figure.direction for figure in figures} == {Direction.COMPANY}


def test_lists_that_agree_count_as_one_draw(reference: Sample, market: Market) -> None:
    window = market.sample(10, lists=100, size=10, lists_per_job=10)
    alone = Sample.of(window.frame.with_columns(candidate_id=pl.row_index().cast(pl.String)), "test")
    whole_list = pl.col("company_label").first().over("job_id")
    agreeing = Sample.of(alone.frame.with_columns(company_label=whole_list), "test")
    by_job = measure_quality(reference, agreeing, "job_id")[0].margin
    by_row = measure_quality(reference, agreeing, "candidate_id")[0].margin
    assert by_job > 3 * by_row


def test_settings_bound_the_margin(reference: Sample, market: Market) -> None:
    window = market.sample(12, lists=100, size=10)
    strict, loose = (
        measure_quality(reference, window, "job_id", QualitySettings(alpha=alpha))[0].margin for alpha in (1e-4, 0.1)
    )
    assert strict > 1.5 * loose
