"""Ranked lists: the lists of the holdout in another order, and sums over them with bootstrap draws."""

import numpy as np

from matching.arrays import Floats, Integers
from matching.data.labels import LabelledPairs
from matching.evaluation.bootstrap import Differences, bootstrap

ASSUMED_POSITION_BIAS = 0.5


class RankedLists:
    """The lists of the holdout.

    In an array of shape (1 + draws,), the first value is the estimate and the others are draws.

    Args:
        rows: labelled pairs of the holdout.
        weeks: length of the holdout.
        draws: number of bootstrap draws.
        seed: seed of the bootstrap.

    Attributes:
        codes: shape (n_rows,), number of each row's list, from 0.
        count: number of lists.
        assumed_looks: whether every position was examined for certain, so that a falling probability is assumed.
    """

    def __init__(self, rows: LabelledPairs, weeks: float, draws: int, seed: int) -> None:
        self.rows, self.weeks, self.draws, self.seed = rows, weeks, draws, seed
        self.codes = np.unique(rows.lists, return_inverse=True)[1]
        self.count = int(self.codes.max()) + 1
        self.assumed_looks = bool((rows.propensity == 1).all())

    def looks(self, score: Floats) -> Floats:
        """Return the probability that each row is examined if its list is ordered by `score`, shape (n_rows,).

        The propensities of a list belong to its positions: the best row gets the highest one.
        """
        rank = self._rank(-score)
        if self.assumed_looks:
            return np.asarray((rank + 1.0) ** -ASSUMED_POSITION_BIAS)
        propensity = np.empty(len(rank))
        propensity[np.lexsort((rank, self.codes))] = self.rows.propensity[
            np.lexsort((-self.rows.propensity, self.codes))
        ]
        return propensity

    def _rank(self, key: Floats) -> Integers:
        """Return the place of each row in its list, from 0, the smallest key first."""
        order = np.lexsort((key, self.codes))
        sizes = np.bincount(self.codes)
        rank = np.empty(len(key), dtype=np.int64)
        rank[order] = np.arange(len(key)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return rank

    def per_week(self, values: Floats) -> Floats:
        """Return the sum of the rows' values per week, and the same for each draw of lists, shape (1 + draws,)."""
        totals = np.bincount(self.codes, self.rows.weight * values, self.count).astype(np.float64)
        by_list = Differences(totals, np.ones(self.count))
        # The same seed draws the same lists for every value, so that models and terms are compared in pairs.
        drawn = bootstrap(by_list, draws=self.draws, seed=self.seed)
        return np.concatenate([[by_list.mean()], drawn]) * self.count / self.weeks

    def effective_outreach(self, looks: Floats) -> float:
        """Return how many outreaches of equal weight are as informative as the weighted ones (Kish 1965), 0 for none.

        Args:
            looks: probability that each row is examined in the new order, shape (n_rows,).
        """
        weight = (looks / self.rows.propensity)[self.rows.company == 1]
        return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0
