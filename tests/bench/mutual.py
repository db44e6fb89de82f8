"""Product of both directions against best of both, on the frozen holdout of the simulated marketplace.

python tests/bench/mutual.py [--big] [SEED ...]

Differences are best of both minus product, with the 95 % interval of whole lists drawn with replacement.
"""

import sys
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from matching.arrays import Floats
from matching.data.labels import LabelledPairs
from matching.data.scores import Scores
from matching.data.splits import split
from matching.data.tables import Direction
from matching.evaluation import metrics
from matching.evaluation.bootstrap import Differences, bootstrap, by_list
from matching.evaluation.evaluation import sample_pools
from matching.problems import load_problem
from matching.training import fit
from matching.training.mutual import fit_best_of_both

DRAWS, FEW_DRAWS = 1_000, 200
Line = tuple[str, float, float, tuple[float, float]]


def on_outcomes(rows: LabelledPairs, product: Scores, both: Scores, seed: int) -> Iterator[Line]:
    """AUC, log loss and calibration error of the match on what happened; lists are drawn with replacement."""
    known = ~np.isnan(rows.match())
    y, looked, weight, lists = rows.match()[known], rows.propensity[known], rows.weight[known], rows.lists[known]
    one, other = (scores.match[known].astype(np.float64) for scores in (product, both))
    losses = [metrics.log_losses(y, p, looked) for p in (one, other)]
    drawn = bootstrap(by_list(losses[1] - losses[0], lists, weight), draws=DRAWS, seed=seed)
    yield "log loss", *(float(np.average(loss, weights=weight)) for loss in losses), ends(drawn)
    # The rows of each list are gathered once.
    _, codes = np.unique(lists, return_inverse=True)
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    generator = np.random.default_rng(seed)
    picks = [
        np.concatenate([members[n] for n in generator.integers(0, len(members), len(members))])
        for _ in range(FEW_DRAWS)
    ]

    def auc(p: Floats, at: NDArray[np.int64]) -> float:
        return float(metrics.auc(y[at], p[at], weight[at]))

    def ece(p: Floats, at: NDArray[np.int64]) -> float:
        return float(metrics.calibration_error(y[at], p[at], looked[at], weight[at]))

    everything = np.arange(len(y))
    for name, figure in (("AUC", auc), ("calibration error", ece)):
        drawn = np.array([figure(other, at) - figure(one, at) for at in picks])
        yield name, figure(one, everything), figure(other, everything), ends(drawn)


def ends(drawn: Floats) -> tuple[float, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def run(name: str, seed: int) -> Iterator[Line]:
    """All lines of one seed."""
    declared = load_problem(name)
    dataset = declared.source.load(None, seed=seed, progress=lambda _: None)
    parts = split(dataset, maturity=timedelta(days=14), seed=seed)
    product = fit.fit(parts.train, parts.calibration, seed=seed, problem=declared)
    both = fit_best_of_both(product, parts.train, parts.calibration, seed=seed, problem=declared)
    features = product.transform(parts.holdout.pairs)
    yield from on_outcomes(parts.holdout, product.score_features(features), both.score_features(features), seed)
    assert dataset.truth is not None
    for by, ranked in (("job", "candidates"), ("candidate", "jobs")):
        pool = sample_pools(parts.holdout, seed, by=by)
        features = product.transform(pool.pairs)
        gain = np.prod([dataset.truth.probability(direction, pool.pairs) for direction in Direction], axis=0)
        found = [
            metrics.ndcg_by_list(pool.lists, model.score_features(features).match.astype(np.float64), gain)[1]
            for model in (product, both)
        ]
        difference = Differences(found[1] - found[0], np.ones(len(found[0])))
        drawn = bootstrap(difference, draws=DRAWS, seed=seed)
        yield f"nDCG@10, {ranked}", float(found[0].mean()), float(found[1].mean()), ends(drawn)


def main(arguments: list[str]) -> None:
    name = "marketplace_large" if "--big" in arguments else "marketplace"
    sys.stdout.write(f"| {name} | figure | product | best of both | difference | 95 % interval |\n")
    sys.stdout.write("|---|---|---|---|---|---|\n")
    for seed in [int(one) for one in arguments if one.isdigit()] or [7, 8, 9]:
        for figure, one, other, (low, high) in run(name, seed):
            difference = f"{other - one:+.4f} | {low:+.4f} to {high:+.4f}"
            sys.stdout.write(f"| seed {seed} | {figure} | {one:.4f} | {other:.4f} | {difference} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
