"""Bodies of requests. Profiles are the records of `matching.data.tables`, described once."""

from functools import cache
from typing import Annotated, Any, Self, TypeVar

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

from matching.data.tables import Id, Name
from matching.fairness.reranking import Method as BalanceMethod
from matching.market.policies import Method
from matching.rules.hard_limits import HardLimit
from serving.contract.errors import from_validation
from serving.contract.salaries import CandidateInRequest, Conversion, JobInRequest
from store.outcomes import OutcomeName

MAX_PAIRS = 1_000
MAX_RANKED = 100
MAX_PLANNED_JOBS = 100
MAX_PLANNED_PAIRS = 200_000
MAX_GROUPS = 100
TARGETS_TOLERANCE = 1e-6
MAX_CHANGES = 20


def printable(value: str) -> str:
    """Refuse an identifier that Postgres cannot store and no terminal should print."""
    if not value.isprintable():
        raise PydanticCustomError("not_printable", "Identifiers may contain printable characters only")
    return value


def _whole(problem: str) -> WrapValidator:
    """Refuse a mapping as one field: the path of an entry would contain its key, which the caller made up."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise PydanticCustomError("entries", "{problem}", {"problem": problem}) from None

    return WrapValidator(check)


Key = Annotated[Id, AfterValidator(printable)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Candidates = Annotated[list[CandidateInRequest], Field(min_length=1, max_length=MAX_PAIRS)]
Jobs = Annotated[list[JobInRequest], Field(min_length=1, max_length=MAX_PAIRS)]
CandidateKeys = Annotated[list[Key], Field(min_length=1, max_length=MAX_PAIRS)]
PlannedJobs = Annotated[list[JobInRequest], Field(min_length=1, max_length=MAX_PLANNED_JOBS)]
PlannedJobKeys = Annotated[list[Key], Field(min_length=1, max_length=MAX_PLANNED_JOBS)]
Exposure = Annotated[int, Field(ge=1, le=MAX_PLANNED_JOBS)]
TopK = Annotated[int, Field(ge=1, le=MAX_RANKED, description="Maximum number of results.")]
MostChanges = Annotated[int, Field(ge=1, le=MAX_CHANGES, description="Maximum number of changes to return.")]
Relax = Annotated[
    list[HardLimit],
    Field(
        max_length=len(HardLimit),
        description="Hard limits that exclude nothing in this request; each result lists those it breaks.",
    ),
]


class Body(BaseModel):
    """A request. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def _need_one(self, first: str, second: str) -> None:
        if (getattr(self, first) is None) == (getattr(self, second) is None):
            raise PydanticCustomError("one_of", f"Provide exactly one of {first} and {second}")


class CandidateFields(Body):
    """A candidate, provided in full or by the id of a stored one."""

    candidate: CandidateInRequest | None = Field(None, description="The candidate.")
    candidate_id: Key | None = Field(None, description="The id of a stored candidate, instead of `candidate`.")


class JobFields(Body):
    """A job, provided in full or by the id of a stored one."""

    job: JobInRequest | None = Field(None, description="The job.")
    job_id: Key | None = Field(None, description="The id of a stored job, instead of `job`.")


class OneCandidate(CandidateFields):
    """A request about one candidate."""

    @model_validator(mode="after")
    def _one_candidate(self) -> Self:
        self._need_one("candidate", "candidate_id")
        return self


class OneJob(JobFields):
    """A request about one job."""

    @model_validator(mode="after")
    def _one_job(self) -> Self:
        self._need_one("job", "job_id")
        return self


# Pydantic takes fields and validators from the last base class first.
class Pair(OneJob, OneCandidate):
    """One candidate and one job, each provided in full or by the id of a stored profile."""


class MatchRequest(Body):
    """Pairs to score."""

    pairs: Annotated[list[Pair], Field(min_length=1, max_length=MAX_PAIRS)] = Field(
        description=f"1 to {MAX_PAIRS} different pairs."
    )


class Balance(Body):
    """Share the places of a ranking among groups that the caller defines. Groups are not scored, stored or logged."""

    method: BalanceMethod = Field(
        description="How to re-order; det_greedy suits short lists, see How to audit fairness."
    )
    groups: Annotated[dict[str, Name], _whole("Each id must have the name of a group")] = Field(
        description="Group of each ranked id. Ids without one are in the group `unknown`."
    )
    targets: Annotated[dict[str, Share], _whole("Each group must have a share from 0 to 1")] | None = Field(
        None,
        description="Target share of each group, summing to 1. Default: the shares among the ranked profiles.",
    )

    @model_validator(mode="after")
    def _targets_sum_to_one(self) -> Self:
        if self.targets is not None and abs(sum(self.targets.values()) - 1) > TARGETS_TOLERANCE:
            raise PydanticCustomError("targets", "The targets must sum to 1")
        return self


class RankOptions(Body):
    """How to rank."""

    top_k: TopK = Field(10, alias="limit")
    balance: Balance | None = Field(
        None, description="Share the places among groups. Without it the score alone decides."
    )
    relax: Relax = []


class ComparedCandidates(Body):
    """The candidates to compare."""

    candidates: Candidates | None = Field(
        None, description=f"1 to {MAX_PAIRS} candidates. Default: the stored candidates."
    )


class ComparedJobs(Body):
    """The jobs to compare."""

    jobs: Jobs | None = Field(None, description=f"1 to {MAX_PAIRS} jobs. Default: the stored jobs.")


class RankCandidatesRequest(RankOptions, ComparedCandidates, OneJob):
    """A job, and the candidates to rank for it."""


class RankJobsRequest(RankOptions, ComparedJobs, OneCandidate):
    """A candidate, and the jobs to rank for them."""


class SeveralJobs(Body):
    """A request about several jobs, provided in full or by the ids of stored ones."""

    jobs: PlannedJobs | None = Field(None, description=f"1 to {MAX_PLANNED_JOBS} jobs.")
    job_ids: PlannedJobKeys | None = Field(None, description="The ids of stored jobs, instead of `jobs`.")

    @model_validator(mode="after")
    def _several_jobs(self) -> Self:
        self._need_one("jobs", "job_ids")
        return self


class PlanOutreachRequest(ComparedCandidates, SeveralJobs):
    """Several jobs, and the candidates to share among them."""

    candidate_ids: CandidateKeys | None = Field(
        None, description="The ids of stored candidates, instead of `candidates`."
    )
    top_k: TopK = Field(10, alias="limit")
    max_exposure: Exposure = Field(
        3,
        description="How many lists may contain the same candidate: a maximum with `caps`, an average with "
        "`transferable_utility`.",
    )
    method: Method = Field("caps", description="How to share candidates in demand.")

    @model_validator(mode="after")
    def _at_most_one(self) -> Self:
        if self.candidates is not None and self.candidate_ids is not None:
            raise PydanticCustomError("one_of", "Provide at most one of candidates and candidate_ids")
        return self


class ExplainRequest(JobFields, CandidateFields):
    """A pair to explain, or an earlier prediction."""

    prediction_id: Key | None = Field(
        None, description="An earlier prediction of the current model, instead of all other fields."
    )

    @model_validator(mode="after")
    def _pair_or_prediction(self) -> Self:
        if self.prediction_id is None:
            self._need_one("candidate", "candidate_id")
            self._need_one("job", "job_id")
        elif any(one is not None for one in (self.candidate, self.candidate_id, self.job, self.job_id)):
            raise PydanticCustomError("one_of", "Provide prediction_id alone, or a candidate and a job")
        return self


class AdviseOptions(Body):
    """How much to advise."""

    top_k: MostChanges = Field(5, alias="limit")


class AdviseCandidateRequest(AdviseOptions, ComparedJobs, OneCandidate):
    """A candidate to advise, and the jobs to examine."""


class AdviseJobRequest(AdviseOptions, ComparedCandidates, OneJob):
    """A job to advise about, and the candidates to examine."""


class FeedbackRequest(Body):
    """The outcome of one prediction."""

    prediction_id: Key = Field(description="The prediction_id of an earlier response.")
    outcome: OutcomeName = Field(description="What happened. An outcome may follow another, but not contradict it.")
    occurred_at: AwareDatetime | None = Field(
        None,
        description="When it happened: with a time zone, after the prediction, not in the future. Default: now.",
    )


Parsed = TypeVar("Parsed", bound=Body)


def parse(body: bytes, model: type[Parsed], conversion: Conversion | None = None) -> Parsed:
    """Read a body as `model`, without converting types; raises ApiError.

    Args:
        body: JSON.
        model: the request.
        conversion: the rates for salaries in other currencies and periods; without it the built-in ones.
    """
    try:
        return model.model_validate_json(body, strict=True, context=conversion)
    except ValidationError as error:
        raise from_validation(error) from None


def parse_some(body: bytes, model: type[Parsed]) -> list[Parsed]:
    """Read one `model` or a list of them, without converting types; raises ApiError."""
    if not body.lstrip().startswith(b"["):
        return [parse(body, model)]
    try:
        some: list[Parsed] = _list_of(model).validate_json(body, strict=True)
    except ValidationError as error:
        raise from_validation(error) from None
    return some


@cache
def _list_of(model: type[Body]) -> TypeAdapter[Any]:
    return TypeAdapter(Annotated[list[model], Field(min_length=1, max_length=MAX_PAIRS)])  # type: ignore[valid-type, arg-type]
