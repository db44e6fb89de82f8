"""How much a skill says about a candidate: the rarer it is, the more."""

from collections import Counter

import numpy as np

from matching.features.name_rows import NAME_COLUMNS, name_column
from matching.text import skills
from matching.text.skill_vocabulary import built_in

SMOOTHING = 5  # candidates added to every count, so that the weight of a rare skill stays moderate


class SkillRarity:
    """Weights of skills; an unknown skill weighs as much as the rarest.

    >>> rarity = SkillRarity.learn([["Go", "Python"]], [["Python"], ["python3"], ["Golang"]])
    >>> {name: round(weight, 2) for name, weight in rarity.by_name.items()}
    {'go': 0.39, 'python': 0.23}

    Attributes:
        by_name: weight of each known skill by its canonical name; the fitted state, data only.
        weight: weight of each hashed column, shape (NAME_COLUMNS,).
        known: 1 for the columns of known skills, otherwise 0; shape (NAME_COLUMNS,).
        vocabulary: the names that are found in running text: the built-in ones and all known ones.
    """

    def __init__(self, by_name: dict[str, float] | None = None) -> None:
        self.by_name = by_name or {}
        self.weight = np.full(NAME_COLUMNS, max(self.by_name.values(), default=1.0))
        self.known = np.zeros(NAME_COLUMNS)
        for name, weight in self.by_name.items():
            self.weight[name_column(name)] = weight
            self.known[name_column(name)] = 1.0
        self.vocabulary = built_in().extended(self.by_name)

    @classmethod
    def learn(cls, required: list[list[str]], listed: list[list[str]]) -> "SkillRarity":
        """Weigh every skill of a job: minus the log of the share of candidates who list it, smoothed.

        Args:
            required: names of skills, one list per job.
            listed: names of skills, one list per candidate.
        """
        names = sorted({name for row in required for name in skills.canonical_names(row)})
        counts = Counter(name for row in listed for name in skills.canonical_names(row))
        total = len(listed) + SMOOTHING
        return cls({name: float(np.log(total / (counts[name] + SMOOTHING)) + 0.1) for name in names})
