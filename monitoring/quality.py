"""Quality on mature labels: do the outcomes still agree with the probabilities?

Two figures per direction, each compared with the model's own holdout. For the standard errors a cluster is one draw.

- calibration in the large: the observed rate of yes over the expected one. A row examined with propensity t is expected
  to be a yes with t times its probability. The same ratio on the holdout is the baseline.
- discrimination: the AUC minus the AUC that the probabilities imply for the same rows (the model-based concordance of
  van Klaveren et al., Statistics in Medicine 35, 2016). A different mix of candidates is thus not mistaken for a worse
  model. The standard error is cluster-robust (Obuchowski, Biometrics 53, 1997).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict
from scipy.special import stdtrit

from matching.arrays import Floats, Integers
from matching.data.tables import Direction
from monitoring.windows import Sample

Measure = Literal["calibration", "discrimination"]


@dataclass(frozen=True)
class QualitySettings:
    """How certain and how large a loss must be.

    Attributes:
        alpha: share of quiet windows that may raise any alarm, over all figures together.
        min_calibration: smallest relative change of observed over expected that matters.
        min_discrimination: smallest loss of AUC that matters.
        min_positives: smallest number of outcomes of either kind, observed or expected.
        min_clusters: smallest number of clusters with labels.
    """

    alpha: float = 0.005
    min_calibration: float = 0.15
    min_discrimination: float = 0.03
    min_positives: int = 20
    min_clusters: int = 10


class QualityFigure(BaseModel):
    """One figure of one direction: `change` from the baseline with its `margin` (half of the interval's width).

    For `calibration` the change is relative (observed over expected, over the same on the holdout, minus 1); for
    `discrimination` it is a difference of AUC. `enough` is False if there are too few labels to show a loss.
    """

    model_config = ConfigDict(frozen=True)

    direction: Direction
    measure: Measure
    observed: float
    expected: float
    baseline: float
    change: float
    margin: float
    minimum: float
    rows: int
    positives: int
    enough: bool

    @property
    def severity(self) -> float:
        """Size of the loss in units of the smallest loss that raises an alarm; over 1 means worse quality."""
        loss = -self.change if self.measure == "discrimination" else abs(self.change)
        return loss / max(self.margin, self.minimum)


@dataclass(frozen=True)
class LabelledScores:
    """Labelled rows of one direction. Shapes are (n_rows,).

    Attributes:
        label: 1 for yes, 0 for no.
        score: the probability that the model gave.
        expected: the probability of a yes: the score, times the propensity in the direction `company`.
        clusters: number of the cluster of each row.
    """

    label: Floats
    score: Floats
    expected: Floats
    clusters: Integers

    @classmethod
    def of(cls, sample: Sample, direction: Direction, unit: str) -> "LabelledScores":
        """Take the rows with a known label in this direction."""
        known = sample.frame.select(
            (pl.col(f"{direction}_label").is_not_null() & pl.col(f"{direction}_probability").is_finite()).fill_null(
                value=False
            )
        ).to_series()
        rows = sample.frame.filter(known)
        score = rows[f"{direction}_probability"].cast(pl.Float64).to_numpy()
        seen = rows["propensity"].cast(pl.Float64).fill_null(1.0).fill_nan(1.0).to_numpy()
        expected = score * seen if direction is Direction.COMPANY else score
        label = rows[f"{direction}_label"].cast(pl.Float64).to_numpy()
        return cls(label, score, np.clip(expected, 0.0, 1.0), sample.clusters(unit)[known.to_numpy()])

    def __len__(self) -> int:
        return len(self.label)

    @property
    def n_clusters(self) -> int:
        """How many clusters have labels."""
        return len(np.unique(self.clusters))

    def can_show(self, settings: QualitySettings) -> bool:
        """Whether there are enough outcomes of both kinds, from enough clusters."""
        yes = min(self.label.sum(), self.expected.sum())
        no = min((1 - self.label).sum(), (1 - self.expected).sum())
        return min(yes, no) >= settings.min_positives and self.n_clusters >= settings.min_clusters


def measure_quality(
    reference: Sample, window: Sample, unit: str, settings: QualitySettings | None = None
) -> tuple[QualityFigure, ...]:
    """Compare outcomes with probabilities, in each direction that has labels in both samples."""
    settings = settings or QualitySettings()
    directions = [d for d in Direction if reference.labelled(d) and window.labelled(d)]
    # Calibration alarms on both sides, discrimination on one: three tails per direction share alpha.
    tail = settings.alpha / (3 * max(1, len(directions)))
    figures: list[QualityFigure] = []
    for direction in directions:
        before, now = LabelledScores.of(reference, direction, unit), LabelledScores.of(window, direction, unit)
        if len(before) and len(now):
            comparison = _Comparison(direction, before, now, tail, settings)
            figures += [comparison.calibration(), comparison.discrimination()]
    return tuple(figures)


@dataclass(frozen=True)
class _Comparison:
    """Labelled rows of one direction, of the holdout and of the window; `tail` is the error allowed on one side."""

    direction: Direction
    before: LabelledScores
    now: LabelledScores
    tail: float
    settings: QualitySettings

    def calibration(self) -> QualityFigure:
        """Compare observed over expected with the same ratio on the holdout; the change is relative."""
        baseline, baseline_variance = _observed_over_expected(self.before)
        if baseline <= 0:
            return self._figure("calibration", (0.0, 0.0, baseline), 0.0, np.inf)
        ratio, variance = _observed_over_expected(self.now, baseline)
        relative = ratio / baseline
        error = float(np.sqrt(variance + baseline_variance * relative**2)) / baseline
        expected = float(baseline * self.now.expected.mean())
        return self._figure("calibration", (float(self.now.label.mean()), expected, baseline), relative - 1, error)

    def discrimination(self) -> QualityFigure:
        """Compare the AUC beyond the implied one with the same difference on the holdout."""
        old, old_implied, old_variance = _excess_auc(self.before)
        new, implied, variance = _excess_auc(self.now)
        baseline = old - old_implied
        error = float(np.sqrt(variance + old_variance))
        return self._figure("discrimination", (new, implied + baseline, baseline), new - implied - baseline, error)

    def _figure(
        self, measure: Measure, values: tuple[float, float, float], change: float, error: float
    ) -> QualityFigure:
        clusters = min(self.before.n_clusters, self.now.n_clusters)
        quantile = float(stdtrit(max(1, clusters - 1), 1 - self.tail))  # scipy.stats takes a second to import
        is_calibration = measure == "calibration"
        return QualityFigure(
            direction=self.direction,
            measure=measure,
            observed=values[0],
            expected=values[1],
            baseline=values[2],
            change=change,
            margin=min(quantile * error, 1e6),
            minimum=self.settings.min_calibration if is_calibration else self.settings.min_discrimination,
            rows=len(self.now),
            positives=int(self.now.label.sum()),
            enough=self.before.can_show(self.settings) and self.now.can_show(self.settings),
        )


def _observed_over_expected(outcomes: LabelledScores, assumed: float = 1.0) -> tuple[float, float]:
    """Return the ratio of observed to expected outcomes, and its variance: cluster-robust, but at least binomial."""
    expected = max(float(outcomes.expected.sum()), 1e-12)
    ratio = float(outcomes.label.sum()) / expected
    residuals = _by_cluster(outcomes.label - ratio * outcomes.expected, outcomes.clusters)
    n_clusters = max(2, outcomes.n_clusters)
    robust = n_clusters / (n_clusters - 1) * float((residuals**2).sum())
    rate = np.clip(assumed * outcomes.expected, 0, 1)
    return ratio, max(robust, float((rate * (1 - rate)).sum())) / expected**2


def _excess_auc(outcomes: LabelledScores) -> tuple[float, float, float]:
    """Return the AUC, the AUC that the probabilities imply, and the cluster-robust variance of the difference."""
    auc, influence = weighted_auc(outcomes.score, outcomes.label, 1 - outcomes.label)
    implied, implied_influence = weighted_auc(outcomes.score, outcomes.expected, 1 - outcomes.expected)
    n_clusters = max(2, outcomes.n_clusters)
    sums = _by_cluster(influence - implied_influence, outcomes.clusters)
    return auc, implied, n_clusters / (n_clusters - 1) * float((sums**2).sum())


def weighted_auc(score: Floats, yes: Floats, no: Floats) -> tuple[float, Floats]:
    """Return the probability that a yes scores above a no; ties count half.

    Args:
        score: shape (n_rows,).
        yes: weight of each row as a yes, shape (n_rows,).
        no: weight of each row as a no, shape (n_rows,).

    Returns:
        The AUC and the influence of each row on it, shape (n_rows,); the squared influences sum to its variance.
        Without any yes or no: 0.5 and zeros.
    """
    total_yes, total_no = float(yes.sum()), float(no.sum())
    if total_yes <= 0 or total_no <= 0:
        return 0.5, np.zeros(len(score))
    _, group = np.unique(score, return_inverse=True)
    yes_here, no_here = np.bincount(group, weights=yes), np.bincount(group, weights=no)
    no_below = (np.cumsum(no_here) - no_here / 2)[group] / total_no
    yes_above = (total_yes - np.cumsum(yes_here) + yes_here / 2)[group] / total_yes
    auc = float((yes * no_below).sum() / total_yes)
    return auc, yes * (no_below - auc) / total_yes + no * (yes_above - auc) / total_no


def _by_cluster(values: Floats, clusters: Integers) -> Floats:
    return np.bincount(clusters, weights=values).astype(np.float64)
