"""The encoder of the salary model: numbers and names become columns."""

from collections import Counter

import numpy as np

from matching.advice.salary.inputs import SalaryInputs
from matching.arrays import Floats, Floats32

PRIOR_PEOPLE = 10.0  # shrinks the pay difference of a name towards zero, as this many people without one would


class SalaryEncoder:
    """Turns inputs into columns.

    The columns are the numbers, their logs, and for each field of names: 0 or 1 for each known name, the number of
    names, and the mean pay difference of the known ones.

    Attributes:
        numbers: fields of numbers.
        columns: by field of names, the names that are columns, each with its mean difference in the log of the salary.

    >>> encoder = SalaryEncoder(["years"], {"skills": {"go": 0.25, "rust": 0.5}})
    >>> inputs = SalaryInputs({"years": np.array([0.0])}, {"skills": [["Go", "COBOL"]]})
    >>> encoder.transform(inputs)  # years, log(1 + years), Go, Rust, two skills, pay difference of Go
    array([[0.  , 0.  , 1.  , 0.  , 2.  , 0.25]], dtype=float32)
    """

    def __init__(self, numbers: list[str], columns: dict[str, dict[str, float]]) -> None:
        self.numbers = numbers
        self.columns = columns

    @classmethod
    def fit(cls, inputs: SalaryInputs, log_salary: Floats, *, fewest_people: int, most_names: int) -> "SalaryEncoder":
        """Choose the names that become columns: the most frequent ones.

        Args:
            inputs: what is known about n people.
            log_salary: logs of their salaries, shape (n,).
            fewest_people: a name that fewer people have is left out, because rare names identify people.
            most_names: largest number of names in each field.
        """
        above = log_salary - log_salary.mean()
        columns = {}
        for field, rows in sorted(inputs.names.items()):  # the order that JSON keeps
            people: Counter[str] = Counter()
            pay: Counter[str] = Counter()
            for row, value in zip(rows, above.tolist(), strict=True):
                for name in set(_normalised(row)):
                    people[name] += 1
                    pay[name] += value
            frequent = sorted(people, key=lambda name: (-people[name], name))[:most_names]
            kept = sorted(name for name in frequent if people[name] >= fewest_people)
            columns[field] = {name: pay[name] / (people[name] + PRIOR_PEOPLE) for name in kept}
        return cls(list(inputs.numbers), columns)

    def transform(self, inputs: SalaryInputs) -> Floats32:
        """Return the columns, shape (n, n_columns)."""
        numbers = [inputs.numbers[name] for name in self.numbers]
        blocks = [*numbers, *(np.log1p(values) for values in numbers)]
        for field, known in self.columns.items():
            place = {name: column for column, name in enumerate(known)}
            block = np.zeros((len(inputs.names[field]), len(known) + 2))
            for row, names in enumerate(inputs.names[field]):
                held = [name for name in dict.fromkeys(_normalised(names)) if name in place]
                block[row, [place[name] for name in held]] = 1.0
                block[row, -2:] = len(names), np.mean([known[name] for name in held]) if held else 0.0
            blocks.extend(block.T)
        return np.column_stack(blocks).astype(np.float32)


def _normalised(names: list[str]) -> list[str]:
    return [name.strip().lower() for name in names]
