"""A model beside the champion and the baselines, on the same frozen rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matching.arrays import Array, Floats
from matching.data.labels import LabelledPairs
from matching.data.scores import Scores
from matching.data.tables import Direction
from matching.evaluation import metrics
from matching.evaluation.bootstrap import Differences, by_list

NOISE_DRAWS = 100
LARGE = 20_000


@dataclass(frozen=True)
class Contest:
    """Candidate and champion on the same frozen rows.

    Attributes:
        log_loss: per direction, candidate minus champion, as a share of the champion's.
        ndcg: nDCG@10, candidate minus champion, one value a ranking.
        lost: directions that the champion scores and the candidate does not.
        champion_version: which champion.
    """

    log_loss: Mapping[str, Differences]
    ndcg: Differences
    lost: tuple[str, ...]
    champion_version: str


def contest(rows: LabelledPairs, candidate: Scores, champion: Scores, *, champion_version: str) -> Contest:
    """Compare two models on the same frozen rows.

    Args:
        rows: the holdout.
        candidate: the new model's answers for `rows`.
        champion: the champion's answers for the same rows, through its own encoders.
        champion_version: which champion.
    """
    log_loss = {}
    for direction in rows.directions():
        new, old = candidate.direction(direction), champion.direction(direction)
        known = ~np.isnan(rows.label(direction))
        if new is not None and old is not None:
            label, propensity = rows.label(direction)[known], rows.label_propensity(direction)[known]
            losses = [metrics.log_losses(label, p[known].astype(np.float64), propensity) for p in (new, old)]
            champions = np.average(losses[1], weights=rows.weight[known])
            relative = (losses[0] - losses[1]) / champions
            log_loss[str(direction)] = by_list(relative, rows.lists[known], rows.weight[known])
    lost = tuple(str(d) for d in Direction if champion.direction(d) is not None and candidate.direction(d) is None)
    return Contest(log_loss, _ndcg_differences(rows, candidate.match, champion.match), lost, champion_version)


def leads(rows: LabelledPairs, candidate: Scores, baselines: Mapping[str, Floats]) -> dict[str, Differences]:
    """How much better the candidate ranks the same frozen rows than each baseline does.

    Args:
        rows: the holdout.
        candidate: the new model's answers for `rows`.
        baselines: by name, the probability of a match that each gives `rows`, shape (n_rows,).

    Returns:
        nDCG@10, candidate minus baseline, one value a ranking, by the name of the baseline.
    """
    return {name: _ndcg_differences(rows, candidate.match, match) for name, match in baselines.items()}


def _ndcg_differences(rows: LabelledPairs, candidate: Array, other: Array) -> Differences:
    """Difference in nDCG@10 of each list in which a match came about; gain 1 for a match."""
    gain = rows.match()
    known = ~np.isnan(gain)
    new, old = (
        metrics.ndcg_by_list(rows.lists[known], match[known].astype(np.float64), gain[known])[1]
        for match in (candidate, other)
    )
    return Differences(new - old, np.ones(len(new)))


def calibration_noise(rows: LabelledPairs, scores: Scores, *, seed: int) -> dict[str, float]:
    """Calibration error that chance alone gives a perfectly calibrated model on these rows.

    Labels are drawn from the model's own probabilities; bins of few rows then still miss their prediction. Of many rows
    nothing is drawn: the noise is below every limit.

    Returns:
        The 95th percentile by direction.
    """
    generator = np.random.default_rng(seed)
    noise = {}
    for direction in rows.directions():
        known = ~np.isnan(rows.label(direction))
        probability = np.asarray(scores.direction(direction), dtype=np.float64)[known]
        propensity, weight = rows.label_propensity(direction)[known], rows.weight[known]
        if len(probability) > LARGE:
            continue
        errors = [
            metrics.calibration_error(
                (generator.random(len(probability)) < propensity * probability).astype(np.float64),
                probability,
                propensity,
                weight,
            )
            for _ in range(NOISE_DRAWS)
        ]
        noise[str(direction)] = float(np.quantile(errors, 0.95))
    return noise
