"""Estimation of the value of rankings: expected outreach, accepts, interviews, hires and USD per week.

Each list of the holdout is put into the order of a model. A company examines a position with the propensity in the log.
So the outcome of a pair at its logged position shows what would happen at another one: it counts `propensity there /
propensity here` times (inverse propensity weighting). This evaluates the order within the shown lists, not who was
shown at all. An accept counts once its answer is mature. Rates after an accept are estimated on the log before the
holdout, and are the same for every model.

Intervals come from a bootstrap that draws whole lists, the same ones for every model, and draws the rates of interviews
and hires.

Source: Joachims, Swaminathan and Schnabel (2017), "Unbiased Learning-to-Rank with Biased Feedback"; Horvitz and
Thompson (1952) for the estimator.
"""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from matching.arrays import Array, Floats
from matching.data.dataset import Dataset, Truth
from matching.data.splits import Splits
from matching.data.tables import Direction
from matching.errors import UnusableData
from matching.evaluation.bootstrap import Estimate
from matching.evaluation.evaluation import MODEL
from matching.evaluation.thresholds import GateThresholds
from matching.value.costs import Costs
from matching.value.ranked_lists import RankedLists
from matching.value.report import (
    ACCEPTS,
    HIRES,
    INTERVIEWS,
    LOOKS,
    OUTREACH,
    TERMS,
    USD,
    RankingValue,
    ValueReport,
)
from matching.value.take_rates import Rate, TakeRates, take_rates

Amounts = dict[str, Floats | None]
"""By term, its estimate and draws per week, shape (1 + draws,); None if the log cannot provide it."""

CHAMPION, AS_LOGGED = "champion", "as logged"
TINY = 1e-12


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
    """Estimate what a model's ranking brings in a week, compared with the champion's or the best other one.

    Args:
        dataset: the tables; the events provide the rates of interviews and hires, the truth provides the true figures.
        parts: the three splits; the lists of the holdout are ranked.
        model: match probability of each row of the holdout by the model, shape (n_holdout,).
        champion: the same by the champion; None if there is none.
        baselines: the same by each baseline, by name.
        maturity: age from which a missing answer counts as a no; the holdout ends this long before the log.
        costs: the cost table.
        seed: seed of the bootstrap.
        thresholds: confidence and number of draws; `GateThresholds()` if None.

    Raises:
        UnusableData: the holdout is shorter than the maturity.
    """
    thresholds = thresholds or GateThresholds()
    window = parts.cuts.end - maturity - parts.cuts.calibration_end
    if window <= timedelta(0):
        raise UnusableData(f"the holdout is shorter than the {maturity} until an answer matures: use a longer log")
    scores = {MODEL: model} | ({} if champion is None else {CHAMPION: champion}) | dict(baselines or {})
    lists = RankedLists(parts.holdout, window / timedelta(weeks=1), thresholds.draws, seed)
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
        rankings=tuple(_value(name, amounts[name], truths[name], thresholds) for name in looks),
        against=against,
        lead=_lead(amounts, truths, against, thresholds),
        rates=rates,
        unknown=_unknown(amounts[MODEL]),
        assumed_looks=lists.assumed_looks,
        effective_outreach=lists.effective_outreach(looks[MODEL]),
        confidence=thresholds.confidence,
    )


def _amounts(lists: RankedLists, looks: Floats, rates: TakeRates, costs: Costs) -> Amounts:
    """Return every term per week."""
    rows = lists.rows
    found: Amounts = dict.fromkeys(TERMS)
    if np.isnan(rows.company).all():
        return found
    invited = looks / rows.propensity * np.nan_to_num(rows.company)
    outreach = lists.per_week(invited)
    found |= {LOOKS: lists.per_week(looks), OUTREACH: outreach}
    answered = ~np.isnan(rows.candidate)
    if (answered & (rows.company == 1)).any():
        # An outreach that is not mature is assumed to end like the others.
        share = lists.per_week(invited * np.nan_to_num(rows.candidate)) / np.maximum(
            lists.per_week(invited * answered), TINY
        )
        found |= _followed(outreach * share, rates, (lists.draws, lists.seed))
    return found | {USD: _usd(found, costs)}


def _followed(accepts: Floats, rates: TakeRates, drawn: tuple[int, int]) -> Amounts:
    """Return accepts, and interviews and hires if the log has rates for them."""
    interviews = None if rates.interview is None else accepts * _with_draws(rates.interview, *drawn, stream=1)
    before = accepts if interviews is None else interviews
    hires = None if rates.hire is None else before * _with_draws(rates.hire, *drawn, stream=2)
    return {ACCEPTS: accepts, INTERVIEWS: interviews, HIRES: hires}


def _usd(found: Amounts, costs: Costs) -> Floats | None:
    """Return the value of the hires minus the cost of all terms; None if a term is unknown."""
    known = {term: values for term, values in found.items() if values is not None}
    if set(known) != set(TERMS) - {USD}:
        return None
    spent = costs.look_usd * known[LOOKS] + costs.outreach_usd * known[OUTREACH]
    spent = spent + costs.declined_outreach_usd * (known[OUTREACH] - known[ACCEPTS])
    return np.asarray(costs.hire_usd * known[HIRES] - spent - costs.interview_usd * known[INTERVIEWS])


def _with_draws(rate: Rate, draws: int, seed: int, *, stream: int) -> Floats:
    """Return a rate and its draws, shape (1 + draws,); every rate has a seed of its own, the same for every model."""
    return np.concatenate([[rate.share], rate.draws(draws, seed + stream)])


def _true(
    lists: RankedLists, looks: Floats, truth: Truth | None, rates: TakeRates, costs: Costs
) -> dict[str, float] | None:
    """Return the terms from the simulator's probabilities; rates after an accept are estimated even so."""
    if truth is None or np.isnan(lists.rows.company).all():
        return None
    yes = looks * truth.probability(Direction.COMPANY, lists.rows.pairs)
    both = yes * truth.probability(Direction.CANDIDATE, lists.rows.pairs)
    sums = [np.array([float((lists.rows.weight * values).sum()) / lists.weeks]) for values in (looks, yes, both)]
    found: Amounts = {LOOKS: sums[0], OUTREACH: sums[1], **_followed(sums[2], rates, (0, lists.seed))}
    found[USD] = _usd(found, costs)
    return {term: float(values[0]) for term, values in found.items() if values is not None}


def _best_other(amounts: Mapping[str, Amounts]) -> str:
    """Return the best ranker besides the model, by USD, or by the last term that is known."""

    def last_known(name: str) -> float:
        known = [amounts[name][term] for term in (USD, HIRES, ACCEPTS, OUTREACH)]
        return next((float(values[0]) for values in known if values is not None), 0.0)

    others = [name for name in amounts if name != MODEL]
    return max(others, key=last_known) if others else MODEL


def _value(name: str, amounts: Amounts, truth: Mapping[str, float] | None, thresholds: GateThresholds) -> RankingValue:
    return RankingValue(name, {term: _estimate(values, thresholds) for term, values in amounts.items()}, truth)


def _lead(
    amounts: Mapping[str, Amounts],
    truths: Mapping[str, Mapping[str, float] | None],
    against: str,
    thresholds: GateThresholds,
) -> RankingValue:
    """Return the model's terms minus those of the ranker it is compared with, draw by draw."""
    ours, theirs = amounts[MODEL], amounts[against]
    differences: Amounts = {
        term: None if mine is None or other is None else mine - other
        for term in TERMS
        for mine, other in [(ours[term], theirs[term])]
    }
    mine, other = truths[MODEL], truths[against]
    truth = None if mine is None or other is None else {term: mine[term] - other[term] for term in mine}
    return _value(f"{MODEL} minus {against}", differences, truth, thresholds)


def _estimate(values: Floats | None, thresholds: GateThresholds) -> Estimate | None:
    if values is None:
        return None
    low, high = np.quantile(values[1:], [1 - thresholds.confidence, thresholds.confidence])
    return Estimate(float(values[0]), float(low), float(high))


def _unknown(amounts: Amounts) -> dict[str, str]:
    """Return the reason for each unknown term."""
    missing = [term for term in TERMS if amounts[term] is None]
    reasons = {
        LOOKS: "the log is one-sided: it does not show what companies examined",
        OUTREACH: "the log is one-sided: it does not show whom companies reached out to",
        ACCEPTS: "the log has no answers to an outreach",
        INTERVIEWS: "the log has no interviews before the holdout",
        HIRES: "the log has no hires before the holdout",
        USD: "a term that it is computed from is unknown",
    }
    if OUTREACH in missing:
        reasons |= dict.fromkeys((ACCEPTS, INTERVIEWS, HIRES), reasons[OUTREACH])
    elif ACCEPTS in missing:
        reasons |= dict.fromkeys((INTERVIEWS, HIRES), reasons[ACCEPTS])
    return {term: reasons[term] for term in missing}
