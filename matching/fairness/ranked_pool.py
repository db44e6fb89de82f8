"""A ranked pool: the lists of one side over the same profiles, and the groups of these profiles."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from matching.arrays import Booleans, Codes, Floats, Floats32
from matching.data.dataset import Pairs, Truth
from matching.data.labels import LabelledPairs
from matching.data.tables import Direction, ProtectedAttributes
from matching.evaluation import metrics
from matching.evaluation.evaluation import PairScorer

MIN_MEMBERS = 30  # members of a group in the ranked pool; a smaller group is reported, but not evaluated
UNKNOWN = "unknown"
ATTRIBUTES = tuple(name for name in ProtectedAttributes.model_fields if name != "candidate_id")
JOB_ATTRIBUTE = "company_size"
LISTS = 60


class RankedPool:
    """Lists that all rank the same pool, as matrices of shape (n_lists, n_pool).

    Args:
        model: what ranks.
        pools: labelled pairs of lists of the same length over the same pool; the first `LISTS` lists are used.
        truth: the simulator's probabilities; None if unknown.

    Attributes:
        n_lists: number of lists.
        pairs: the pairs of all lists, over tables that hold only the ranked profiles.
        features: features of the pairs, shape (n_lists * n_pool, n_features).
        scores: match probabilities, shape (n_lists, n_pool).
    """

    def __init__(self, model: PairScorer, pools: LabelledPairs, truth: Truth | None) -> None:
        self._model, self._lists, self._truth = model, _first_lists(pools), truth
        self.n_lists = len(np.unique(self._lists.lists))
        self.pairs = _only_used(self._lists.pairs)
        self.features = model.transform(self.pairs)
        self.scores = self.scores_of(self.features)

    def scores_of(self, features: Floats32) -> Floats:
        """Return match probabilities of features, shape (n_lists, n_pool)."""
        return np.asarray(self._model.score_features(features).match, dtype=np.float64).reshape(self.n_lists, -1)

    def scores_with(self, candidates: pl.DataFrame) -> Floats:
        """Return match probabilities with other texts in the candidates' profiles, shape (n_lists, n_pool)."""
        pairs = Pairs(candidates, self.pairs.jobs, self.pairs.candidate_rows, self.pairs.job_rows)
        return self.scores_of(self._model.transform(pairs))

    @cached_property
    def true_match(self) -> Floats | None:
        """True probability of a match, over the directions of the model, shape (n_lists, n_pool); None if unknown."""
        if self._truth is None:
            return None
        scored = self._model.score_features(self.features[:1])
        directions = [direction for direction in Direction if scored.direction(direction) is not None]
        known = [self._truth.probability(d, self._lists.pairs) for d in directions]
        return np.asarray(np.prod(known, axis=0)).reshape(self.n_lists, -1)

    def quality(self, orders: Codes) -> float:
        """Return the mean nDCG@10 of rankings, shape (n_lists, n_pool), against the truth; NaN if it is unknown."""
        if self.true_match is None:
            return float("nan")
        n_lists, n_pool = orders.shape
        scores = np.empty(orders.shape)
        np.put_along_axis(scores, orders, -np.arange(n_pool, dtype=np.float64)[None, :], axis=1)
        lists = np.repeat(np.arange(n_lists), n_pool)
        return float(metrics.ndcg_by_list(lists, scores.ravel(), self.true_match.ravel())[1].mean())


@dataclass(frozen=True)
class Grouping:
    """The groups of a ranked pool by one attribute.

    Attributes:
        side: `candidates` or `jobs`.
        attribute: column whose values are the groups.
        pool: what is grouped.
        names: names of the groups, `unknown` last.
        codes: shape (n_pool,), position of each profile's group in `names`.
    """

    side: str
    attribute: str
    pool: RankedPool
    names: list[str]
    codes: Codes

    @property
    def sizes(self) -> Codes:
        """Members of each group, shape (n_groups,)."""
        return np.bincount(self.codes, minlength=len(self.names))

    @property
    def is_enough(self) -> Booleans:
        """Whether each group has enough members to be evaluated, shape (n_groups,)."""
        return self.sizes >= MIN_MEMBERS


def groupings(candidate_pool: RankedPool, job_pool: RankedPool, protected: pl.DataFrame) -> Iterator[Grouping]:
    """Yield every grouping that has at least two groups of enough members.

    Args:
        candidate_pool: candidates, ranked for jobs.
        job_pool: jobs, ranked for candidates.
        protected: schema of `ProtectedAttributes`.
    """
    ids = candidate_pool.pairs.candidates.select("candidate_id")
    declared = ids.join(protected.unique("candidate_id"), on="candidate_id", how="left", maintain_order="left")
    order = candidate_pool.pairs.candidate_rows.reshape(candidate_pool.n_lists, -1)[0]
    found = [("candidates", name, candidate_pool, declared[name].gather(order)) for name in ATTRIBUTES]
    job_order = job_pool.pairs.job_rows.reshape(job_pool.n_lists, -1)[0]
    found.append(("jobs", JOB_ATTRIBUTE, job_pool, job_pool.pairs.jobs[JOB_ATTRIBUTE].gather(job_order)))
    for side, attribute, pool, values in found:
        known = values.cast(pl.String).fill_null(UNKNOWN)
        names = sorted(known.unique().to_list(), key=lambda group: (group == UNKNOWN, group))
        codes = known.replace_strict(names, range(len(names)), return_dtype=pl.Int64).to_numpy()
        grouping = Grouping(side, attribute, pool, names, codes)
        if grouping.is_enough.sum() >= 2:
            yield grouping


def _first_lists(pools: LabelledPairs) -> LabelledPairs:
    """Keep the first sampled lists: further lists over the same pool add little about its groups."""
    length = len(pools) // len(np.unique(pools.lists))
    return pools.take(np.arange(min(LISTS * length, len(pools))))


def _only_used(pairs: Pairs) -> Pairs:
    """Drop the profiles that no pair uses from the tables, so that they are not encoded."""
    candidates, candidate_rows = np.unique(pairs.candidate_rows, return_inverse=True)
    jobs, job_rows = np.unique(pairs.job_rows, return_inverse=True)
    return Pairs(pairs.candidates[candidates], pairs.jobs[jobs], candidate_rows, job_rows)
