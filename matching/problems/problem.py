"""The matching problem, declared in one place: source, features, estimator, slices and gate thresholds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from matching.data.dataset import Source
from matching.evaluation.thresholds import GateThresholds
from matching.features.feature_set import FeatureSet
from matching.features.pair_features import PairFeatures
from matching.problems.estimators import Estimator, Trees

SLICES = (
    "candidate.remote_wish",
    "candidate.country",
    "candidate.experience_years",
    "job.remote_policy",
    "job.company_size",
    "job.max_salary_usd_per_year",
)


@dataclass(frozen=True)
class Problem:
    """A matching problem; the module `matching.problems.<name>` declares one as `PROBLEM`.

    >>> from matching.sources.tables import SOURCE
    >>> problem = Problem(source=SOURCE, estimator=Trees(max_iter=100), slices=("job.industry",), needs_files=True)
    >>> problem.thresholds.min_auc
    0.6

    Attributes:
        source: where the data comes from.
        features: makes an unfitted feature set.
        estimator: makes an unfitted scikit-learn classifier with `predict_proba`, given a seed.
        slices: profile columns; calibration is checked for each of their values.
        thresholds: what the gate requires of a model.
        needs_files: whether the source reads a folder given with `--data`.
    """

    source: Source
    features: Callable[[], FeatureSet[Any]] = PairFeatures
    estimator: Estimator = field(default_factory=Trees)
    slices: tuple[str, ...] = SLICES
    thresholds: GateThresholds = field(default_factory=GateThresholds)
    needs_files: bool = False
