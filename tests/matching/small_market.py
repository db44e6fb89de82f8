"""A small marketplace, split and fitted once for all tests of this room."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from matching.data.dataset import Dataset
from matching.data.splits import Splits, split
from matching.problems.estimators import Trees
from matching.problems.problem import Problem
from matching.sources.marketplace import SOURCE, Marketplace, MarketplaceConfig
from matching.training.fit import FittedModel, fit

SMALL = Problem(source=SOURCE, estimator=Trees(max_iter=60, max_bins=63, min_samples_leaf=30))


@dataclass(frozen=True)
class Trained:
    """The dataset, its splits and the fitted model."""

    dataset: Dataset
    parts: Splits
    model: FittedModel


def small_market(seed: int) -> Dataset:
    config = MarketplaceConfig(n_candidates=1_600, n_jobs=360, n_impressions=60_000)
    return Marketplace(config).load(None, seed=seed, progress=lambda _: None)


@pytest.fixture(scope="session")
def trained() -> Trained:
    dataset = small_market(7)
    parts = split(dataset, maturity=timedelta(days=14), seed=7)
    return Trained(dataset, parts, fit(parts.train, parts.calibration, seed=7, problem=SMALL))
