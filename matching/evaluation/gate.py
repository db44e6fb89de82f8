"""Whether a freshly trained model may replace the champion: both are judged on the same frozen rows.

Absolute floors hold for every model, and it must rank clearly better than every named baseline: the lower end of a
paired bootstrap interval of its lead lies above zero. Where there is a champion, the candidate must also answer every
direction that it answers, and be no worse than it by more than a stated margin: the lower end of the interval of the
difference must lie above minus the margin (a non-inferiority test). Rows of one ranked list are not independent, so
whole lists are drawn.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 6 and 13; for ranking, Sakai,
Laboratory Experiments in Information Retrieval (2018), chapter 4.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.data.labels import LabelledPairs
from matching.data.tables import Direction
from matching.evaluation import metrics
from matching.evaluation.evaluation import KNOWABLE, MATCH, MODEL, TRUTH, Evaluation
from matching.model.match_model import Scores

Floats = NDArray[np.float64]
NOISE_DRAWS = 100
LARGE = 20_000
VALUE_LEAD = "lead in value, USD per week"


@dataclass(frozen=True)
class Limits:
    """What a model must reach.

    Attributes:
        max_ece: largest expected calibration error per direction, as a probability.
        min_auc: smallest area under the ROC curve per direction.
        min_ndcg_lead: the lead in nDCG@10 over each named baseline must lie above this.
        ndcg_margin: by how much nDCG@10 may lie below the champion's.
        log_loss_margin: by which share of the champion's own log loss it may lie above it.
        confidence: one-sided confidence in a lead, and that the candidate is inside a margin.
        draws: bootstrap draws.
        min_value_lead: the value of its ranking, in USD per week, must lie at least this far above that of the
            champion's (of the best baseline's where there is none); None where value is only reported.
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


@dataclass(frozen=True)
class Estimate:
    """A figure with both ends of its interval, each of the stated one-sided confidence."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes:
        name: what, e.g. `company: expected calibration error`.
        value: what was measured.
        threshold: the limit, on the same scale.
        at_least: True where the value must be at or above the threshold, False where at or below.
        passed: whether it holds.
        low: lower end of the interval; None where nothing was resampled.
        high: upper end of the interval.
        strict: whether the threshold itself is not enough.
    """

    name: str
    value: float
    threshold: float
    at_least: bool
    passed: bool
    low: float | None = None
    high: float | None = None
    strict: bool = False

    def describe(self) -> str:
        """One line: name, value, interval, what was asked for."""
        interval = "" if self.low is None or self.high is None else f" [{self.low:.4f}, {self.high:.4f}]"
        asked = "above" if self.strict else "at least" if self.at_least else "at most"
        return f"{self.name}: {self.value:.4f}{interval}, {asked} {self.threshold:.4f} asked"


@dataclass(frozen=True)
class Verdict:
    """What the gate decided and why.

    Attributes:
        checks: everything that was checked.
        warnings: what makes the comparison less than fair, in words.
        champion_version: the champion it was compared with; None where there was none.
    """

    checks: tuple[Check, ...]
    warnings: tuple[str, ...] = ()
    champion_version: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the model may be registered: there were checks and all of them hold."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def reasons(self) -> list[str]:
        """Why not, one line a failed check."""
        return [check.describe() for check in self.checks if not check.passed] or (
            [] if self.checks else ["nothing could be checked"]
        )

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON holds it."""
        return {"passed": self.passed, **asdict(self)}


def floor(name: str, value: float, threshold: float) -> Check:
    """Check that a value is at or above a limit; a value that is not a number fails."""
    return Check(name, float(value), threshold, at_least=True, passed=bool(value >= threshold))


def ceiling(name: str, value: float, threshold: float) -> Check:
    """Check that a value is at or below a limit; a value that is not a number fails."""
    return Check(name, float(value), threshold, at_least=False, passed=bool(value <= threshold))


@dataclass(frozen=True)
class Differences:
    """Candidate minus champion on the same rows, summed up by ranked list.

    Attributes:
        totals: shape (n_lists,), sum of the differences of a list's rows.
        weights: shape (n_lists,), how many rows (or rankings) of the list were compared.
    """

    totals: Floats
    weights: Floats

    def mean(self) -> float:
        """Mean difference; nan where nothing was compared."""
        return float(self.totals.sum() / self.weights.sum()) if self.weights.sum() else float("nan")


def by_list(differences: Floats, lists: NDArray[np.int64], weight: Floats) -> Differences:
    """Sum differences of rows up by their list.

    Args:
        differences: shape (n_rows,).
        lists: shape (n_rows,), code of each row's list.
        weight: shape (n_rows,), how many rows each row stands for.
    """
    _, codes = np.unique(lists, return_inverse=True)
    totals, weights = np.bincount(codes, weight * differences), np.bincount(codes, weight)
    return Differences(totals.astype(np.float64), weights.astype(np.float64))


def bootstrap(differences: Differences, *, draws: int, seed: int) -> Floats:
    """Means of the difference over lists drawn with replacement.

    Returns:
        ndarray of shape (draws,); empty where nothing was compared.
    """
    n_lists = len(differences.totals)
    if not n_lists:
        return np.empty(0)
    generator = np.random.default_rng(seed)
    means = np.empty(draws)
    for draw in range(draws):
        picked = generator.integers(0, n_lists, n_lists)
        means[draw] = differences.totals[picked].sum() / differences.weights[picked].sum()
    return means


@dataclass(frozen=True)
class Margin:
    """How much worse than the champion is still tolerated.

    Attributes:
        name: what is measured.
        size: tolerated loss, at or above zero, on the scale of the measure.
        higher_is_better: False for losses.
    """

    name: str
    size: float
    higher_is_better: bool


def _interval(differences: Differences, limits: Limits, seed: int) -> tuple[float, float] | None:
    """Both one-sided ends of the mean difference; None where nothing was compared."""
    means = bootstrap(differences, draws=limits.draws, seed=seed)
    if not len(means):
        return None
    low, high = np.quantile(means, [1 - limits.confidence, limits.confidence])
    return float(low), float(high)


def above(name: str, differences: Differences, *, limits: Limits, seed: int) -> Check:
    """Check with confidence that the mean difference is larger than `limits.min_ndcg_lead`; a tie fails."""
    low, high = _interval(differences, limits, seed) or (None, None)
    limit = limits.min_ndcg_lead
    passed = low is not None and low > limit
    return Check(name, differences.mean(), limit, at_least=True, passed=passed, low=low, high=high, strict=True)


def not_worse(margin: Margin, differences: Differences, *, limits: Limits, seed: int) -> Check:
    """Check with confidence that the candidate is not worse than the champion by more than the margin.

    Nothing to compare is no proof: the check fails.
    """
    threshold = -margin.size if margin.higher_is_better else margin.size
    interval = _interval(differences, limits, seed)
    if interval is None:
        return Check(margin.name, float("nan"), threshold, margin.higher_is_better, passed=False)
    low, high = interval
    passed = low >= threshold if margin.higher_is_better else high <= threshold
    return Check(margin.name, differences.mean(), threshold, margin.higher_is_better, passed, low, high)


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


def _ndcg_differences(rows: LabelledPairs, candidate: NDArray[Any], other: NDArray[Any]) -> Differences:
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


def judge(
    evaluation: Evaluation,
    against: Contest | None,
    *,
    lead: Mapping[str, Differences],
    seed: int,
    limits: Limits | None = None,
    noise: Mapping[str, float] | None = None,
    value_lead: Estimate | None = None,
) -> Verdict:
    """Decide whether a model may be registered.

    Args:
        evaluation: what the model and the named baselines reached on the holdout; the floors are held against it.
        against: the model and the champion on the same rows; None where there is no champion, and the floors decide.
        lead: how much better than each baseline the model ranks the holdout; a baseline that is missing is a failure.
        seed: seed of the bootstrap.
        limits: what must be reached; `Limits()` where None.
        noise: calibration error that chance alone explains, by direction; the limit is never below it.
        value_lead: lead in value, USD per week, see `matching.value.report`; None where the log does not tell it.
    """
    limits = limits or Limits()
    checks = [*_floors(evaluation, limits, noise or {}), *_leads(evaluation, lead, limits, seed)]
    checks += _worth(value_lead, limits)
    if against is None:
        return Verdict(tuple(checks))
    checks += _comparisons(against, limits, seed)
    return Verdict(tuple(checks), champion_version=against.champion_version)


def _floors(evaluation: Evaluation, limits: Limits, noise: Mapping[str, float]) -> list[Check]:
    """Absolute limits: calibration and discrimination of each direction."""
    checks = []
    for row in evaluation.rows:
        if row.ranker == MODEL and row.target != MATCH:
            most = max(limits.max_ece, noise.get(row.target, 0.0))
            checks.append(ceiling(f"{row.target}: calibration error", row.calibration_error, most))
            checks.append(floor(f"{row.target}: AUC", row.auc, limits.min_auc))
    return checks


def _leads(evaluation: Evaluation, lead: Mapping[str, Differences], limits: Limits, seed: int) -> list[Check]:
    """A clear lead over every baseline that was measured."""
    target = evaluation.rows[-1].target
    named = [row.ranker for row in evaluation.rows if row.target == target]
    nothing = Differences(np.empty(0), np.empty(0))
    return [
        above(f"{target}: nDCG@10 minus that of {name}", lead.get(name, nothing), limits=limits, seed=seed)
        for name in named
        if name not in (MODEL, KNOWABLE, TRUTH)
    ]


def _worth(lead: Estimate | None, limits: Limits) -> list[Check]:
    """The lead in value, where one is asked for; one that cannot be known is no proof and fails."""
    asked = limits.min_value_lead
    if asked is None:
        return []
    if lead is None:
        return [floor(VALUE_LEAD, float("nan"), asked)]
    return [Check(VALUE_LEAD, lead.value, asked, at_least=True, passed=lead.low >= asked, low=lead.low, high=lead.high)]


def _comparisons(against: Contest, limits: Limits, seed: int) -> list[Check]:
    """The model beside the champion."""
    ranking = Margin("nDCG@10 minus champion's", limits.ndcg_margin, higher_is_better=True)
    checks = [floor(f"{direction}: scored, as the champion does", 0.0, 1.0) for direction in against.lost]
    checks.append(not_worse(ranking, against.ndcg, limits=limits, seed=seed))
    for name, differences in against.log_loss.items():
        loss = Margin(f"{name}: log loss over champion's, minus 1", limits.log_loss_margin, higher_is_better=False)
        checks.append(not_worse(loss, differences, limits=limits, seed=seed))
    return checks
