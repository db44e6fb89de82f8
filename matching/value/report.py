"""The value report: what rankings bring in a week, in outreach, accepts, interviews, hires and USD."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from matching.evaluation.bootstrap import Estimate
from matching.value.costs import Costs
from matching.value.take_rates import TakeRates

LOOKS, OUTREACH, ACCEPTS, INTERVIEWS, HIRES, USD = TERMS = (
    *("looks", "outreach", "accepts", "interviews", "hires", "usd"),
)


@dataclass(frozen=True)
class RankingValue:
    """What one ranking brings in a week.

    Attributes:
        ranker: what ranks: the model, the champion, a baseline, or the logging policy.
        terms: estimates by term (`TERMS`), `usd` in USD; None for a term that the log cannot provide.
        truth: the same from the simulator's probabilities; None for real data.
    """

    ranker: str
    terms: Mapping[str, Estimate | None]
    truth: Mapping[str, float] | None = None


@dataclass(frozen=True)
class ValueReport:
    """What the model's ranking brings in a week, beside other rankings.

    Attributes:
        costs: the cost table behind the value in USD.
        weeks: length of the holdout.
        lists: number of ranked lists in the holdout.
        rankings: the value of each ranking, the model's first.
        against: the ranker that the model is compared with.
        lead: the model's terms minus those of `against`, from the same draws.
        rates: shares of interviews and hires after an accept.
        unknown: by term that the log cannot provide, the reason.
        assumed_looks: whether a falling probability of a look was assumed, because the log says that every position
            was examined for certain, and then no order would matter.
        effective_outreach: number of outreaches of equal weight that would be as informative as the weighted ones
            behind the model's estimate (Kish).
        confidence: one-sided confidence of both ends of every interval.
    """

    costs: Costs
    weeks: float
    lists: int
    rankings: tuple[RankingValue, ...]
    against: str
    lead: RankingValue
    rates: TakeRates
    unknown: Mapping[str, str]
    assumed_looks: bool
    effective_outreach: float
    confidence: float

    @property
    def usd_lead(self) -> Estimate | None:
        """The lead in USD per week, for the gate; None if the log cannot provide it."""
        return self.lead.terms[USD]

    def flat(self) -> dict[str, float]:
        """Return every known figure by a name such as `value.model.hires_per_week`."""
        figures: dict[str, float] = {}
        for ranking in (*self.rankings, self.lead):
            ranker = "lead" if ranking is self.lead else ranking.ranker
            for term, estimate in ranking.terms.items():
                name = f"value.{ranker}.{term}_per_week".replace(" ", "_")
                if estimate is not None:
                    figures |= {name: estimate.value, f"{name}.low": estimate.low, f"{name}.high": estimate.high}
                if ranking.truth is not None and term in ranking.truth:
                    figures[f"{name}.truth"] = ranking.truth[term]
        return figures

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON data, for `metrics.json`."""
        # The endpoint returns these metrics, and its fields keep their names.
        return {"worths" if name == "rankings" else name: value for name, value in asdict(self).items()}
