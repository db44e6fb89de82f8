"""Requests and answers of the endpoint. Profiles are the records of `matching.tables`: described once, checked here."""

from datetime import datetime
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from matching.market import Method
from matching.prediction_log import OutcomeName
from matching.tables import CandidateProfile, Id, JobProfile
from serving.problems import from_validation

Parsed = TypeVar("Parsed", bound="Body")

MAX_PAIRS = 1_000
MAX_RANKED = 100
MAX_PLANNED_JOBS = 100
MAX_PLANNED_PAIRS = 200_000
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


Limit = Annotated[int, Field(ge=1, le=MAX_RANKED, description="How many of the best to return.")]


class RankCandidatesRequest(Body):
    """A job, and the candidates to rank for it."""

    job: JobProfile | None = Field(None, description="The job.")
    job_id: Key | None = Field(None, description="Instead of `job`: the id of a stored one.")
    candidates: Annotated[list[CandidateProfile], Field(min_length=1, max_length=MAX_PAIRS)] | None = Field(
        None, description=f"1 to {MAX_PAIRS} candidates; all stored ones where left out."
    )
    limit: Limit = 10

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


class Prediction(BaseModel):
    """Probabilities of one pair."""

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


class RankAnswer(Answered):
    """The best, best first."""

    ranked_from: int = Field(description="How many were compared.")
    results: list[Ranked]


class PlannedJob(BaseModel):
    """The list of one job."""

    job_id: str
    results: list[Ranked] = Field(
        description="In the order to ask them, which is not that of match_probability alone; fewer than limit where "
        "no more candidates are left."
    )


class PlanAnswer(Answered):
    """A list for each job, in the order of the jobs."""

    ranked_from: int = Field(description="How many candidates were compared for each job.")
    jobs: list[PlannedJob]


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
