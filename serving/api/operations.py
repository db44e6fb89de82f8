"""The operations of the endpoint, each declared once. Routes, bodies and the OpenAPI document follow from here."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel

from serving.answers.advise import advise_candidate, advise_job
from serving.answers.describe import describe
from serving.answers.explain import explain
from serving.answers.feedback import feedback
from serving.answers.match import match
from serving.answers.plan import plan_outreach
from serving.answers.rank import rank_candidates, rank_jobs
from serving.answers.served_model import Call, ServedModel
from serving.api.bodies import MAX_BODY_BYTES, MAX_IN_FLIGHT, READ_SECONDS
from serving.contract import examples
from serving.contract.errors import ErrorBody
from serving.contract.requests import (
    MAX_PAIRS,
    AdviseCandidateRequest,
    AdviseJobRequest,
    Body,
    ExplainRequest,
    FeedbackRequest,
    MatchRequest,
    PlanOutreachRequest,
    RankCandidatesRequest,
    RankJobsRequest,
    parse,
    parse_some,
)
from serving.contract.responses import (
    CandidateAdviceAnswer,
    ExplainAnswer,
    FeedbackAnswer,
    JobAdviceAnswer,
    MatchAnswer,
    ModelAnswer,
    PlanAnswer,
    RankAnswer,
)
from serving.contract.salaries import Conversion, warnings

REFS = "#/components/schemas/{model}"

_WITH_BODY = (404, 408, 413, 415, 422, 429, 500, 503)
_WITH_CONFLICTS = (404, 408, 409, 413, 415, 422, 429, 500, 503)
_REFUSALS = {
    404: "The request names something unknown.",
    408: f"The body did not arrive within {READ_SECONDS:.0f} seconds.",
    409: "An outcome contradicts another one, or another model made the prediction.",
    413: f"The body is larger than {MAX_BODY_BYTES // 2**20} MiB.",
    415: "The body is not application/json.",
    422: "The body breaks a rule. The details name fields and limits.",
    429: f"{MAX_IN_FLIGHT} requests are already in progress.",
    500: "The service failed. Its log names the request id.",
    503: "The service is not ready, or its log cannot be written.",
}


@dataclass(frozen=True)
class Operation:
    """One route.

    Attributes:
        path: its path.
        summary: its title in the OpenAPI document.
        handler: answers a request that has been read.
        answer: what the handler returns.
        body: the request; None for a GET.
        several: whether the request may also be a list of `body`; the handler then always takes a list.
        examples: examples of the request, by name.
        refusals: statuses that it may refuse with.
        tag: its section of the OpenAPI document.
    """

    path: str
    summary: str
    handler: Callable[[ServedModel, Any, Call], BaseModel]
    answer: type[BaseModel]
    body: type[Body] | None = None
    several: bool = False
    examples: dict[str, Any] = field(default_factory=dict)
    refusals: tuple[int, ...] = _WITH_BODY
    tag: str = "Matching"

    @property
    def operation_id(self) -> str:
        """Identifier in the OpenAPI document."""
        return self.path.strip("/").replace("/", "_")

    @property
    def method(self) -> str:
        """HTTP method."""
        return "GET" if self.body is None else "POST"

    def respond(self, served: ServedModel, body: bytes, call: Call) -> BaseModel:
        """Read a body and answer it; raises ApiError, StorageError."""
        if self.body is None:
            return self.handler(served, None, call)
        if self.several:
            return self.handler(served, parse_some(body, self.body), call)
        conversion = Conversion(served.pay_rates)
        request = parse(body, self.body, conversion)
        return self.handler(served, request, replace(call, salary_rates=conversion.used(), warnings=warnings(request)))

    def request_body(self) -> dict[str, Any]:
        """Describe the body as OpenAPI does; empty for a GET."""
        if self.body is None:
            return {}
        schema: dict[str, Any] = {"$ref": REFS.format(model=self.body.__name__)}
        if self.several:
            schema = {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1, "maxItems": MAX_PAIRS}]}
        content = {"application/json": {"schema": schema, "examples": self.examples}}
        return {"requestBody": {"required": True, "content": content}}

    def responses(self) -> dict[int | str, dict[str, Any]]:
        """Describe the refusals as FastAPI takes them."""
        return {status: {"model": ErrorBody, "description": _REFUSALS[status]} for status in self.refusals}


OPERATIONS = (
    Operation(
        path="/v1/match",
        summary="Score pairs of candidates and jobs",
        handler=match,
        body=MatchRequest,
        answer=MatchAnswer,
        examples=examples.MATCH,
    ),
    Operation(
        path="/v1/rank/candidates",
        summary="Rank candidates for a job",
        handler=rank_candidates,
        body=RankCandidatesRequest,
        answer=RankAnswer,
        examples=examples.RANK_CANDIDATES,
    ),
    Operation(
        path="/v1/rank/jobs",
        summary="Rank jobs for a candidate",
        handler=rank_jobs,
        body=RankJobsRequest,
        answer=RankAnswer,
        examples=examples.RANK_JOBS,
    ),
    Operation(
        path="/v1/plan/outreach",
        summary="Share candidates among several jobs",
        handler=plan_outreach,
        body=PlanOutreachRequest,
        answer=PlanAnswer,
        examples=examples.PLAN_OUTREACH,
    ),
    Operation(
        path="/v1/explain",
        summary="Explain the scores of a pair, in numbers and in words",
        handler=explain,
        body=ExplainRequest,
        answer=ExplainAnswer,
        examples=examples.EXPLAIN,
        refusals=_WITH_CONFLICTS,
    ),
    Operation(
        path="/v1/advise/candidate",
        summary="Advise a candidate: which changes would bring more matches",
        handler=advise_candidate,
        body=AdviseCandidateRequest,
        answer=CandidateAdviceAnswer,
        examples=examples.ADVISE_CANDIDATE,
    ),
    Operation(
        path="/v1/advise/job",
        summary="Advise a company about a job: which changes would bring more matches",
        handler=advise_job,
        body=AdviseJobRequest,
        answer=JobAdviceAnswer,
        examples=examples.ADVISE_JOB,
    ),
    Operation(
        path="/v1/feedback",
        summary="Record the outcomes of predictions: one outcome or a list",
        handler=feedback,
        body=FeedbackRequest,
        several=True,
        answer=FeedbackAnswer,
        examples=examples.FEEDBACK,
        refusals=_WITH_CONFLICTS,
    ),
    Operation(
        path="/v1/model",
        summary="Describe the model that the service runs",
        handler=describe,
        answer=ModelAnswer,
        refusals=(429, 503),
        tag="Model",
    ),
)
