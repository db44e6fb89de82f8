"""Your own tables, in the form that `docs/how-to/bring-your-own-data.md` describes."""

from matching.problems.problem import Problem
from matching.sources.tables import SOURCE

PROBLEM = Problem(source=SOURCE, needs_files=True)
