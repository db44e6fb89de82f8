"""The simulated marketplace, whose truth is known."""

from matching.problems.problem import Problem
from matching.sources.marketplace import SOURCE

PROBLEM = Problem(source=SOURCE)
