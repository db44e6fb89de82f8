"""How much each skill says about a person: the rarer, the more."""

from collections import Counter

import numpy as np

from matching.features.name_rows import NAME_COLUMNS, name_column
from matching.text import skills

FEWEST_PEOPLE = 5


class SkillRarity:
    """Weights of skills; one that was never seen counts as the rarest.

    Attributes:
        by_name: weight of each known skill by its canonical name; the fitted state, data only.
        weight: weight of each hashed column, shape (NAME_COLUMNS,).
        known: 1 for the columns of known skills, else 0, shape (NAME_COLUMNS,).
        spellings: how the known skills are spelled in free text.
    """

    def __init__(self, by_name: dict[str, float] | None = None) -> None:
        self.by_name = by_name or {}
        self.weight = np.full(NAME_COLUMNS, max(self.by_name.values(), default=1.0))
        self.known = np.zeros(NAME_COLUMNS)
        for name, weight in self.by_name.items():
            self.weight[name_column(name)] = weight
            self.known[name_column(name)] = 1.0
        self.spellings = skills.spellings(self.by_name)

    @classmethod
    def learn(cls, required: list[list[str]], listed: list[list[str]]) -> "SkillRarity":
        """Weigh every skill that a job requires: minus the log of the share of people who list it.

        Args:
            required: names of skills, one list per job.
            listed: names of skills, one list per person.
        """
        names = sorted({skills.canonical(name) for row in required for name in row})
        people = Counter(name for row in listed for name in {skills.canonical(one) for one in row})
        few = FEWEST_PEOPLE
        return cls({name: float(np.log((len(listed) + few) / (people[name] + few)) + 0.1) for name in names})
