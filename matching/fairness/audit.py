"""The fairness audit: how a model's rankings share places among groups, before and after re-ranking."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from matching.arrays import Codes, Floats, Floats32
from matching.data.dataset import Truth
from matching.data.labels import LabelledPairs
from matching.evaluation.evaluation import MODEL, TRUTH, PairScorer, sample_pools
from matching.fairness import measures, reranking
from matching.fairness.proxies import find_proxies
from matching.fairness.ranked_pool import UNKNOWN, Grouping, RankedPool, groupings
from matching.fairness.report import GROUPS, MEASURES, PROXIES, FairnessReport, Stability
from matching.fairness.stability import changed, overlaps, swap_candidates

DEPTHS = (10, 25)
CHANCE_DRAWS, CHANCE_LEVELS = 200, (0.025, 0.975)

Row = tuple[Any, ...]


def measure_fairness(
    model: PairScorer,
    holdout: LabelledPairs,
    protected: pl.DataFrame,
    *,
    truth: Truth | None,
    seed: int,
) -> FairnessReport:
    """Rank pools of the holdout, and measure both sides as ranked and after each method of re-ranking.

    Args:
        model: the fitted or loaded model.
        holdout: labelled pairs of the holdout.
        protected: schema of `ProtectedAttributes`, may be empty; it is used to count, never to score.
        truth: the simulator's probabilities, for the cost in ranking quality; None if unknown.
        seed: seed of pools, folds and shuffles.
    """
    candidate_pool = RankedPool(model, sample_pools(holdout, seed, by="job", whole=True), truth)
    job_pool = RankedPool(model, sample_pools(holdout, seed, by="candidate", whole=True), truth)
    found = list(groupings(candidate_pool, job_pool, protected))
    tables = [_rows(grouping, seed) for grouping in found]
    return FairnessReport(
        groups=pl.DataFrame([row for by_group, _ in tables for row in by_group], schema=GROUPS, orient="row"),
        measures=pl.DataFrame([row for _, by_ranking in tables for row in by_ranking], schema=MEASURES, orient="row"),
        proxies=_proxies(candidate_pool, found, model.features.feature_names, seed),
        stability=_stability(candidate_pool, job_pool),
    )


def _rows(grouping: Grouping, seed: int) -> tuple[list[Row], list[Row]]:
    """Return the rows of `GROUPS` and of `MEASURES` for one grouping."""
    targets = reranking.pool_shares(grouping.codes, len(grouping.names))
    by_group: list[Row] = []
    by_ranking: list[Row] = []
    for ranking, orders in _rankings(grouping, targets):
        quality = grouping.pool.quality(orders)
        for k in (depth for depth in DEPTHS if depth <= orders.shape[1]):
            top = orders[:, :k]
            low, high = _by_chance(grouping, top, targets, seed)
            ranked = grouping.codes[top]
            by_group += _group_rows(grouping, k, ranking, (ranked, targets, low, high))
            figures = _figures(grouping, ranked, targets)
            by_ranking.append((grouping.side, grouping.attribute, k, ranking, *figures, quality))
    return by_group, by_ranking


def _rankings(grouping: Grouping, targets: Floats) -> Iterator[tuple[str, Codes]]:
    """Yield the order of every list, shape (n_lists, n_pool), by the truth if known, the model, and each method."""
    scores, true_match = grouping.pool.scores, grouping.pool.true_match
    if true_match is not None:
        yield TRUTH, np.argsort(-true_match, axis=1, kind="stable")
    yield MODEL, np.argsort(-scores, axis=1, kind="stable")
    for method, rerank in reranking.METHODS.items():
        yield method, np.stack([rerank(list_, grouping.codes, targets, max(DEPTHS)) for list_ in scores])


def _by_chance(grouping: Grouping, top: Codes, targets: Floats, seed: int) -> tuple[Floats, Floats]:
    """Return the range of each group's skew if groups are assigned to the same rankings at random."""
    generator = np.random.default_rng(seed)
    drawn = [measures.skews(generator.permutation(grouping.codes)[top], targets) for _ in range(CHANCE_DRAWS)]
    # Without interpolation: between -inf (the group is absent) and a number there is no value.
    low, high = np.quantile(drawn, CHANCE_LEVELS, axis=0, method="nearest")
    return low, high


def _group_rows(grouping: Grouping, k: int, ranking: str, found: tuple[Codes, Floats, Floats, Floats]) -> Iterator[Row]:
    ranked, targets, low, high = found
    skews, exposures = measures.skews(ranked, targets), measures.mean_exposures(ranked, grouping.sizes)
    shares = np.bincount(ranked.ravel(), minlength=len(grouping.names)) / ranked.size
    for code, group in enumerate(grouping.names):
        yield (
            grouping.side,
            grouping.attribute,
            group,
            int(grouping.sizes[code]),
            bool(grouping.is_enough[code]),
            k,
            ranking,
            *(float(values[code]) for values in (targets, shares, skews, low, high, exposures)),
        )


def _figures(grouping: Grouping, ranked: Codes, targets: Floats) -> tuple[float, ...]:
    """Return the figures of `MEASURES`; small groups count in NDKL and in the infeasible prefixes only."""
    enough = grouping.is_enough
    skews = measures.skews(ranked, targets)[enough]
    exposures = measures.mean_exposures(ranked, grouping.sizes)[enough]
    ratio = float(exposures.min() / exposures.max())
    of_prefixes = measures.ndkl(ranked, targets), measures.infeasible_share(ranked, targets)
    return float(skews.min()), float(skews.max()), *of_prefixes, ratio


def _proxies(candidate_pool: RankedPool, found: list[Grouping], names: tuple[str, ...], seed: int) -> pl.DataFrame:
    """Return the proxies of the declared groups, from the mean features of each candidate over all lists."""
    rows = []
    per_candidate = _mean_over_lists(candidate_pool.features.reshape(candidate_pool.n_lists, -1, len(names)))
    for grouping in (one for one in found if one.side == "candidates"):
        evaluated = [code for code, name in enumerate(grouping.names) if name != UNKNOWN and grouping.is_enough[code]]
        if len(evaluated) < 2:
            continue
        known = np.isin(grouping.codes, evaluated)
        codes = np.searchsorted(evaluated, grouping.codes[known])
        for proxy in find_proxies(per_candidate[known], names, codes, seed=seed):
            code = evaluated[proxy.group]
            group, members = grouping.names[code], int(grouping.sizes[code])
            features = [f"{name} ({lost:+.3f})" for name, lost in proxy.features]
            rows.append((grouping.attribute, group, members, proxy.auc, proxy.standard_error, features))
    return pl.DataFrame(rows, schema=PROXIES, orient="row")


def _mean_over_lists(values: Floats32) -> Floats:
    """Return the mean over the first axis, ignoring missing values; missing where all are."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0, dtype=np.float64)
    return np.asarray(np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0))


def _stability(candidate_pool: RankedPool, job_pool: RankedPool) -> Stability:
    swapped = swap_candidates(candidate_pool.pairs.candidates)
    of_candidates = overlaps(candidate_pool.scores, candidate_pool.scores_with(swapped))
    of_jobs = overlaps(job_pool.scores, job_pool.scores_with(swap_candidates(job_pool.pairs.candidates)))
    return Stability(
        changed_share=float(changed(candidate_pool.pairs.candidates, swapped).mean()),
        candidates=float(of_candidates.mean()),
        candidates_worst=float(of_candidates.min()),
        jobs=float(of_jobs.mean()),
        jobs_worst=float(of_jobs.min()),
    )
