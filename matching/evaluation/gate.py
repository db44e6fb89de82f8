"""The gate: whether a new model may be registered and replace the champion.

Every model must reach the absolute thresholds and rank clearly better than every baseline: the lower end of the
bootstrap interval of its lead must lie above zero. If there is a champion, the new model must also score every
direction that the champion scores and must not be worse by more than a margin: the interval of the difference must lie
within the margin (a non-inferiority test). Both models are evaluated on the same frozen rows.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from matching.evaluation.bootstrap import Differences, Estimate, one_sided_interval
from matching.evaluation.comparison import ChampionComparison
from matching.evaluation.evaluation import BEST_ACHIEVABLE, MATCH, MODEL, TRUTH, Evaluation
from matching.evaluation.sample_size import more_lists
from matching.evaluation.thresholds import GateThresholds

VALUE_LEAD = "lead in value, USD per week"


@dataclass(frozen=True)
class Check:
    """One requirement of the gate, and whether the model meets it.

    Attributes:
        name: what is measured, such as `company: calibration error`.
        value: the measured value.
        threshold: the required value.
        at_least: whether the value must be at or above the threshold; otherwise at or below it.
        passed: whether the requirement is met.
        low: lower end of the interval of the value; None without a bootstrap.
        high: upper end of the interval of the value; None without a bootstrap.
        strict: whether a value equal to the threshold fails.
        more_lists: about how many more lists in the holdout would settle a failed check; None if no number would.
    """

    name: str
    value: float
    threshold: float
    at_least: bool
    passed: bool
    low: float | None = None
    high: float | None = None
    strict: bool = False
    more_lists: int | None = None

    def describe(self) -> str:
        """Return one line: name, value, interval, requirement, and how many more lists would settle it."""
        interval = "" if self.low is None or self.high is None else f" [{self.low:.4f}, {self.high:.4f}]"
        bound = "above" if self.strict else "at least" if self.at_least else "at most"
        required = f"{self.name}: {self.value:.4f}{interval}, {bound} {self.threshold:.4f} required"
        if self.more_lists is None:
            return required
        return f"{required} (about {self.more_lists:,} more lists in the holdout would settle it)"


@dataclass(frozen=True)
class GateVerdict:
    """What the gate decided and why.

    >>> verdict = GateVerdict((floor("company: AUC", 0.58, 0.6), ceiling("company: calibration error", 0.02, 0.05)))
    >>> verdict.passed, verdict.failures
    (False, ['company: AUC: 0.5800, at least 0.6000 required'])

    Attributes:
        checks: every requirement that was checked.
        warnings: what biases the comparison, one sentence each.
        champion_version: version of the champion; None if there was none.
    """

    checks: tuple[Check, ...]
    warnings: tuple[str, ...] = ()
    champion_version: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the model may be registered: there was at least one check, and all passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def failures(self) -> list[str]:
        """One line per failed check."""
        return [check.describe() for check in self.checks if not check.passed] or (
            [] if self.checks else ["nothing could be checked"]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as data for JSON."""
        return {"passed": self.passed, **asdict(self)}


def floor(name: str, value: float, threshold: float) -> Check:
    """Check that a value is at or above a threshold; NaN fails."""
    return Check(name, float(value), threshold, at_least=True, passed=bool(value >= threshold))


def ceiling(name: str, value: float, threshold: float) -> Check:
    """Check that a value is at or below a threshold; NaN fails."""
    return Check(name, float(value), threshold, at_least=False, passed=bool(value <= threshold))


@dataclass(frozen=True)
class Margin:
    """How much worse than the champion a model may be.

    >>> margin = Margin("nDCG@10 minus the champion's", 0.05, higher_is_better=True)
    >>> differences = Differences(totals=np.full(50, -0.01), weights=np.ones(50))
    >>> not_worse(margin, differences, thresholds=GateThresholds(), seed=1).describe()
    "nDCG@10 minus the champion's: -0.0100 [-0.0100, -0.0100], at least -0.0500 required"

    Attributes:
        name: what is measured.
        size: tolerated difference, not negative, on the scale of what is measured.
        higher_is_better: False for losses.
    """

    name: str
    size: float
    higher_is_better: bool


def above(name: str, differences: Differences, *, thresholds: GateThresholds, seed: int) -> Check:
    """Check with confidence that the mean difference is larger than `thresholds.min_ndcg_lead`; a tie fails."""
    low, high = one_sided_interval(
        differences, confidence=thresholds.confidence, draws=thresholds.draws, seed=seed
    ) or (None, None)
    threshold = thresholds.min_ndcg_lead
    passed = low is not None and low > threshold
    return Check(name, differences.mean(), threshold, at_least=True, passed=passed, low=low, high=high, strict=True)


def not_worse(margin: Margin, differences: Differences, *, thresholds: GateThresholds, seed: int) -> Check:
    """Check with confidence that a model is not worse than the champion by more than the margin.

    If nothing was compared, the check fails.
    """
    threshold = -margin.size if margin.higher_is_better else margin.size
    interval = one_sided_interval(differences, confidence=thresholds.confidence, draws=thresholds.draws, seed=seed)
    if interval is None:
        return Check(margin.name, float("nan"), threshold, margin.higher_is_better, passed=False)
    low, high = interval
    passed = low >= threshold if margin.higher_is_better else high <= threshold
    return Check(margin.name, differences.mean(), threshold, margin.higher_is_better, passed, low, high)


def decide(
    evaluation: Evaluation,
    against: ChampionComparison | None,
    *,
    lead: Mapping[str, Differences],
    seed: int,
    thresholds: GateThresholds | None = None,
    noise: Mapping[str, float] | None = None,
    value_lead: Estimate | None = None,
    lists: int | None = None,
) -> GateVerdict:
    """Decide whether a model may be registered.

    Args:
        evaluation: figures of the model and the baselines on the holdout.
        against: comparison with the champion on the same rows; None if there is no champion.
        lead: how much better than each baseline the model ranks the holdout; a missing baseline fails.
        seed: seed of the bootstrap.
        thresholds: what is required; `GateThresholds()` if None.
        noise: calibration error that chance alone explains, by direction; the threshold is never below it.
        value_lead: lead in value, USD per week, see `matching.value.estimation`; None if the log cannot show it.
        lists: ranked lists in the holdout, to estimate how many more would settle a failed check; None for no estimate.
    """
    thresholds = thresholds or GateThresholds()
    checks = [*_absolute(evaluation, thresholds, noise or {}), *_leads(evaluation, lead, thresholds, seed)]
    checks += _value(value_lead, thresholds)
    if against is not None:
        checks += _comparisons(against, thresholds, seed)
    if lists is not None:
        checks = [_with_more_lists(check, lists) for check in checks]
    return GateVerdict(tuple(checks), champion_version=None if against is None else against.champion_version)


def _with_more_lists(check: Check, lists: int) -> Check:
    """Add to a failed check how many more lists would settle it."""
    end = check.low if check.at_least else check.high
    if check.passed or end is None:
        return check
    return replace(check, more_lists=more_lists(check.value, check.threshold, end, lists=lists))


def _absolute(evaluation: Evaluation, thresholds: GateThresholds, noise: Mapping[str, float]) -> list[Check]:
    """Check the calibration and the discrimination of each direction."""
    checks = []
    for row in evaluation.rows:
        if row.ranker == MODEL and row.target != MATCH:
            most = max(thresholds.max_ece, noise.get(row.target, 0.0))
            checks.append(ceiling(f"{row.target}: calibration error", row.calibration_error, most))
            checks.append(floor(f"{row.target}: AUC", row.auc, thresholds.min_auc))
    return checks


def _leads(
    evaluation: Evaluation, lead: Mapping[str, Differences], thresholds: GateThresholds, seed: int
) -> list[Check]:
    """Check that the lead over every baseline is clear."""
    target = evaluation.rows[-1].target
    rankers = [row.ranker for row in evaluation.rows if row.target == target]
    nothing = Differences(np.empty(0), np.empty(0))
    return [
        above(f"{target}: nDCG@10 minus that of {name}", lead.get(name, nothing), thresholds=thresholds, seed=seed)
        for name in rankers
        if name not in (MODEL, BEST_ACHIEVABLE, TRUTH)
    ]


def _value(lead: Estimate | None, thresholds: GateThresholds) -> list[Check]:
    """Check the lead in value, if one is required; a lead that cannot be measured fails."""
    required = thresholds.min_value_lead
    if required is None:
        return []
    if lead is None:
        return [floor(VALUE_LEAD, float("nan"), required)]
    return [
        Check(
            VALUE_LEAD, lead.value, required, at_least=True, passed=lead.low >= required, low=lead.low, high=lead.high
        )
    ]


def _comparisons(against: ChampionComparison, thresholds: GateThresholds, seed: int) -> list[Check]:
    """Check that the model is not worse than the champion."""
    ranking = Margin("nDCG@10 minus the champion's", thresholds.ndcg_margin, higher_is_better=True)
    checks = [floor(f"{direction}: scored, as by the champion", 0.0, 1.0) for direction in against.lost]
    checks.append(not_worse(ranking, against.ndcg, thresholds=thresholds, seed=seed))
    for name, differences in against.log_loss.items():
        loss = Margin(
            f"{name}: log loss relative to the champion's, minus 1", thresholds.log_loss_margin, higher_is_better=False
        )
        checks.append(not_worse(loss, differences, thresholds=thresholds, seed=seed))
    return checks
