"""How fair a model's rankings are to both sides, what balancing them would cost, and what stands in for what."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from matching.arrays import Booleans, Codes, Floats, Floats32
from matching.data.dataset import Pairs, Truth
from matching.data.labels import LabelledPairs
from matching.data.tables import Direction, ProtectedAttributes
from matching.evaluation import metrics
from matching.evaluation.evaluation import MODEL, TRUTH, PairScorer, sample_pools
from matching.fairness import measures, reranking
from matching.fairness.proxies import find_proxies
from matching.fairness.stability import STABLE, changed, overlaps, swap_candidates

DEPTHS = (10, 25)
MIN_MEMBERS = 30  # members of a group in the ranked pool; below it the group is named, not judged
UNKNOWN = "unknown"
ATTRIBUTES = tuple(name for name in ProtectedAttributes.model_fields if name != "candidate_id")
JOB_ATTRIBUTE = "company_size"
CHANCE_DRAWS, CHANCE_LEVELS = 200, (0.025, 0.975)
LISTS = 60

_GROUPS = pl.Schema(
    {
        "side": pl.String(),
        "attribute": pl.String(),
        "group": pl.String(),
        "members": pl.Int64(),
        "is_enough": pl.Boolean(),
        "k": pl.Int64(),
        "ranking": pl.String(),
        "pool_share": pl.Float64(),
        "top_share": pl.Float64(),
        "skew": pl.Float64(),
        "chance_low": pl.Float64(),
        "chance_high": pl.Float64(),
        "mean_exposure": pl.Float64(),
    }
)
_MEASURES = pl.Schema(
    {
        "side": pl.String(),
        "attribute": pl.String(),
        "k": pl.Int64(),
        "ranking": pl.String(),
        "min_skew": pl.Float64(),
        "max_skew": pl.Float64(),
        "ndkl": pl.Float64(),
        "infeasible_share": pl.Float64(),
        "exposure_ratio": pl.Float64(),
        "ndcg_at_10": pl.Float64(),
    }
)
_PROXIES = pl.Schema(
    {
        "attribute": pl.String(),
        "group": pl.String(),
        "members": pl.Int64(),
        "auc": pl.Float64(),
        "standard_error": pl.Float64(),
        "features": pl.List(pl.String()),
    }
)


@dataclass(frozen=True)
class Stability:
    """What swapping first names and gendered words in every profile does to the rankings.

    Attributes:
        changed_share: share of the candidates whose text the swap has changed.
        candidates: rank-biased overlap of the candidates ranked for a job, mean over jobs.
        candidates_worst: the lowest of them.
        jobs: rank-biased overlap of the jobs ranked for a candidate, mean over candidates.
        jobs_worst: the lowest of them.
    """

    changed_share: float
    candidates: float
    candidates_worst: float
    jobs: float
    jobs_worst: float

    @property
    def is_stable(self) -> bool:
        """Whether both means reach .99."""
        return min(self.candidates, self.jobs) >= STABLE


@dataclass(frozen=True)
class FairnessReport:
    """Everything measured about fairness.

    Attributes:
        groups: one row per side, attribute, group, depth k and ranking (by `model`, by `truth` where known, or by a
            method of re-ranking): share of the pool and of the top k, skew with what chance alone gives, exposure per
            member.
        measures: one row per side, attribute, k and ranking: MinSkew, MaxSkew and exposure ratio over the groups with
            enough members, NDKL and share of infeasible prefixes over all, and nDCG@10 against the truth (NaN where it
            is not known).
        proxies: how well each declared group can be told from the features, .5 is chance; the features that carry it.
        stability: counterfactual stability.
    """

    groups: pl.DataFrame
    measures: pl.DataFrame
    proxies: pl.DataFrame
    stability: Stability

    def flat(self) -> dict[str, float]:
        """Every defined figure under a name such as `fairness.candidates.gender.model.min_skew_at_10`."""
        named: dict[str, float] = {}
        for row in self.measures.to_dicts():
            start = f"fairness.{row['side']}.{row['attribute']}.{row['ranking']}"
            figures = ("min_skew", "max_skew", "ndkl", "infeasible_share", "exposure_ratio")
            named |= {f"{start}.{figure}_at_{row['k']}": row[figure] for figure in figures}
            named[f"{start}.ndcg_at_10"] = row["ndcg_at_10"]
        for (attribute,), rows in self.proxies.group_by("attribute", maintain_order=True):
            named[f"fairness.proxies.{attribute}.highest_auc"] = float(rows["auc"].to_numpy().max())
        for figure in ("changed_share", "candidates", "candidates_worst", "jobs", "jobs_worst"):
            named[f"fairness.stability.{figure}"] = getattr(self.stability, figure)
        return {name: value for name, value in named.items() if np.isfinite(value)}

    def to_dict(self) -> dict[str, Any]:
        """Every table as rows, for `metrics.json`."""
        tables = {"groups": self.groups, "measures": self.measures, "proxies": self.proxies}
        stability = {**vars(self.stability), "is_stable": self.stability.is_stable}
        return {name: table.to_dicts() for name, table in tables.items()} | {"stability": stability}


def measure_fairness(
    model: PairScorer,
    holdout: LabelledPairs,
    protected: pl.DataFrame,
    *,
    truth: Truth | None,
    seed: int,
) -> FairnessReport:
    """Rank pools of the newest slice and measure both sides, as ranked and after each re-ranking.

    Args:
        model: the fitted or loaded model.
        holdout: labelled pairs of the newest slice.
        protected: schema of `ProtectedAttributes`; may be empty. Used to count, never to score.
        truth: the simulator's probabilities, for the price in ranking quality; None where not known.
        seed: seed of pools, folds and shuffles.
    """
    people = _Pool(model, _first_lists(sample_pools(holdout, seed, by="job", whole=True)), truth)
    posts = _Pool(model, _first_lists(sample_pools(holdout, seed, by="candidate", whole=True)), truth)
    attributes = list(_attributes(people, posts, protected))
    tables = [_both_tables(one, seed) for one in attributes]
    return FairnessReport(
        groups=pl.DataFrame([row for groups, _ in tables for row in groups], schema=_GROUPS, orient="row"),
        measures=pl.DataFrame([row for _, measures in tables for row in measures], schema=_MEASURES, orient="row"),
        proxies=_proxies(people, attributes, model.features.feature_names, seed),
        stability=_stability(people, posts),
    )


class _Pool:
    """Lists over one pool, as matrices of shape (n_lists, n_pool), holding only the profiles that are ranked."""

    def __init__(self, model: PairScorer, lists: LabelledPairs, truth: Truth | None) -> None:
        self._model, self._lists, self._truth = model, lists, truth
        self.n_lists = len(np.unique(lists.lists))
        self.pairs = _only_used(lists.pairs)
        self.features = model.transform(self.pairs)
        self.scores = self.scores_of(self.features)

    def scores_of(self, features: Floats32) -> Floats:
        """Scores of every list, shape (n_lists, n_pool)."""
        return np.asarray(self._model.score_features(features).match, dtype=np.float64).reshape(self.n_lists, -1)

    def scores_with(self, candidates: pl.DataFrame) -> Floats:
        """Scores with other texts in the candidates' profiles."""
        pairs = Pairs(candidates, self.pairs.jobs, self.pairs.candidate_rows, self.pairs.job_rows)
        return self.scores_of(self._model.transform(pairs))

    @cached_property
    def gains(self) -> Floats | None:
        """True probability of a match, of the directions the log has; None where not known."""
        if self._truth is None:
            return None
        answered = self._model.score_features(self.features[:1])
        directions = [direction for direction in Direction if answered.direction(direction) is not None]
        known = [self._truth.probability(d, self._lists.pairs) for d in directions]
        return np.asarray(np.prod(known, axis=0)).reshape(self.n_lists, -1)

    def quality(self, orders: Codes) -> float:
        """Mean nDCG@10 of rankings, shape (n_lists, n_pool), against the truth; NaN where it is not known."""
        if self.gains is None:
            return float("nan")
        n_lists, n_pool = orders.shape
        scores = np.empty(orders.shape)
        np.put_along_axis(scores, orders, -np.arange(n_pool, dtype=np.float64)[None, :], axis=1)
        lists = np.repeat(np.arange(n_lists), n_pool)
        return float(metrics.ndcg_by_list(lists, scores.ravel(), self.gains.ravel())[1].mean())


@dataclass(frozen=True)
class _Attribute:
    """One grouping of what one pool ranks; `codes` has shape (n_pool,)."""

    side: str
    name: str
    pool: _Pool
    names: list[str]
    codes: Codes

    @property
    def sizes(self) -> Codes:
        return np.bincount(self.codes, minlength=len(self.names))

    @property
    def is_enough(self) -> Booleans:
        return self.sizes >= MIN_MEMBERS


def _first_lists(pools: LabelledPairs) -> LabelledPairs:
    """The first of the sampled lists: more of them over the same pool say little more about its groups."""
    length = len(pools) // len(np.unique(pools.lists))
    return pools.take(np.arange(min(LISTS * length, len(pools))))


def _only_used(pairs: Pairs) -> Pairs:
    """The same pairs over tables without the profiles that no pair needs, which are not worth encoding."""
    candidates, candidate_rows = np.unique(pairs.candidate_rows, return_inverse=True)
    jobs, job_rows = np.unique(pairs.job_rows, return_inverse=True)
    return Pairs(pairs.candidates[candidates], pairs.jobs[jobs], candidate_rows, job_rows)


def _attributes(people: _Pool, posts: _Pool, protected: pl.DataFrame) -> Iterator[_Attribute]:
    """Every grouping with at least two groups of enough members."""
    ids = people.pairs.candidates.select("candidate_id")
    declared = ids.join(protected.unique("candidate_id"), on="candidate_id", how="left", maintain_order="left")
    order = people.pairs.candidate_rows.reshape(people.n_lists, -1)[0]
    found = [("candidates", name, people, declared[name].gather(order)) for name in ATTRIBUTES]
    job_order = posts.pairs.job_rows.reshape(posts.n_lists, -1)[0]
    found.append(("jobs", JOB_ATTRIBUTE, posts, posts.pairs.jobs[JOB_ATTRIBUTE].gather(job_order)))
    for side, name, pool, values in found:
        known = values.cast(pl.String).fill_null(UNKNOWN)
        names = sorted(known.unique().to_list(), key=lambda group: (group == UNKNOWN, group))
        codes = known.replace_strict(names, range(len(names)), return_dtype=pl.Int64).to_numpy()
        attribute = _Attribute(side, name, pool, names, codes)
        if attribute.is_enough.sum() >= 2:
            yield attribute


def _both_tables(one: _Attribute, seed: int) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows of the tables of groups and of measures for one attribute."""
    targets = reranking.pool_shares(one.codes, len(one.names))
    groups: list[tuple[Any, ...]] = []
    measures: list[tuple[Any, ...]] = []
    for ranking, orders in _rankings(one, targets):
        quality = one.pool.quality(orders)
        for k in (depth for depth in DEPTHS if depth <= orders.shape[1]):
            top = orders[:, :k]
            low, high = _by_chance(one, top, targets, seed)
            groups += _group_rows(one, k, ranking, (one.codes[top], targets, low, high))
            measures.append((one.side, one.name, k, ranking, *_figures(one, one.codes[top], targets), quality))
    return groups, measures


def _rankings(one: _Attribute, targets: Floats) -> Iterator[tuple[str, Codes]]:
    """Orders of every list, shape (n_lists, n_pool): the truth's where known, the model's, and each method's."""
    scores = one.pool.scores
    if one.pool.gains is not None:
        yield TRUTH, np.argsort(-one.pool.gains, axis=1, kind="stable")
    yield MODEL, np.argsort(-scores, axis=1, kind="stable")
    for method, rerank in reranking.METHODS.items():
        yield method, np.stack([rerank(list_, one.codes, targets, max(DEPTHS)) for list_ in scores])


def _by_chance(one: _Attribute, top: Codes, targets: Floats, seed: int) -> tuple[Floats, Floats]:
    """Range of each group's skew where the groups are dealt out at random to the same people in the same rankings."""
    generator = np.random.default_rng(seed)
    drawn = [measures.skews(generator.permutation(one.codes)[top], targets) for _ in range(CHANCE_DRAWS)]
    # Without interpolation: between -inf (a group that is never there) and a number there is nothing.
    low, high = np.quantile(drawn, CHANCE_LEVELS, axis=0, method="nearest")
    return low, high


def _group_rows(
    one: _Attribute, k: int, ranking: str, found: tuple[Codes, Floats, Floats, Floats]
) -> Iterator[tuple[Any, ...]]:
    ranked, targets, low, high = found
    skews, exposures = measures.skews(ranked, targets), measures.mean_exposures(ranked, one.sizes)
    shares = np.bincount(ranked.ravel(), minlength=len(one.names)) / ranked.size
    for code, group in enumerate(one.names):
        yield (
            one.side,
            one.name,
            group,
            int(one.sizes[code]),
            bool(one.is_enough[code]),
            k,
            ranking,
            *(float(values[code]) for values in (targets, shares, skews, low, high, exposures)),
        )


def _figures(one: _Attribute, ranked: Codes, targets: Floats) -> tuple[float, ...]:
    """Figures in the order of the table; small groups are in NDKL and in the infeasible prefixes only."""
    enough = one.is_enough
    skews = measures.skews(ranked, targets)[enough]
    exposures = measures.mean_exposures(ranked, one.sizes)[enough]
    ratio = float(exposures.min() / exposures.max())
    of_prefixes = measures.ndkl(ranked, targets), measures.infeasible_share(ranked, targets)
    return float(skews.min()), float(skews.max()), *of_prefixes, ratio


def _proxies(people: _Pool, attributes: list[_Attribute], names: tuple[str, ...], seed: int) -> pl.DataFrame:
    """Proxies of the declared groups, from each person's features averaged over the jobs they were ranked for."""
    rows = []
    per_person = _mean_over_lists(people.features.reshape(people.n_lists, -1, len(names)))
    for one in (attribute for attribute in attributes if attribute.side == "candidates"):
        judged = [code for code, group in enumerate(one.names) if group != UNKNOWN and one.is_enough[code]]
        if len(judged) < 2:
            continue
        known = np.isin(one.codes, judged)
        codes = np.searchsorted(judged, one.codes[known])
        for found in find_proxies(per_person[known], names, codes, seed=seed):
            code = judged[found.group]
            features = [f"{name} ({lost:+.3f})" for name, lost in found.features]
            rows.append((one.name, one.names[code], int(one.sizes[code]), found.auc, found.standard_error, features))
    return pl.DataFrame(rows, schema=_PROXIES, orient="row")


def _mean_over_lists(values: Floats32) -> Floats:
    """Mean over the first axis without the missing values; missing where all are."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0, dtype=np.float64)
    return np.asarray(np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0))


def _stability(people: _Pool, posts: _Pool) -> Stability:
    swapped = swap_candidates(people.pairs.candidates)
    of_people = overlaps(people.scores, people.scores_with(swapped))
    of_jobs = overlaps(posts.scores, posts.scores_with(swap_candidates(posts.pairs.candidates)))
    return Stability(
        changed_share=float(changed(people.pairs.candidates, swapped).mean()),
        candidates=float(of_people.mean()),
        candidates_worst=float(of_people.min()),
        jobs=float(of_jobs.mean()),
        jobs_worst=float(of_jobs.min()),
    )
