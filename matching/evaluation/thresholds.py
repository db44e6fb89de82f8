"""The gate thresholds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GateThresholds:
    """What the gate requires of a model.

    >>> GateThresholds(min_auc=0.7).min_auc, GateThresholds().max_ece
    (0.7, 0.05)

    Attributes:
        max_ece: highest calibration error of a direction, as a probability.
        min_auc: lowest AUC of a direction.
        min_ndcg_lead: the lead in nDCG@10 over each baseline must be above this.
        ndcg_margin: how far nDCG@10 may be below the champion's.
        log_loss_margin: how far log loss may be above the champion's, as a share of the champion's.
        confidence: one-sided confidence of each interval.
        draws: number of bootstrap draws.
        min_value_lead: how much more value, in USD per week, the ranking must have than the champion's (the best
            baseline's if there is no champion); None if the value is only reported.
    """

    max_ece: float = 0.05
    min_auc: float = 0.60
    min_ndcg_lead: float = 0.0
    # On the default marketplace an interval reaches 0.03 to each side; a smaller margin refuses most equal models.
    ndcg_margin: float = 0.05
    log_loss_margin: float = 0.05
    confidence: float = 0.95
    draws: int = 1000
    min_value_lead: float | None = None
