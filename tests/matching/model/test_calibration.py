import numpy as np
import pytest
from scipy.special import expit, logit

from matching.model.calibration import Sigmoid, fit_sigmoid


def sample(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    p = np.random.default_rng(seed).uniform(0.02, 0.6, n)
    return p, expit((logit(p) - 0.5) / 2)  # scores that are too close to each other, and shifted


def test_it_recovers_a_known_distortion() -> None:
    p, score = sample(200_000, 1)
    label = (np.random.default_rng(2).random(len(p)) < p).astype(float)
    ones = np.ones_like(p)
    fitted = fit_sigmoid(score, label, propensity=ones, weight=ones)
    assert fitted.slope == pytest.approx(2, rel=0.05)
    assert np.abs(fitted.apply(score) - p).mean() < 0.01


def test_it_recovers_probabilities_although_only_some_pairs_were_examined() -> None:
    p, score = sample(200_000, 3)
    generator = np.random.default_rng(4)
    propensity = generator.uniform(0.2, 1, len(p))
    label = (generator.random(len(p)) < p * propensity).astype(float)
    ones = np.ones_like(p)
    corrected = fit_sigmoid(score, label, propensity=propensity, weight=ones).apply(score)
    naive = fit_sigmoid(score, label, propensity=ones, weight=ones).apply(score)
    assert np.abs(corrected - p).mean() < 0.015
    assert np.abs(naive - p).mean() > 0.08


def test_a_weight_of_two_equals_two_rows() -> None:
    p, score = sample(2_000, 5)
    label = (np.random.default_rng(6).random(len(p)) < p).astype(float)
    ones = np.ones_like(p)
    weight = np.where(np.arange(len(p)) % 2, 2.0, 1.0)
    twice = np.repeat(np.arange(len(p)), weight.astype(int))
    weighted = fit_sigmoid(score, label, propensity=ones, weight=weight)
    repeated = fit_sigmoid(score[twice], label[twice], propensity=ones[twice], weight=ones[twice])
    assert weighted.slope == pytest.approx(repeated.slope, abs=1e-3)
    assert weighted.intercept == pytest.approx(repeated.intercept, abs=1e-3)


def test_probabilities_of_zero_and_one_stay_finite() -> None:
    assert np.isfinite(Sigmoid(1, 0).apply(np.array([0.0, 1.0]))).all()
