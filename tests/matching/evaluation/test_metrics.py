import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from matching.evaluation import metrics


def test_ndcg_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    scores, gains = generator.random((40, 25)), generator.random((40, 25))
    lists = np.repeat(np.arange(40), 25)
    _, ours = metrics.ndcg_by_list(lists, scores.ravel(), gains.ravel(), k=10)
    theirs = [ndcg_score(gains[[i]], scores[[i]], k=10) for i in range(40)]
    np.testing.assert_allclose(ours, theirs)


def test_ndcg_leaves_out_lists_without_any_gain() -> None:
    codes, values = metrics.ndcg_by_list(np.array([7, 7, 9, 9]), np.array([2.0, 1, 2, 1]), np.array([0.0, 0, 0, 1]))
    assert codes.tolist() == [9]
    assert values[0] == pytest.approx(1 / np.log2(3))


def test_ndcg_does_not_depend_on_the_order_of_rows() -> None:
    generator = np.random.default_rng(2)
    lists, score, gain = generator.integers(0, 9, 300), generator.random(300), generator.random(300)
    shuffle = generator.permutation(300)
    _, before = metrics.ndcg_by_list(lists, score, gain)
    _, after = metrics.ndcg_by_list(lists[shuffle], score[shuffle], gain[shuffle])
    np.testing.assert_allclose(before, after)


def test_true_probabilities_have_a_small_calibration_error_and_wrong_ones_a_known_one() -> None:
    generator = np.random.default_rng(3)
    p = generator.uniform(0.05, 0.4, 200_000)
    ones = np.ones_like(p)
    label = (generator.random(len(p)) < p).astype(float)
    assert metrics.calibration_error(label, p, ones, ones) < 0.005
    assert metrics.calibration_error(label, p + 0.1, ones, ones) == pytest.approx(0.1, abs=0.005)


def test_calibration_error_is_corrected_for_pairs_that_were_not_examined() -> None:
    generator = np.random.default_rng(4)
    p, propensity = generator.uniform(0.05, 0.4, 200_000), generator.uniform(0.2, 1, 200_000)
    label = (generator.random(len(p)) < p * propensity).astype(float)
    ones = np.ones_like(p)
    assert metrics.calibration_error(label, p, propensity, ones) < 0.01
    assert metrics.calibration_error(label, p, ones, ones) > 0.05


def test_log_loss_is_lowest_at_the_true_probability() -> None:
    generator = np.random.default_rng(5)
    label = (generator.random(50_000) < 0.3 * 0.5).astype(float)
    half = np.full(len(label), 0.5)
    losses = [metrics.log_losses(label, np.full(len(label), p), half).mean() for p in (0.2, 0.3, 0.4)]
    assert losses[1] == min(losses)


def test_auc_of_one_class_is_undefined() -> None:
    assert np.isnan(metrics.auc(np.zeros(3), np.arange(3.0)))
    assert metrics.auc(np.array([0.0, 1]), np.array([0.1, 0.2])) == 1
