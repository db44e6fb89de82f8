"""The simulated marketplace at the size of a business: 20,000 candidates, 4,000 jobs, a million impressions."""

from matching.problems.estimators import Trees
from matching.problems.problem import Problem
from matching.sources.marketplace import Marketplace, MarketplaceConfig

PROBLEM = Problem(
    source=Marketplace(MarketplaceConfig(n_candidates=20_000, n_jobs=4_000, n_impressions=1_000_000)),
    # With four leaves, remote wish and remote policy are combined too coarsely: the worst slice misses its target.
    estimator=Trees(max_leaf_nodes=6),
)
