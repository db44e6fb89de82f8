"""A public job board's log of views: one direction, service jobs, no skills and no salaries."""

from matching.problems.problem import Problem
from matching.sources.job_board import SOURCE

PROBLEM = Problem(
    source=SOURCE,
    slices=("candidate.region", "candidate.experience_years"),
    needs_files=True,
)
