"""A fitted direction: a classifier and its calibration."""

from dataclasses import dataclass
from typing import Any

from matching.arrays import Floats, Floats32
from matching.model.calibration import Sigmoid


@dataclass(frozen=True)
class DirectionModel:
    """One direction: a classifier and its calibration."""

    classifier: Any
    calibration: Sigmoid

    def predict(self, features: Floats32) -> Floats:
        """Calibrated probability of a yes, shape (n,)."""
        return self.calibration.apply(self.classifier.predict_proba(features)[:, 1])
