"""An interval covers the true rate at its nominal level, and is absent without enough data."""

import json
from pathlib import Path

import numpy as np
import pytest

from matching.data.tables import Direction
from matching.model import support
from matching.model.support import MIN_ROWS, Completeness, Support
from tests.matching.small_market import Trained

NO_FEATURES = np.empty(0, dtype=np.float32)
"""Features of a pair that needs none."""


def logged(
    generator: np.random.Generator, n: int, *, bias: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Truth, prediction, label and propensity of a log in which some pairs were not examined."""
    truth = generator.beta(2, 5, n)
    propensity = generator.uniform(0.2, 1.0, n) if bias else np.ones(n)
    label = (generator.random(n) < truth * propensity).astype(float)
    return truth, 0.8 * truth + 0.05, label, propensity


@pytest.mark.parametrize("bias", [False, True])
def test_intervals_cover_the_true_rate_of_their_bin_at_the_nominal_level(bias: bool) -> None:
    generator = np.random.default_rng(1)
    covered, total = 0, 0
    for _ in range(40):
        truth, predicted, label, propensity = logged(generator, 4_000, bias=bias)
        for one in support.fit(predicted, label, propensity=propensity, weight=np.ones(4_000)).bins:
            members = (predicted >= one.lowest) & (predicted <= one.highest)
            covered += one.low <= np.average(truth[members], weights=propensity[members]) <= one.high
            total += 1
    assert total == 40 * support.BINS
    assert 0.925 <= covered / total <= 0.975  # nominal .95, standard error .008


def test_intervals_of_a_trained_model_cover_the_best_achievable_rate(trained: Trained) -> None:
    rows, truth = trained.parts.calibration, trained.dataset.truth
    assert truth is not None
    scores = trained.model.score_features(trained.model.transform(rows.pairs))
    fitted = support.fit_all(scores, rows)
    company, candidate = (truth.best_achievable(direction, rows.pairs) for direction in Direction)
    propensity, ones = rows.propensity, np.ones(len(rows))
    targets = {
        "company": (scores.company, rows.company, company, propensity),
        "candidate": (scores.candidate, rows.candidate, candidate, ones),
        "match": (scores.match, rows.match(), company * candidate, propensity),
    }
    covered, total = 0, 0
    for target, (predicted, label, best_achievable, weight) in targets.items():
        for one in fitted[target].bins:
            members = ~np.isnan(label) & (predicted >= one.lowest) & (predicted <= one.highest)
            covered += one.low <= np.average(best_achievable[members], weights=weight[members]) <= one.high
            total += 1
    assert total > 2 * support.BINS
    assert covered >= total - 6  # of 41 at .95, seven or more misses come by chance in 4 of 1,000 tables


def test_more_rows_give_a_narrower_interval_around_the_prediction() -> None:
    generator = np.random.default_rng(2)
    few, many = (
        support.fit(p, y, propensity=t, weight=np.ones(len(p)))
        for _, p, y, t in (logged(generator, n, bias=True) for n in (3_000, 60_000))
    )
    for probability in (0.15, 0.3):
        wide, narrow = few.interval(probability, NO_FEATURES), many.interval(probability, NO_FEATURES)
        assert wide is not None
        assert narrow is not None
        assert 0 <= wide[0] < wide[1] <= 1
        assert narrow[1] - narrow[0] < 0.5 * (wide[1] - wide[0])


def test_equal_weights_change_no_interval_and_unequal_ones_widen_it() -> None:
    generator = np.random.default_rng(3)
    _, p, y, t = logged(generator, 2_000, bias=False)
    unweighted = support.fit(p, y, propensity=t, weight=np.ones(2_000)).bins[0]
    scaled = support.fit(p, y, propensity=t, weight=np.full(2_000, 7.0)).bins[0]
    assert (scaled.low, scaled.high) == pytest.approx((unweighted.low, unweighted.high), abs=0.01)
    heavy = support.fit(p, y, propensity=t, weight=generator.choice([1.0, 50.0], 2_000, p=[0.95, 0.05])).bins[0]
    assert heavy.high - heavy.low > 1.3 * (unweighted.high - unweighted.low)


def test_too_few_rows_or_a_prediction_out_of_range_is_not_enough_data() -> None:
    generator = np.random.default_rng(4)
    _, p, y, t = logged(generator, 2_000, bias=False)
    fitted = support.fit(p, y, propensity=t, weight=np.ones(2_000))
    assert fitted.interval(float(p.max()), NO_FEATURES) is not None
    assert fitted.interval(float(p.min()), NO_FEATURES) is not None
    assert fitted.interval(float(p.max()) + 0.01, NO_FEATURES) is None
    assert fitted.interval(float(p.min()) - 0.01, NO_FEATURES) is None
    few = MIN_ROWS - 1
    thin = support.fit(p[:few], y[:few], propensity=t[:few], weight=np.ones(few))
    assert thin.interval(float(np.median(p[:few])), NO_FEATURES) is None
    nothing = support.fit(*(np.empty(0) for _ in range(2)), propensity=np.empty(0), weight=np.empty(0))
    assert nothing.interval(0.5, NO_FEATURES) is None


def test_a_pair_that_lacks_more_features_than_the_split_is_not_enough_data() -> None:
    generator = np.random.default_rng(6)
    _, p, y, t = logged(generator, 2_000, bias=False)
    completeness = Completeness((0, 1, 2), 1)
    fitted = support.fit(p, y, propensity=t, weight=np.ones(2_000), completeness=completeness)
    nan = np.nan
    rows = np.array([[1, 1, 1, nan], [nan, 1, 1, nan], [1, nan, nan, nan], [1, nan, nan, 5]], dtype=np.float32)
    within, at, beyond, other = fitted.intervals(np.full(4, 0.3), rows)
    assert within == at is not None
    assert beyond is None
    assert other is None, "a feature that no pair of the split has makes up for nothing"


def test_a_pair_may_lack_as_many_features_as_enough_rows_do() -> None:
    features = np.ones((1_000, 12), dtype=np.float32)
    features[: MIN_ROWS - 1, :9] = np.nan
    features[MIN_ROWS - 1, :4] = np.nan
    features[MIN_ROWS:, 11] = np.nan
    features[0, 11] = np.nan  # one row fewer than a bin needs has this feature
    completeness = Completeness.of(features)
    assert completeness.counted == tuple(range(11))
    assert completeness.most_missing == 4
    features[MIN_ROWS - 1, :9] = np.nan
    assert Completeness.of(features).most_missing == 9
    assert Completeness.of(features[: MIN_ROWS - 1]) == Completeness()
    assert Completeness.of(features[:0]) == Completeness()


def test_every_target_needs_the_completeness_of_the_whole_split(trained: Trained) -> None:
    rows = trained.parts.calibration
    features = trained.model.transform(rows.pairs)
    fitted = support.fit_all(trained.model.score_features(features), rows)
    assert {one.completeness for one in fitted.values()} == {Completeness.of(features)}
    labelled = features[~np.isnan(rows.label(Direction.CANDIDATE))]
    assert Completeness.of(labelled) != Completeness.of(features), "otherwise this test proves nothing"


def test_equal_predictions_share_a_bin_and_a_rate_of_zero_has_width() -> None:
    p, y, ones = np.full(1_000, 0.2), np.zeros(1_000), np.ones(1_000)
    (only,) = support.fit(p, y, propensity=ones, weight=ones).bins
    assert (only.yes_rate, only.low) == (0.0, pytest.approx(0, abs=1e-5))
    assert 0.001 < only.high < 0.01


def test_state_is_restored_and_a_bundle_without_it_has_no_intervals(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    _, p, y, t = logged(generator, 2_000, bias=True)
    fitted = support.fit(p, y, propensity=t, weight=np.ones(2_000))
    assert support.read(tmp_path) == {}
    support.write({"match": fitted}, tmp_path)
    assert support.read(tmp_path) == {"match": fitted}
    older = json.loads((tmp_path / support.SUPPORT).read_text()) | {"format": 1}
    (tmp_path / support.SUPPORT).write_text(json.dumps(older))
    assert support.read(tmp_path) == {}
    assert Support.from_state(fitted.to_state()).interval(0.3, NO_FEATURES) == fitted.interval(0.3, NO_FEATURES)
    incomplete = Support((), Completeness((0, 2), 4))
    assert Support.from_state(json.loads(json.dumps(incomplete.to_state()))) == incomplete
