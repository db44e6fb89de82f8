"""Inputs of the salary model: what is known about people, from any source."""

import re
from dataclasses import dataclass

import polars as pl

from matching.arrays import Floats, Integers
from matching.data.columns import floats, singletons
from matching.features.tfidf import TOKEN


@dataclass(frozen=True)
class SalaryInputs:
    """What is known about n people.

    Attributes:
        numbers: values by field, shape (n,), not negative; NaN if unknown.
        names: lists of names by field, length n, such as skills, roles or places.

    >>> inputs = SalaryInputs({"years": np.array([2.0, 8.0])}, {"skills": [["Go"], ["Go", "Rust"]]})
    >>> inputs.take(np.array([1])).names
    {'skills': [['Go', 'Rust']]}
    """

    numbers: dict[str, Floats]
    names: dict[str, list[list[str]]]

    def take(self, rows: Integers) -> "SalaryInputs":
        """Keep the given people."""
        numbers = {field: values[rows] for field, values in self.numbers.items()}
        return SalaryInputs(numbers, {field: [values[row] for row in rows] for field, values in self.names.items()})


def candidate_inputs(candidates: pl.DataFrame) -> SalaryInputs:
    """Return the inputs of candidates, rows of `CandidateProfile`."""
    skills = [[skill["name"] for skill in row] for row in candidates["skills"].to_list()]
    return SalaryInputs(
        numbers={"experience_years": floats(candidates["experience_years"])},
        names={
            "skills": skills,
            "headline": [re.findall(TOKEN, headline.lower()) for headline in candidates["headline"].to_list()],
            "wish_roles": candidates["wish_roles"].to_list(),
            **{place: singletons(candidates[place]) for place in ("city", "region", "country", "remote_wish")},
        },
    )
