"""What a model must reach to be registered."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GateThresholds:
    """What a model must reach.

    >>> GateThresholds(min_auc=0.7).min_auc, GateThresholds().max_ece
    (0.7, 0.05)

    Attributes:
        max_ece: largest expected calibration error per direction, as a probability.
        min_auc: smallest area under the ROC curve per direction.
        min_ndcg_lead: the lead in nDCG@10 over each named baseline must lie above this.
        ndcg_margin: by how much nDCG@10 may lie below the champion's.
        log_loss_margin: by which share of the champion's own log loss it may lie above it.
        confidence: one-sided confidence in a lead, and that the candidate is inside a margin.
        draws: bootstrap draws.
        min_value_lead: the value of its ranking, in USD per week, must lie at least this far above that of the
            champion's (of the best baseline's where there is none); None if the value is only reported.
    """

    max_ece: float = 0.05
    min_auc: float = 0.60
    min_ndcg_lead: float = 0.0
    # At the default size an interval is 0.03 wide to each side: a smaller margin refuses most equally good models.
    ndcg_margin: float = 0.05
    log_loss_margin: float = 0.05
    confidence: float = 0.95
    draws: int = 1000
    min_value_lead: float | None = None
