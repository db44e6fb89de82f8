"""What a ranking is worth: expected outreach, accepts, interviews and hires per week, and their value in USD.

The lists of the holdout are put into the order each model would have given them. A company looks at a position with the
logged propensity, so what happened to a pair at its logged position says what would have happened at another: its
outcome counts `propensity there / propensity here` times (inverse propensity weighting). The order within the shown
lists is judged, not who was shown at all. Accepts count once the answer is mature; what follows an accept is taken from
the log before the holdout, and is the same for every model.

Intervals come from drawing whole lists, the same ones for every model (`bootstrap`), and from drawing the rates of
interviews and hires.

Source: Joachims, Swaminathan and Schnabel (2017), "Unbiased Learning-to-Rank with Biased Feedback"; Horvitz and
Thompson (1952) for the estimator.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from matching.arrays import Array, Floats, Integers
from matching.data.dataset import Dataset, Truth
from matching.data.labels import LabelledPairs
from matching.data.splits import Splits
from matching.data.tables import Direction
from matching.errors import UnusableData
from matching.evaluation.bootstrap import Differences, Estimate, bootstrap
from matching.evaluation.evaluation import MODEL
from matching.evaluation.thresholds import GateThresholds
from matching.value.costs import Costs
from matching.value.take_rates import Rate, TakeRates, take_rates

Amounts = dict[str, Floats | None]

LOOKS, OUTREACH, ACCEPTS, INTERVIEWS, HIRES, USD = TERMS = (
    *("looks", "outreach", "accepts", "interviews", "hires", "usd"),
)
CHAMPION, AS_LOGGED = "champion", "as logged"
ASSUMED_POSITION_BIAS = 0.5
TINY = 1e-12


@dataclass(frozen=True)
class Worth:
    """What one ranking brings in a week.

    Attributes:
        ranker: whose ranking.
        terms: by term (`looks`, `outreach`, `accepts`, `interviews`, `hires`, `usd`); None where it cannot be known.
        truth: the same from the simulator's own probabilities; None for real data.
    """

    ranker: str
    terms: Mapping[str, Estimate | None]
    truth: Mapping[str, float] | None = None


@dataclass(frozen=True)
class ValueReport:
    """What the model's ranking is worth beside the others'.

    Attributes:
        costs: the amounts that value was computed with.
        weeks: length of the holdout.
        lists: ranked lists in it.
        worths: one a ranking, the model's first.
        against: the ranking the model is compared with.
        lead: the model's terms minus those of `against`, from the same draws.
        rates: what follows an accept.
        unknown: by term that cannot be known, why.
        assumed_looks: the log says that every position was looked at for certain, so that no order would matter; a
            falling chance of a look was assumed instead.
        effective_outreach: the model's outreach rests on as many logged ones as this many of weight one (Kish).
        confidence: one-sided confidence of both ends of every interval.
    """

    costs: Costs
    weeks: float
    lists: int
    worths: tuple[Worth, ...]
    against: str
    lead: Worth
    rates: TakeRates
    unknown: Mapping[str, str]
    assumed_looks: bool
    effective_outreach: float
    confidence: float

    @property
    def usd_lead(self) -> Estimate | None:
        """The lead in value, USD per week, for the gate; None where it cannot be known."""
        return self.lead.terms[USD]

    def flat(self) -> dict[str, float]:
        """Every known figure under a name such as `value.model.hires_per_week`."""
        named: dict[str, float] = {}
        for worth in (*self.worths, self.lead):
            name = "lead" if worth is self.lead else worth.ranker
            for term, found in worth.terms.items():
                key = f"value.{name}.{term}_per_week".replace(" ", "_")
                if found is not None:
                    named |= {key: found.value, f"{key}.low": found.low, f"{key}.high": found.high}
                if worth.truth is not None and term in worth.truth:
                    named[f"{key}.truth"] = worth.truth[term]
        return named

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON holds it."""
        return asdict(self)


def measure_value(
    dataset: Dataset,
    parts: Splits,
    model: Array,
    *,
    champion: Array | None = None,
    baselines: Mapping[str, Array] | None = None,
    maturity: timedelta,
    costs: Costs,
    seed: int,
    thresholds: GateThresholds | None = None,
) -> ValueReport:
    """Estimate what a model's ranking is worth per week beside the champion's, or the best other one's.

    Args:
        dataset: the tables; its events give the rates of interviews and hires, its truth the true figures.
        parts: the slices; the lists of the holdout are ranked.
        model: the model's probability of a match of each holdout row, shape (n_holdout,).
        champion: the same of the champion; None where there is none.
        baselines: the same of each named baseline.
        maturity: age at which the absence of an answer means no: the holdout ends so much before the log.
        costs: the cost table.
        seed: seed of the bootstrap.
        thresholds: confidence and draws; `GateThresholds()` if None.

    Raises:
        UnusableData: the holdout has no length in time.
    """
    thresholds = thresholds or GateThresholds()
    window = parts.cuts.end - maturity - parts.cuts.calibration_end
    if window <= timedelta(0):
        raise UnusableData(
            f"the newest slice is shorter than the {maturity} in which an answer matures: use a longer log"
        )
    scores = {MODEL: model} | ({} if champion is None else {CHAMPION: champion}) | dict(baselines or {})
    lists = _Lists(parts.holdout, window / timedelta(weeks=1), thresholds.draws, seed)
    rates = take_rates(dataset.events, until=parts.cuts.calibration_end)
    looks = {name: lists.looks(np.asarray(score, dtype=np.float64)) for name, score in scores.items()}
    if not lists.assumed_looks:
        looks[AS_LOGGED] = parts.holdout.propensity
    amounts = {name: _amounts(lists, chance, rates, costs) for name, chance in looks.items()}
    truths = {name: _true(lists, chance, dataset.truth, rates, costs) for name, chance in looks.items()}
    against = CHAMPION if champion is not None else _best_other(amounts)
    return ValueReport(
        costs=costs,
        weeks=lists.weeks,
        lists=lists.count,
        worths=tuple(_worth(name, amounts[name], truths[name], thresholds) for name in looks),
        against=against,
        lead=_lead(amounts, truths, against, thresholds),
        rates=rates,
        unknown=_unknown(amounts[MODEL]),
        assumed_looks=lists.assumed_looks,
        effective_outreach=lists.effective_outreach(looks[MODEL]),
        confidence=thresholds.confidence,
    )


class _Lists:
    """The holdout's lists, and sums over them: the first value of an array is the estimate, the others are draws."""

    def __init__(self, rows: LabelledPairs, weeks: float, draws: int, seed: int) -> None:
        self.rows, self.weeks, self.draws, self.seed = rows, weeks, draws, seed
        self.codes = np.unique(rows.lists, return_inverse=True)[1]
        self.count = int(self.codes.max()) + 1
        self.assumed_looks = bool((rows.propensity == 1).all())

    def looks(self, score: Floats) -> Floats:
        """Chance of a look at each row if its list were ordered by `score`, shape (n_rows,).

        The propensities of a list stay with its positions: the best row gets the largest.
        """
        rank = self._rank(-score)
        if self.assumed_looks:
            return np.asarray((rank + 1.0) ** -ASSUMED_POSITION_BIAS)
        propensity = np.empty(len(rank))
        propensity[np.lexsort((rank, self.codes))] = self.rows.propensity[
            np.lexsort((-self.rows.propensity, self.codes))
        ]
        return propensity

    def _rank(self, key: Floats) -> Integers:
        """Place of each row in its list, from 0, smallest key first."""
        order = np.lexsort((key, self.codes))
        sizes = np.bincount(self.codes)
        rank = np.empty(len(key), dtype=np.int64)
        rank[order] = np.arange(len(key)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return rank

    def per_week(self, values: Floats) -> Floats:
        """Sum of a value of the rows per week, and the same for drawn lists, shape (1 + draws,)."""
        totals = np.bincount(self.codes, self.rows.weight * values, self.count).astype(np.float64)
        by_list = Differences(totals, np.ones(self.count))
        # The same seed draws the same lists, whatever is summed up: models and terms are compared in pairs.
        drawn = bootstrap(by_list, draws=self.draws, seed=self.seed)
        return np.concatenate([[by_list.mean()], drawn]) * self.count / self.weeks

    def effective_outreach(self, looks: Floats) -> float:
        """How many logged outreaches of equal weight tell as much as the weighted ones (Kish 1965); 0 for none."""
        weight = (looks / self.rows.propensity)[self.rows.company == 1]
        return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0


def _amounts(lists: _Lists, looks: Floats, rates: TakeRates, costs: Costs) -> Amounts:
    """Every term per week, each of shape (1 + draws,), or None."""
    rows = lists.rows
    found: Amounts = dict.fromkeys(TERMS)
    if np.isnan(rows.company).all():
        return found
    asked = looks / rows.propensity * np.nan_to_num(rows.company)
    outreach = lists.per_week(asked)
    found |= {LOOKS: lists.per_week(looks), OUTREACH: outreach}
    answered = ~np.isnan(rows.candidate)
    if (answered & (rows.company == 1)).any():
        # An outreach that is too young to be answered is taken to end as the others do.
        share = lists.per_week(asked * np.nan_to_num(rows.candidate)) / np.maximum(
            lists.per_week(asked * answered), TINY
        )
        found |= _followed(outreach * share, rates, (lists.draws, lists.seed))
    return found | {USD: _usd(found, costs)}


def _followed(accepts: Floats, rates: TakeRates, drawn: tuple[int, int]) -> Amounts:
    """Accepts and what follows them, as far as the log tells it."""
    interviews = None if rates.interview is None else accepts * _with_draws(rates.interview, *drawn, stream=1)
    before = accepts if interviews is None else interviews
    hires = None if rates.hire is None else before * _with_draws(rates.hire, *drawn, stream=2)
    return {ACCEPTS: accepts, INTERVIEWS: interviews, HIRES: hires}


def _usd(found: Amounts, costs: Costs) -> Floats | None:
    """What the terms bring less what they cost; None where one is not known."""
    known = {term: values for term, values in found.items() if values is not None}
    if set(known) != set(TERMS) - {USD}:
        return None
    spent = costs.look_usd * known[LOOKS] + costs.outreach_usd * known[OUTREACH]
    spent = spent + costs.declined_outreach_usd * (known[OUTREACH] - known[ACCEPTS])
    return np.asarray(costs.hire_usd * known[HIRES] - spent - costs.interview_usd * known[INTERVIEWS])


def _with_draws(rate: Rate, draws: int, seed: int, *, stream: int) -> Floats:
    """The rate and draws of it; each rate has a stream of its own, and every model the same one."""
    return np.concatenate([[rate.share], rate.draws(draws, seed + stream)])


def _true(lists: _Lists, looks: Floats, truth: Truth | None, rates: TakeRates, costs: Costs) -> dict[str, float] | None:
    """The same terms from the simulator's own probabilities; what follows an accept is estimated here too."""
    if truth is None or np.isnan(lists.rows.company).all():
        return None
    yes = looks * truth.probability(Direction.COMPANY, lists.rows.pairs)
    both = yes * truth.probability(Direction.CANDIDATE, lists.rows.pairs)
    sums = [np.array([float((lists.rows.weight * values).sum()) / lists.weeks]) for values in (looks, yes, both)]
    found: Amounts = {LOOKS: sums[0], OUTREACH: sums[1], **_followed(sums[2], rates, (0, lists.seed))}
    found[USD] = _usd(found, costs)
    return {term: float(values[0]) for term, values in found.items() if values is not None}


def _best_other(amounts: Mapping[str, Amounts]) -> str:
    """The best ranking besides the model's, by the furthest term that is known."""

    def reached(name: str) -> float:
        known = [amounts[name][term] for term in (USD, HIRES, ACCEPTS, OUTREACH)]
        return next((float(values[0]) for values in known if values is not None), 0.0)

    others = [name for name in amounts if name != MODEL]
    return max(others, key=reached) if others else MODEL


def _worth(name: str, amounts: Amounts, truth: Mapping[str, float] | None, thresholds: GateThresholds) -> Worth:
    return Worth(name, {term: _estimate(values, thresholds) for term, values in amounts.items()}, truth)


def _lead(
    amounts: Mapping[str, Amounts],
    truths: Mapping[str, Mapping[str, float] | None],
    against: str,
    thresholds: GateThresholds,
) -> Worth:
    """Model minus the ranking it is compared with, draw by draw."""
    ours, theirs = amounts[MODEL], amounts[against]
    differences: Amounts = {
        term: None if mine is None or other is None else mine - other
        for term in TERMS
        for mine, other in [(ours[term], theirs[term])]
    }
    mine, other = truths[MODEL], truths[against]
    truth = None if mine is None or other is None else {term: mine[term] - other[term] for term in mine}
    return _worth(f"{MODEL} minus {against}", differences, truth, thresholds)


def _estimate(values: Floats | None, thresholds: GateThresholds) -> Estimate | None:
    if values is None:
        return None
    low, high = np.quantile(values[1:], [1 - thresholds.confidence, thresholds.confidence])
    return Estimate(float(values[0]), float(low), float(high))


def _unknown(amounts: Amounts) -> dict[str, str]:
    """Why each missing term is missing, in the words of the report."""
    missing = [term for term in TERMS if amounts[term] is None]
    reasons = {
        LOOKS: "the log has one side only: it does not tell what companies looked at",
        OUTREACH: "the log has one side only: it does not tell whom companies reached out to",
        ACCEPTS: "the log holds no answers to an outreach",
        INTERVIEWS: "the log holds no interviews before the newest slice",
        HIRES: "the log holds no hires before the newest slice",
        USD: "a term that costs or brings money is not known",
    }
    if OUTREACH in missing:
        reasons |= dict.fromkeys((ACCEPTS, INTERVIEWS, HIRES), reasons[OUTREACH])
    elif ACCEPTS in missing:
        reasons |= dict.fromkeys((INTERVIEWS, HIRES), reasons[ACCEPTS])
    return {term: reasons[term] for term in missing}
