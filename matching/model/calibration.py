"""Calibration: probabilities that agree with observed shares, although not every pair that was shown was examined."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit, logit

from matching.arrays import Floats

EDGE = 1e-6


@dataclass(frozen=True)
class Sigmoid:
    """Platt scaling: calibrated = sigmoid(slope * logit(p) + intercept).

    >>> Sigmoid(slope=1.0, intercept=-1.0).apply(np.array([0.25, 0.5, 0.75])).round(3)
    array([0.109, 0.269, 0.525])

    Source: Platt (1999), "Probabilistic outputs for support vector machines".
    """

    slope: float
    intercept: float

    def apply(self, probability: Floats) -> Floats:
        """Calibrate probabilities of shape (n,)."""
        return np.asarray(expit(self.slope * clipped_logit(probability) + self.intercept))


def clipped_logit(probability: Floats) -> Floats:
    """Log odds of probabilities of shape (n,), finite at 0 and 1."""
    return np.asarray(logit(np.clip(probability.astype(np.float64), EDGE, 1 - EDGE)))


def fit_sigmoid(probability: Floats, label: Floats, *, propensity: Floats, weight: Floats) -> Sigmoid:
    """Fit slope and intercept by maximum likelihood; P(a yes is observed) is propensity x calibrated probability.

    Args:
        probability: uncalibrated scores in (0, 1), shape (n,).
        label: 1 for a yes, 0 for a no, shape (n,).
        propensity: probability that the pair was examined, shape (n,).
        weight: number of rows that each row stands for, shape (n,).
    """
    from scipy.optimize import minimize  # a service does not fit, and starts without it

    odds = clipped_logit(probability)
    scale = weight / weight.sum()

    def loss(parameters: Floats) -> float:
        z = parameters[0] * odds + parameters[1]
        yes = log_expit(z) + np.log(propensity)
        no = np.log1p(-propensity * expit(z) * (1 - 1e-12))
        return -float(np.sum(scale * np.where(label == 1, yes, no)))

    start = np.array([1.0, 0.0])
    best = minimize(loss, start, method="L-BFGS-B", bounds=[(0.05, 20.0), (-20.0, 20.0)])
    return Sigmoid(float(best.x[0]), float(best.x[1]))
