"""A public job board's log of views: one direction, service jobs, no skills and no salaries."""

from matching.estimators import Trees
from matching.problem import Problem
from matching.sources.job_board import SOURCE

PROBLEM = Problem(
    source=SOURCE,
    # Few views, few columns: smaller trees rank the view before the last one better than the default ones do.
    estimator=Trees(max_iter=300, learning_rate=0.04, max_leaf_nodes=8, l2_regularization=20.0),
    slices=("candidate.region", "candidate.experience_years"),
    needs_files=True,
)
