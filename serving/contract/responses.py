"""Bodies of responses that are a success."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from matching.explaining.reasons import Effect
from matching.fairness.reranking import Method as BalanceMethod
from matching.rules.hard_limits import HardLimit
from serving.contract.salaries import SalaryRates, SalaryWarning
from store.outcomes import OutcomeName

Interval = Annotated[tuple[float, float], Field(description="Lower and upper end.")]
SupportWords = Literal["enough data", "not enough data"]


class BrokenLimit(BaseModel):
    """A hard limit that a pair breaks."""

    limit: HardLimit
    sentence: str = Field(description="What that means. It contains no personal data.")


class Supported(BaseModel):
    """How certain a probability is."""

    interval: Interval | None = Field(
        description="Contains the true rate of pairs with this score 19 times out of 20. Null without enough data."
    )
    support: SupportWords = Field(
        description="Whether enough labelled pairs have a similar score and are at least as incomplete as this one."
    )


def interval_of(interval: tuple[float, float] | None) -> dict[str, Any]:
    """Write the two fields of `Supported`."""
    return {"interval": interval, "support": "not enough data" if interval is None else "enough data"}


class Prediction(Supported):
    """Probabilities of one pair. The interval is that of the match."""

    prediction_id: str = Field(description="Send it with the outcome to /v1/feedback.")
    candidate_id: str
    job_id: str
    match_probability: float = Field(description="Calibrated probability that both sides say yes.")
    company_probability: float | None = Field(
        description="Calibrated probability that the company reaches out. Null if the model has no such direction."
    )
    candidate_probability: float | None = Field(
        description="Calibrated probability that the candidate accepts. Null if the model has no such direction."
    )
    broken_limits: list[BrokenLimit] = Field(
        description="Hard limits that the pair breaks. They do not affect the probabilities."
    )


class Answered(BaseModel):
    """Which request and which model a response belongs to."""

    request_id: str
    model_name: str
    model_version: str
    salary_rates: SalaryRates | None = Field(
        None, description="How salaries became USD per year. Null if the request has no salary in another form."
    )
    warnings: list[SalaryWarning] = Field(
        [], description="Salaries in the request that look like those of a shorter period. They are used as they are."
    )


class MatchAnswer(Answered):
    """Predictions, in the order of the pairs."""

    predictions: list[Prediction]


class Ranked(Prediction):
    """A prediction and its position."""

    position: int = Field(description="1 is the best.")
    relaxed: list[HardLimit] = Field(description="Limits that the pair breaks and the request relaxed.")


class RankAnswer(Answered):
    """The best profiles, best first. A balanced ranking has its own order; its scores are unchanged."""

    ranked_from: int = Field(description="Number of profiles compared.")
    balanced_by: BalanceMethod | None = Field(
        None, description="The method that re-ordered the list. Null: ordered by score alone."
    )
    excluded: dict[HardLimit, int] = Field(
        description="Number of pairs that each hard limit excluded. A pair may break several limits."
    )
    results: list[Ranked]


class PlannedJob(BaseModel):
    """The list of one job."""

    job_id: str
    results: list[Ranked] = Field(
        description="Candidates in the order to contact them, which is not the order of match_probability. Fewer than "
        "limit if no more candidates are left."
    )
    excluded: dict[HardLimit, int] = Field(description="Number of candidates that each hard limit excluded.")


class PlanAnswer(Answered):
    """A list for each job, in the order of the jobs."""

    ranked_from: int = Field(description="Number of candidates compared for each job.")
    jobs: list[PlannedJob]


class Contribution(BaseModel):
    """What one group of features contributes to a score."""

    group: str
    contribution: float = Field(description="What it adds, on the scale of the score.")
    effect: Effect
    for_candidate: str = Field(description="The facts behind it, worded for the candidate.")
    for_company: str = Field(description="The facts behind it, worded for the company.")


class Explained(Supported):
    """One score and its parts: the base and all contributions add up to it."""

    target: str = Field(description="company, candidate or match.")
    probability: float = Field(description="The probability that /v1/match returns.")
    scale: str = Field(description="`log odds`: log(p / (1 - p)); `log`: log(p).")
    base: float = Field(description="Mean score of the model's background on this scale.")
    score: float = Field(description="The probability on this scale.")
    contributions: list[Contribution] = Field(description="Largest first.")


class ExplainAnswer(Answered):
    """Why the scores of a pair are what they are."""

    prediction_id: str | None = Field(description="The earlier prediction that is explained; null for a pair.")
    candidate_id: str
    job_id: str
    scores: list[Explained]
    broken_limits: list[BrokenLimit]


class ExpectedMatches(BaseModel):
    """Expected number of mutual matches if everyone in the pool saw the profile once, with an interval."""

    matches: float
    low: float = Field(description="Lower end of the interval.")
    high: float = Field(description="Upper end of the interval.")


class ChangeAnswer(BaseModel):
    """One recommended change."""

    kind: str = Field(description="What changes, for example skill or salary.")
    words: str = Field(description="The change, its effect and its condition in words.")
    gain: ExpectedMatches = Field(description="Additional matches.")


class SalaryAnswer(BaseModel):
    """What similar candidates expect."""

    lower_quartile_usd_per_year: float
    median_usd_per_year: float
    upper_quartile_usd_per_year: float
    standing: float | None = Field(
        description="Percentile of the expected salary: the share of similar candidates who expect less, 0 to 1. Null "
        "if the profile gives no expected salary."
    )


class JobAdviceAnswer(Answered):
    """Changes that are expected to help, best first. Advice is not logged."""

    pool_size: int = Field(description="Number of profiles of the other side examined.")
    pool_total: int = Field(description="Number of profiles available. From large pools an even sample is examined.")
    interval_share: float = Field(description="Share of true effects that the intervals are designed to contain.")
    interval_basis: str = Field(
        description="How the intervals were measured. `truth`: against the true effects of the model's own simulated "
        "source. `simulator`: against those of the default marketplace, because the true effects are unknown."
    )
    now: ExpectedMatches = Field(description="Expected matches of the unchanged profile.")
    changes: list[ChangeAnswer]


class CandidateAdviceAnswer(JobAdviceAnswer):
    """Changes that are expected to help, best first, and what similar candidates expect to earn. Not logged."""

    salary: SalaryAnswer | None = Field(description="Null if the model has no salary model.")


class Recorded(BaseModel):
    """How one outcome was recorded."""

    prediction_id: str
    outcome: OutcomeName
    is_new: bool = Field(description="False if this outcome was already recorded: nothing has changed.")


class FeedbackAnswer(BaseModel):
    """All outcomes were recorded. If one cannot be, none is."""

    request_id: str
    recorded: list[Recorded]


class ModelAnswer(BaseModel):
    """The model that the service runs."""

    model_name: str
    model_version: str
    digest: str = Field(description="SHA-256 of the files that determine the scores.")
    source: str = Field(description="Name of the data source it was trained on.")
    directions: list[str]
    trained_at: datetime | None
    promoted_at: datetime | None
    age_days: float | None = Field(description="Days since training.")
    metrics: dict[str, Any] = Field(description="Metrics measured at training.")
    card: str = Field(description="The model card, in Markdown.")
