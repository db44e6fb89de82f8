"""The simulated marketplace at the size of a business: 20,000 candidates, 4,000 jobs, a million impressions."""

from matching.estimators import Trees
from matching.problem import Problem
from matching.sources.marketplace import Marketplace, MarketplaceConfig

PROBLEM = Problem(
    source=Marketplace(MarketplaceConfig(n_candidates=20_000, n_jobs=4_000, n_impressions=1_000_000)),
    # A long log bears larger trees: on the calibration slice both directions have a smaller loss than with four leaves.
    estimator=Trees(max_leaf_nodes=6),
)
