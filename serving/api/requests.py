"""Requests and answers of the endpoint; profiles are the records of `matching.data.tables`, described once."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from matching.data.tables import CandidateProfile, Id, JobProfile, Name
from matching.explaining.wording import Effect
from matching.fairness.reranking import Method as BalanceMethod
from matching.market.policies import Method
from matching.rules.hard_limits import HardLimit
from serving.api.errors import from_validation
from store.outcomes import OutcomeName

Parsed = TypeVar("Parsed", bound="Body")

MAX_PAIRS = 1_000
MAX_RANKED = 100
MAX_PLANNED_JOBS = 100
MAX_PLANNED_PAIRS = 200_000
MAX_GROUPS = 100
TARGETS_TOLERANCE = 1e-6
MAX_CHANGES = 20
MAX_BODY_BYTES = 16 * 1024 * 1024


def printable(value: str) -> str:
    """Refuse in an identifier what Postgres cannot store and no terminal should print."""
    if not value.isprintable():
        raise PydanticCustomError("not_printable", "Identifiers hold printable characters only")
    return value


Key = Annotated[Id, AfterValidator(printable)]


class Body(BaseModel):
    """A request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def _need_one(self, first: str, second: str) -> None:
        if (getattr(self, first) is None) == (getattr(self, second) is None):
            raise PydanticCustomError("one_of", f"Give exactly one of {first} and {second}")


class Pair(Body):
    """One candidate and one job: each given here, or named if it is stored."""

    candidate: CandidateProfile | None = Field(None, description="The candidate.")
    candidate_id: Key | None = Field(None, description="Instead of `candidate`: the id of a stored one.")
    job: JobProfile | None = Field(None, description="The job.")
    job_id: Key | None = Field(None, description="Instead of `job`: the id of a stored one.")

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        self._need_one("candidate", "candidate_id")
        self._need_one("job", "job_id")
        return self


class MatchRequest(Body):
    """Pairs to score."""

    pairs: Annotated[list[Pair], Field(min_length=1, max_length=MAX_PAIRS)] = Field(
        description=f"1 to {MAX_PAIRS} different pairs."
    )


Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Limit = Annotated[int, Field(ge=1, le=MAX_RANKED, description="How many of the best to return.")]
Relax = Annotated[
    list[HardLimit],
    Field(max_length=len(HardLimit), description="Hard limits that do not rule out; results say which they break."),
]


def _whole(problem: str) -> WrapValidator:
    """Refuse a mapping as one field: the path of one entry would repeat its key, which the caller made up."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise PydanticCustomError("entries", "{problem}", {"problem": problem}) from None

    return WrapValidator(check)


class Balance(Body):
    """How to share the places of a ranking among groups of the caller's own; not scored, stored or logged."""

    method: BalanceMethod = Field(
        description="How to re-order; det_greedy suits short lists, see How to audit fairness."
    )
    groups: Annotated[dict[str, Name], _whole("Each id has the name of a group")] = Field(
        description="Group of each ranked id; one without is in the group `unknown`."
    )
    targets: Annotated[dict[str, Share], _whole("Each group has a share from 0 to 1")] | None = Field(
        None, description="Wanted share of each group, summing to 1; the shares among the ranked where left out."
    )

    @model_validator(mode="after")
    def _targets_sum_to_one(self) -> Self:
        if self.targets is not None and abs(sum(self.targets.values()) - 1) > TARGETS_TOLERANCE:
            raise PydanticCustomError("targets", "The targets must sum to 1")
        return self


class RankCandidatesRequest(Body):
    """A job, and the candidates to rank for it."""

    job: JobProfile | None = Field(None, description="The job.")
    job_id: Key | None = Field(None, description="Instead of `job`: the id of a stored one.")
    candidates: Annotated[list[CandidateProfile], Field(min_length=1, max_length=MAX_PAIRS)] | None = Field(
        None, description=f"1 to {MAX_PAIRS} candidates; all stored ones where left out."
    )
    limit: Limit = 10
    balance: Balance | None = Field(None, description="Share the places among groups; by score alone where left out.")
    relax: Relax = []

    @model_validator(mode="after")
    def _one_job(self) -> Self:
        self._need_one("job", "job_id")
        return self


class RankJobsRequest(Body):
    """A candidate, and the jobs to rank for them."""

    candidate: CandidateProfile | None = Field(None, description="The candidate.")
    candidate_id: Key | None = Field(None, description="Instead of `candidate`: the id of a stored one.")
    jobs: Annotated[list[JobProfile], Field(min_length=1, max_length=MAX_PAIRS)] | None = Field(
        None, description=f"1 to {MAX_PAIRS} jobs; all stored ones where left out."
    )
    limit: Limit = 10
    balance: Balance | None = Field(None, description="Share the places among groups; by score alone where left out.")
    relax: Relax = []

    @model_validator(mode="after")
    def _one_candidate(self) -> Self:
        self._need_one("candidate", "candidate_id")
        return self


class PlanOutreachRequest(Body):
    """Several jobs, and the candidates to share out among them."""

    jobs: Annotated[list[JobProfile], Field(min_length=1, max_length=MAX_PLANNED_JOBS)] | None = Field(
        None, description=f"1 to {MAX_PLANNED_JOBS} jobs."
    )
    job_ids: Annotated[list[Key], Field(min_length=1, max_length=MAX_PLANNED_JOBS)] | None = Field(
        None, description="Instead of `jobs`: the ids of stored ones."
    )
    candidates: Annotated[list[CandidateProfile], Field(min_length=1, max_length=MAX_PAIRS)] | None = Field(
        None, description=f"1 to {MAX_PAIRS} candidates; all stored ones where left out."
    )
    candidate_ids: Annotated[list[Key], Field(min_length=1, max_length=MAX_PAIRS)] | None = Field(
        None, description="Instead of `candidates`: the ids of stored ones."
    )
    limit: Limit = 10
    max_exposure: Annotated[int, Field(ge=1, le=MAX_PLANNED_JOBS)] = Field(
        3,
        description="Lists that may hold a candidate: never more with `caps`, on average with `transferable_utility`.",
    )
    method: Method = Field("caps", description="How candidates in demand are shared out.")

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        self._need_one("jobs", "job_ids")
        if self.candidates is not None and self.candidate_ids is not None:
            raise PydanticCustomError("one_of", "Give at most one of candidates and candidate_ids")
        return self


class ExplainRequest(Body):
    """A pair to explain, or an earlier prediction."""

    candidate: CandidateProfile | None = Field(None, description="The candidate.")
    candidate_id: Key | None = Field(None, description="Instead of `candidate`: the id of a stored one.")
    job: JobProfile | None = Field(None, description="The job.")
    job_id: Key | None = Field(None, description="Instead of `job`: the id of a stored one.")
    prediction_id: Key | None = Field(
        None, description="Instead of all others: an earlier prediction of the model that answers."
    )

    @model_validator(mode="after")
    def _pair_or_prediction(self) -> Self:
        if self.prediction_id is None:
            self._need_one("candidate", "candidate_id")
            self._need_one("job", "job_id")
        elif any(one is not None for one in (self.candidate, self.candidate_id, self.job, self.job_id)):
            raise PydanticCustomError("one_of", "Give prediction_id alone, or a candidate and a job")
        return self


class FeedbackRequest(Body):
    """What came of one prediction."""

    prediction_id: Key = Field(description="A prediction_id of an earlier answer.")
    outcome: OutcomeName = Field(description="What happened; an outcome may follow another, but not contradict it.")
    occurred_at: AwareDatetime | None = Field(
        None, description="When it happened: with its zone, after the prediction, not in the future; now if left out."
    )


FeedbackList = Annotated[list[FeedbackRequest], Field(min_length=1, max_length=MAX_PAIRS)]


AdviceLimit = Annotated[int, Field(ge=1, le=MAX_CHANGES, description="How many changes to return at most.")]


class AdviseCandidateRequest(Body):
    """A candidate to advise, and the jobs to look at."""

    candidate: CandidateProfile | None = Field(None, description="The candidate.")
    candidate_id: Key | None = Field(None, description="Instead of `candidate`: the id of a stored one.")
    jobs: Annotated[list[JobProfile], Field(min_length=1, max_length=MAX_PAIRS)] | None = Field(
        None, description=f"1 to {MAX_PAIRS} jobs; stored ones where left out."
    )
    limit: AdviceLimit = 5

    @model_validator(mode="after")
    def _one_candidate(self) -> Self:
        self._need_one("candidate", "candidate_id")
        return self


class AdviseJobRequest(Body):
    """A job to advise about, and the candidates to look at."""

    job: JobProfile | None = Field(None, description="The job.")
    job_id: Key | None = Field(None, description="Instead of `job`: the id of a stored one.")
    candidates: Annotated[list[CandidateProfile], Field(min_length=1, max_length=MAX_PAIRS)] | None = Field(
        None, description=f"1 to {MAX_PAIRS} candidates; stored ones where left out."
    )
    limit: AdviceLimit = 5

    @model_validator(mode="after")
    def _one_job(self) -> Self:
        self._need_one("job", "job_id")
        return self


class BrokenLimit(BaseModel):
    """A hard limit that a pair breaks."""

    limit: HardLimit
    sentence: str = Field(description="What that means, without any personal value.")


Interval = Annotated[tuple[float, float], Field(description="From and to.")]
SupportWords = Literal["enough data", "not enough data"]


class Supported(BaseModel):
    """How sure a probability is."""

    interval: Interval | None = Field(
        description="Where the true rate of pairs scored like this lies, 19 times of 20; null where too few are known."
    )
    support: SupportWords = Field(
        description="Whether enough labelled pairs were scored like this one, and enough stated as little as it does."
    )


def interval_of(interval: tuple[float, float] | None) -> dict[str, Any]:
    """Write the two fields of `Supported`."""
    return {"interval": interval, "support": "not enough data" if interval is None else "enough data"}


class Prediction(Supported):
    """Probabilities of one pair; the interval is that of the match."""

    prediction_id: str = Field(description="Send it back with the outcome to /v1/feedback.")
    candidate_id: str
    job_id: str
    match_probability: float = Field(description="Calibrated probability that both sides say yes.")
    company_probability: float | None = Field(
        description="Calibrated probability that the company reaches out; null where the model has no such direction."
    )
    candidate_probability: float | None = Field(
        description="Calibrated probability that the candidate accepts; null where the model has no such direction."
    )
    broken_limits: list[BrokenLimit] = Field(
        description="Hard limits that the pair breaks; the probabilities do not know of them."
    )


class Answered(BaseModel):
    """What every answer with predictions says."""

    request_id: str
    model_name: str
    model_version: str


class MatchAnswer(Answered):
    """Predictions in the order of the pairs."""

    predictions: list[Prediction]


class Ranked(Prediction):
    """A prediction with its place."""

    position: int = Field(description="1 is the best.")
    relaxed: list[HardLimit] = Field(description="Limits the pair breaks and that the request relaxed.")


class RankAnswer(Answered):
    """The best, best first; where balanced, in the balanced order with the scores unchanged."""

    ranked_from: int = Field(description="How many were compared.")
    balanced_by: BalanceMethod | None = Field(
        None, description="The method that re-ordered the list; null: by score alone."
    )
    excluded: dict[HardLimit, int] = Field(
        description="How many pairs each hard limit ruled out before; a pair may break several."
    )
    results: list[Ranked]


class PlannedJob(BaseModel):
    """The list of one job."""

    job_id: str
    results: list[Ranked] = Field(
        description="In the order to ask them, which is not that of match_probability alone; fewer than limit where "
        "no more candidates are left."
    )
    excluded: dict[HardLimit, int] = Field(description="How many candidates each hard limit ruled out.")


class PlanAnswer(Answered):
    """A list for each job, in the order of the jobs."""

    ranked_from: int = Field(description="How many candidates were compared for each job.")
    jobs: list[PlannedJob]


class Reason(BaseModel):
    """What one group of features does to a score."""

    group: str
    contribution: float = Field(description="What it adds, on the scale of the score.")
    effect: Effect
    for_candidate: str = Field(description="What both profiles hold, told to the candidate.")
    for_company: str = Field(description="The same, told to the company.")


class Explained(Supported):
    """One score, taken apart: the base and all contributions add up to it."""

    target: str = Field(description="company, candidate or match.")
    probability: float = Field(description="As answered by /v1/match.")
    scale: str = Field(description="`log odds`: log(p / (1 - p)); `log`: log(p).")
    base: float = Field(description="Mean score of the model's background on this scale.")
    score: float = Field(description="The probability on this scale.")
    contributions: list[Reason] = Field(description="The largest first.")


class ExplainAnswer(Answered):
    """Why the scores of a pair are what they are."""

    prediction_id: str | None = Field(description="Where an earlier prediction was named.")
    candidate_id: str
    job_id: str
    scores: list[Explained]
    broken_limits: list[BrokenLimit]


class ExpectedMatches(BaseModel):
    """A number of mutual matches if everybody in the pool looked at the profile once, with an interval."""

    matches: float
    low: float = Field(description="Lower end of the interval.")
    high: float = Field(description="Upper end of the interval.")


class ChangeAnswer(BaseModel):
    """One advised change."""

    kind: str = Field(description="What is changed, for example skill or salary.")
    words: str = Field(description="The change, its effect and its condition in words.")
    gain: ExpectedMatches = Field(description="Matches more than now.")


class SalaryAnswer(BaseModel):
    """What candidates like this one expect."""

    lower_quartile_usd_per_year: float
    median_usd_per_year: float
    upper_quartile_usd_per_year: float
    standing: float | None = Field(
        description="Share of such candidates who expect less, 0 to 1; null where the profile states no expectation."
    )


class JobAdviceAnswer(Answered):
    """Changes that are expected to help, best first. Advice is not logged."""

    pool_size: int = Field(description="How many of the other side were looked at.")
    pool_total: int = Field(description="How many there are; of more than the limit, some at even distances.")
    interval_share: float = Field(description="Share of true effects that the intervals are to hold.")
    interval_basis: str = Field(
        description="Where the intervals were measured: `truth` of the model's own simulated source, or `simulator`: "
        "of the default marketplace, since the source's truth is not known."
    )
    now: ExpectedMatches = Field(description="Of the profile as it is.")
    changes: list[ChangeAnswer]


class CandidateAdviceAnswer(JobAdviceAnswer):
    """Changes that are expected to help, best first, and the market's salary. Advice is not logged."""

    salary: SalaryAnswer | None = Field(description="Null where the model's bundle has no salary model.")


class Recorded(BaseModel):
    """What was done with one outcome."""

    prediction_id: str
    outcome: OutcomeName
    is_new: bool = Field(description="False where this outcome was recorded already: nothing has changed.")


class FeedbackAnswer(BaseModel):
    """All outcomes were recorded; if one cannot be, none is."""

    request_id: str
    recorded: list[Recorded]


class ModelAnswer(BaseModel):
    """The model that answers."""

    model_name: str
    model_version: str
    digest: str = Field(description="SHA-256 over the files that decide the scores.")
    source: str = Field(description="Name of the data source it was trained on.")
    directions: list[str]
    trained_at: datetime | None
    promoted_at: datetime | None
    age_days: float | None = Field(description="Days since training.")
    metrics: dict[str, Any] = Field(description="What was measured at training.")
    card: str = Field(description="The model card, Markdown.")


_FEEDBACK: TypeAdapter[FeedbackRequest] = TypeAdapter(FeedbackRequest)
_FEEDBACK_LIST: TypeAdapter[list[FeedbackRequest]] = TypeAdapter(FeedbackList)


def parse(body: bytes, model: type[Parsed]) -> Parsed:
    """Read a body as `model`; types are not converted; raises Problem."""
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise from_validation(error) from None


def parse_feedback(body: bytes) -> list[FeedbackRequest]:
    """Read one outcome or a list of them; raises Problem."""
    try:
        if body.lstrip().startswith(b"["):
            return _FEEDBACK_LIST.validate_json(body, strict=True)
        return [_FEEDBACK.validate_json(body, strict=True)]
    except ValidationError as error:
        raise from_validation(error) from None
