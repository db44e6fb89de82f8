"""The evaluation: a model beside the baselines and, where the truth is known, beside the best achievable."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from matching.arrays import Floats, Floats32
from matching.data.dataset import Pairs, Truth
from matching.data.labels import LabelledPairs
from matching.data.scores import FeatureScorer
from matching.data.tables import Direction
from matching.evaluation import metrics
from matching.evaluation.baselines import CalibratedBaseline
from matching.features.feature_set import FeatureSet
from matching.rules.hard_limits import eligible

Ranker = Callable[[Direction, Pairs, Floats32], Floats]

QUERIES, POOL_SIZE = 120, 1_000
MODEL, BEST_ACHIEVABLE, TRUTH = "model", "best achievable", "truth"
MATCH = "match"


class PairScorer(FeatureScorer, Protocol):
    """A model that also computes the features of pairs."""

    @property
    def features(self) -> FeatureSet[Any]:
        """The fitted features."""
        ...

    def transform(self, pairs: Pairs) -> Floats32:
        """Features of pairs, shape (n_pairs, n_features)."""
        ...


@dataclass(frozen=True)
class Figures:
    """The figures of one ranker for one target.

    Attributes:
        target: `company`, `candidate` or `match`.
        ranker: a baseline, the model, the best achievable, or the truth.
        auc: on the outcomes of the holdout.
        calibration_error: on the outcomes of the holdout.
        log_loss: on the outcomes of the holdout, nats per row.
        ndcg_lists: nDCG@10 within the lists that were shown; the gain is 1 for a yes.
        ndcg_candidates: nDCG@10 of ranking many candidates for a job; the gain is the true probability. NaN without
            truth.
        ndcg_jobs: nDCG@10 of ranking many jobs for a candidate, likewise.
    """

    target: str
    ranker: str
    auc: float
    calibration_error: float
    log_loss: float
    ndcg_lists: float
    ndcg_candidates: float = float("nan")
    ndcg_jobs: float = float("nan")


@dataclass(frozen=True)
class Evaluation:
    """All figures of a model and its baselines on the holdout.

    >>> figures = Figures("match", "model", auc=0.91, calibration_error=0.02, log_loss=0.12, ndcg_lists=0.74)
    >>> evaluation = Evaluation((figures,))
    >>> evaluation.find("match", "model").auc, evaluation.flat()["match.model.log_loss"]
    (0.91, 0.12)
    """

    rows: tuple[Figures, ...]

    def find(self, target: str, ranker: str) -> Figures:
        """Return the figures of one ranker for one target."""
        return next(row for row in self.rows if (row.target, row.ranker) == (target, ranker))

    def flat(self) -> dict[str, float]:
        """Return every defined figure by a name such as `match.model.auc`."""
        figures = ("auc", "calibration_error", "log_loss", "ndcg_lists", "ndcg_candidates", "ndcg_jobs")
        named = {
            f"{row.target}.{row.ranker}.{figure}".replace(" ", "_"): float(getattr(row, figure))
            for row in self.rows
            for figure in figures
        }
        return {name: value for name, value in named.items() if np.isfinite(value)}


def evaluate(
    model: PairScorer,
    baselines: dict[str, CalibratedBaseline],
    holdout: LabelledPairs,
    *,
    truth: Truth | None,
    seed: int,
) -> Evaluation:
    """Measure the model and every baseline on the holdout; with a truth, also without the noise of outcomes.

    Args:
        model: the fitted model.
        baselines: calibrated baselines by name.
        holdout: labelled pairs of the holdout.
        truth: the probabilities of the simulator, or None.
        seed: seed of the sampled pools.
    """
    features = model.transform(holdout.pairs)
    directions = holdout.directions()
    rankers = _rankers(model, baselines, truth)
    rows = [
        _on_outcomes(name, target, label, probability, holdout)
        for name, ranker in rankers.items()
        for target, label, probability in _targets(ranker, directions, holdout, features)
    ]
    if truth is not None:
        rows = _with_truth(rows, rankers, directions, holdout=holdout, transform=model.transform, seed=seed)
    order = {name: position for position, name in enumerate([*Direction, MATCH])}
    return Evaluation(tuple(sorted(rows, key=lambda row: order[row.target])))


def _rankers(model: PairScorer, baselines: dict[str, CalibratedBaseline], truth: Truth | None) -> dict[str, Ranker]:
    def of_model(direction: Direction, pairs: Pairs, features: Floats32) -> Floats:  # noqa: ARG001
        return np.asarray(model.score_features(features).direction(direction), dtype=np.float64)

    rankers: dict[str, Ranker] = {name: baseline.probability for name, baseline in baselines.items()}
    rankers[MODEL] = of_model
    if truth is not None:
        rankers[BEST_ACHIEVABLE] = lambda direction, pairs, _: truth.best_achievable(direction, pairs)
        rankers[TRUTH] = lambda direction, pairs, _: truth.probability(direction, pairs)
    return rankers


def _targets(
    ranker: Ranker, directions: tuple[Direction, ...], rows: LabelledPairs, features: Floats32
) -> Iterator[tuple[str, Floats, Floats]]:
    """Each target with its labels and the ranker's probabilities; the match only if both directions have labels."""
    product = np.ones(len(rows))
    for direction in directions:
        probability = ranker(direction, rows.pairs, features)
        product = product * probability
        yield str(direction), rows.label(direction), probability
    if len(directions) == 2:
        yield MATCH, rows.match(), product


def _on_outcomes(name: str, target: str, label: Floats, probability: Floats, holdout: LabelledPairs) -> Figures:
    known = ~np.isnan(label)
    y, p, weight, lists = label[known], probability[known], holdout.weight[known], holdout.lists[known]
    propensity = np.ones(len(y)) if target == Direction.CANDIDATE else holdout.propensity[known]
    return Figures(
        target=target,
        ranker=name,
        auc=metrics.auc(y, p, weight),
        calibration_error=metrics.calibration_error(y, p, propensity, weight),
        log_loss=float(np.average(metrics.log_losses(y, p, propensity), weights=weight)),
        ndcg_lists=_mean(metrics.ndcg_by_list(lists, p, y)[1]),
    )


def _with_truth(
    rows: list[Figures],
    rankers: dict[str, Ranker],
    directions: tuple[Direction, ...],
    *,
    holdout: LabelledPairs,
    transform: Callable[[Pairs], Floats32],
    seed: int,
) -> list[Figures]:
    """Add ranking quality without the noise of outcomes: whole pools are ranked; the gain is the true probability."""
    pools = {
        "ndcg_candidates": sample_pools(holdout, seed, by="job"),
        "ndcg_jobs": sample_pools(holdout, seed, by="candidate"),
    }
    quality: dict[tuple[str, str], dict[str, float]] = {}
    for figure, pool in pools.items():
        features = transform(pool.pairs)
        gains = {target: p for target, _, p in _targets(rankers[TRUTH], directions, pool, features)}
        for name, ranker in rankers.items():
            for target, _, score in _targets(ranker, directions, pool, features):
                ndcg = _mean(metrics.ndcg_by_list(pool.lists, score, gains[target])[1])
                quality.setdefault((target, name), {})[figure] = ndcg
    return [
        replace(row, ndcg_candidates=found["ndcg_candidates"], ndcg_jobs=found["ndcg_jobs"])
        for row in rows
        for found in [quality[row.target, row.ranker]]
    ]


def sample_pools(holdout: LabelledPairs, seed: int, *, by: str, whole: bool = False) -> LabelledPairs:
    """Pair sampled jobs (`by="job"`) or candidates (`by="candidate"`) with a sampled pool of the other side.

    The result has one unlabelled list per job or candidate. Pairs that break a hard limit are left out, as in service;
    if `whole`, they are kept, and all lists have the same length.
    """
    generator = np.random.default_rng(seed)
    jobs, people = np.unique(holdout.pairs.job_rows), np.unique(holdout.pairs.candidate_rows)
    queries, pool = (jobs, people) if by == "job" else (people, jobs)
    queries = generator.choice(queries, min(QUERIES, len(queries)), replace=False)
    pool = generator.choice(pool, min(POOL_SIZE, len(pool)), replace=False)
    left, right = np.repeat(queries, len(pool)), np.tile(pool, len(queries))
    job_rows, candidate_rows = (left, right) if by == "job" else (right, left)
    pairs = Pairs(holdout.pairs.candidates, holdout.pairs.jobs, candidate_rows, job_rows)
    if not whole:
        allowed = eligible(pairs)
        pairs, left = pairs.take(allowed), left[allowed]
    unknown = np.full(len(left), np.nan)
    ones = np.ones(len(left))
    return LabelledPairs(
        pairs=pairs,
        time=np.full(len(left), holdout.time[-1]),
        lists=left,
        company=unknown,
        candidate=unknown,
        propensity=ones,
        weight=ones,
    )


def importance(
    model: PairScorer, holdout: LabelledPairs, *, seed: int, rows: int = 20_000
) -> dict[str, dict[str, float]]:
    """Return the increase of log loss, nats per row, when one feature is shuffled; by direction and feature."""
    generator = np.random.default_rng(seed)
    sample = holdout.take(np.sort(generator.choice(len(holdout), min(rows, len(holdout)), replace=False)))
    features = model.transform(sample.pairs)
    losses: dict[str, dict[str, float]] = {str(d): {} for d in holdout.directions()}
    base = _losses(model, sample, features)
    for column, name in enumerate(model.features.feature_names):
        shuffled = features.copy()
        shuffled[:, column] = generator.permutation(shuffled[:, column])
        for direction, loss in _losses(model, sample, shuffled).items():
            losses[direction][name] = loss - base[direction]
    return losses


def _losses(model: PairScorer, rows: LabelledPairs, features: Floats32) -> dict[str, float]:
    scores = model.score_features(features)
    losses = {}
    for direction in rows.directions():
        label, p = rows.label(direction), np.asarray(scores.direction(direction), dtype=np.float64)
        known = ~np.isnan(label)
        loss = metrics.log_losses(label[known], p[known], rows.label_propensity(direction)[known])
        losses[str(direction)] = float(np.average(loss, weights=rows.weight[known]))
    return losses


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
