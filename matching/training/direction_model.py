"""A fitted direction: a classifier and its calibration."""

from dataclasses import dataclass
from typing import Any

from matching.arrays import Floats, Floats32
from matching.model.calibration import Sigmoid


@dataclass(frozen=True)
class DirectionModel:
    """A fitted direction.

    Attributes:
        classifier: a scikit-learn classifier with `predict_proba`.
        calibration: turns its probabilities into calibrated ones.
    """

    classifier: Any
    calibration: Sigmoid

    def predict(self, features: Floats32) -> Floats:
        """Return the calibrated probability of a yes, shape (n,)."""
        return self.calibration.apply(self.classifier.predict_proba(features)[:, 1])
