"""A new model against the champion and the baselines, on the same frozen rows."""

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
LARGE = 20_000  # rows above which chance alone gives a calibration error below every threshold


@dataclass(frozen=True)
class ChampionComparison:
    """Differences between a new model and the champion.

    Attributes:
        log_loss: by direction, the new model's loss minus the champion's, as a share of the champion's mean loss.
        ndcg: nDCG@10 of the new model minus that of the champion, one value per list.
        lost: directions that the champion scores and the new model does not.
        champion_version: version of the champion.
    """

    log_loss: Mapping[str, Differences]
    ndcg: Differences
    lost: tuple[str, ...]
    champion_version: str


def compare_with_champion(
    rows: LabelledPairs, model: Scores, champion: Scores, *, champion_version: str
) -> ChampionComparison:
    """Compare a new model with the champion on the same frozen rows.

    Args:
        rows: the holdout.
        model: the new model's scores of `rows`.
        champion: the champion's scores of `rows`, computed from its own features.
        champion_version: version of the champion.
    """
    log_loss = {}
    for direction in rows.directions():
        new, old = model.direction(direction), champion.direction(direction)
        known = ~np.isnan(rows.label(direction))
        if new is not None and old is not None:
            label, propensity = rows.label(direction)[known], rows.label_propensity(direction)[known]
            losses = [metrics.log_losses(label, p[known].astype(np.float64), propensity) for p in (new, old)]
            champions = np.average(losses[1], weights=rows.weight[known])
            relative = (losses[0] - losses[1]) / champions
            log_loss[str(direction)] = by_list(relative, rows.lists[known], rows.weight[known])
    lost = tuple(str(d) for d in Direction if champion.direction(d) is not None and model.direction(d) is None)
    return ChampionComparison(log_loss, _ndcg_differences(rows, model.match, champion.match), lost, champion_version)


def leads(rows: LabelledPairs, model: Scores, baselines: Mapping[str, Floats]) -> dict[str, Differences]:
    """Measure how much better a model ranks the same frozen rows than each baseline does.

    Args:
        rows: the holdout.
        model: the model's scores of `rows`.
        baselines: each baseline's match probability for `rows`, by name; shape (n_rows,).

    Returns:
        nDCG@10 of the model minus that of the baseline, one value per list, by the baseline's name.
    """
    return {name: _ndcg_differences(rows, model.match, match) for name, match in baselines.items()}


def _ndcg_differences(rows: LabelledPairs, model: Array, other: Array) -> Differences:
    """Difference in nDCG@10 of each list that led to a match; a match has a gain of 1."""
    gain = rows.match()
    known = ~np.isnan(gain)
    new, old = (
        metrics.ndcg_by_list(rows.lists[known], match[known].astype(np.float64), gain[known])[1]
        for match in (model, other)
    )
    return Differences(new - old, np.ones(len(new)))


def calibration_noise(rows: LabelledPairs, scores: Scores, *, seed: int) -> dict[str, float]:
    """Estimate the calibration error that chance alone gives a perfectly calibrated model on these rows.

    The labels are drawn from the model's own probabilities; a bin with few rows still misses its prediction.

    Returns:
        The 95th percentile by direction; a direction with more than `LARGE` labelled rows is left out.
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
