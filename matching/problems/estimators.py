"""Estimators: what learns a direction. Any scikit-learn classifier that skl2onnx can convert will do."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from matching.arrays import Floats, Floats32


class Estimator(Protocol):
    """Makes an unfitted classifier."""

    def __call__(self, seed: int) -> Any:
        """Return a scikit-learn classifier with `fit`, `predict_proba` and `get_params`."""
        ...


@dataclass(frozen=True)
class Trees:
    """Gradient boosted trees with these settings; see scikit-learn's `HistGradientBoostingClassifier`.

    >>> classifier = Trees(max_iter=100)(seed=7)
    >>> classifier.max_iter, classifier.random_state
    (100, 7)
    """

    max_iter: int = 250
    learning_rate: float = 0.07
    max_leaf_nodes: int = 4
    min_samples_leaf: int = 60
    l2_regularization: float = 20.0
    max_features: float = 0.5
    max_bins: int = 255

    def __call__(self, seed: int) -> HistGradientBoostingClassifier:
        """Return unfitted trees."""
        return HistGradientBoostingClassifier(**asdict(self), random_state=seed, early_stopping=False)


def fit_weighted(classifier: Any, X: Floats32, label: Floats, weight: Floats) -> Any:
    """Fit a classifier, or a pipeline that ends in one, to weighted rows; return it."""
    # scikit-learn cannot bin a column without values; a constant one is never split on.
    X = np.where(np.isnan(X).all(axis=0), np.float32(0), X)
    name = f"{classifier.steps[-1][0]}__sample_weight" if isinstance(classifier, Pipeline) else "sample_weight"
    return classifier.fit(X, label.astype(int), **{name: weight})


def settings_of(classifier: Any) -> dict[str, Any]:
    """Return the parameters of a classifier that JSON can represent; in a pipeline they are named `step__parameter`."""
    simple = (bool, int, float, str, type(None))
    return {name: value for name, value in classifier.get_params().items() if isinstance(value, simple)}
