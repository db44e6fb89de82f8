"""The HTTP endpoint: routes, limits and the OpenAPI page. What is answered is decided in `serving.answers.matcher`."""

import logging
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from matching.errors import StorageError
from serving.answers import advise
from serving.api import examples
from serving.api.errors import ErrorBody, Problem
from serving.api.requests import (
    MAX_BODY_BYTES,
    MAX_PAIRS,
    AdviseCandidateRequest,
    AdviseJobRequest,
    Body,
    CandidateAdviceAnswer,
    ExplainAnswer,
    ExplainRequest,
    FeedbackAnswer,
    FeedbackRequest,
    JobAdviceAnswer,
    MatchAnswer,
    MatchRequest,
    ModelAnswer,
    PlanAnswer,
    PlanOutreachRequest,
    RankAnswer,
    RankCandidatesRequest,
    RankJobsRequest,
    parse,
    parse_feedback,
)
from serving.release.deployed import new_request_id

if TYPE_CHECKING:
    from serving.answers.matcher import Matcher

logger = logging.getLogger(__name__)

READ_SECONDS = 30.0  # how long a caller may take to send a body
MAX_IN_FLIGHT = 64  # bodies are held in memory while they wait for a core

_REFS = "#/components/schemas/{model}"
_REFUSALS = {
    404: "Something named is not known.",
    408: f"The body was not sent within {READ_SECONDS:.0f} seconds.",
    409: "An outcome contradicts another one, or a prediction is another model's.",
    413: f"The body is over {MAX_BODY_BYTES // 2**20} MiB.",
    415: "The body is not sent as application/json.",
    422: "The body breaks a rule; the details name fields and limits.",
    429: f"{MAX_IN_FLIGHT} requests are being answered already.",
    500: "The service failed; its log names the request id.",
    503: "The service is not ready, or its log cannot be written.",
}
_DESCRIPTION = f"""
Scores and ranks candidates and jobs for each other. Every example on this page runs as it stands.

- Every prediction is logged; send what came of it to `/v1/feedback` with its `prediction_id`. Advice is not logged.
- The feedback examples use the id `example`: a prediction of the example pair that the service logs when it
  starts, and that no report ever counts.
- A request holds up to {MAX_PAIRS:,} pairs and {MAX_BODY_BYTES // 2**20} MiB. Fields that are unknown, missing, of
  another type or out of range are refused with 422; the answer names the field and the limit.
- Operations: [/livez](livez), [/readyz](readyz), [/metrics](metrics) (Prometheus).
"""

Handle = Callable[["Matcher", bytes, str, datetime], BaseModel]


@dataclass(frozen=True)
class Operation:
    """One POST route: what it takes, what it answers and how it is shown."""

    path: str
    summary: str
    handle: Handle
    request_schema: dict[str, Any]
    answer: type[BaseModel]
    examples: dict[str, Any]
    refusals: tuple[int, ...] = (404, 408, 413, 415, 422, 429, 500, 503)


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _REFS.format(model=model.__name__)}


OPERATIONS = (
    Operation(
        path="/v1/match",
        summary="Score pairs of candidates and jobs",
        handle=lambda matcher, body, key, now: matcher.match(parse(body, MatchRequest), key, now),
        request_schema=_reference(MatchRequest),
        answer=MatchAnswer,
        examples=examples.MATCH,
    ),
    Operation(
        path="/v1/rank/candidates",
        summary="Rank candidates for a job",
        handle=lambda matcher, body, key, now: matcher.rank_candidates(parse(body, RankCandidatesRequest), key, now),
        request_schema=_reference(RankCandidatesRequest),
        answer=RankAnswer,
        examples=examples.RANK_CANDIDATES,
    ),
    Operation(
        path="/v1/rank/jobs",
        summary="Rank jobs for a candidate",
        handle=lambda matcher, body, key, now: matcher.rank_jobs(parse(body, RankJobsRequest), key, now),
        request_schema=_reference(RankJobsRequest),
        answer=RankAnswer,
        examples=examples.RANK_JOBS,
    ),
    Operation(
        path="/v1/plan/outreach",
        summary="Share candidates out among several jobs",
        handle=lambda matcher, body, key, now: matcher.plan_outreach(parse(body, PlanOutreachRequest), key, now),
        request_schema=_reference(PlanOutreachRequest),
        answer=PlanAnswer,
        examples=examples.PLAN_OUTREACH,
    ),
    Operation(
        path="/v1/explain",
        summary="Explain the scores of a pair, in numbers and in words",
        handle=lambda matcher, body, key, _now: matcher.explain(parse(body, ExplainRequest), key),
        request_schema=_reference(ExplainRequest),
        answer=ExplainAnswer,
        examples=examples.EXPLAIN,
        refusals=(404, 408, 409, 413, 415, 422, 429, 500, 503),
    ),
    Operation(
        path="/v1/advise/candidate",
        summary="Advise a candidate: what would bring more matches",
        handle=lambda matcher, body, key, _: advise.advise_candidate(matcher, parse(body, AdviseCandidateRequest), key),
        request_schema=_reference(AdviseCandidateRequest),
        answer=CandidateAdviceAnswer,
        examples=examples.ADVISE_CANDIDATE,
    ),
    Operation(
        path="/v1/advise/job",
        summary="Advise a company about a job: what would bring more matches",
        handle=lambda matcher, body, key, _: advise.advise_job(matcher, parse(body, AdviseJobRequest), key),
        request_schema=_reference(AdviseJobRequest),
        answer=JobAdviceAnswer,
        examples=examples.ADVISE_JOB,
    ),
    Operation(
        path="/v1/feedback",
        summary="Record what came of predictions: one outcome or a list",
        handle=lambda matcher, body, key, now: matcher.feedback(parse_feedback(body), key, now),
        request_schema={
            "anyOf": [
                _reference(FeedbackRequest),
                {"type": "array", "items": _reference(FeedbackRequest), "minItems": 1, "maxItems": MAX_PAIRS},
            ]
        },
        answer=FeedbackAnswer,
        examples=examples.FEEDBACK,
        refusals=(404, 408, 409, 413, 415, 422, 429, 500, 503),
    ),
)
_BODIES: tuple[type[Body], ...] = (
    MatchRequest,
    RankCandidatesRequest,
    RankJobsRequest,
    PlanOutreachRequest,
    ExplainRequest,
    AdviseCandidateRequest,
    AdviseJobRequest,
    FeedbackRequest,
)


def create_app(page_files: Path) -> FastAPI:
    """Build the application; it answers 503 until `app.state.matcher` is set.

    Args:
        page_files: folder with Swagger UI's own files, so that the page works offline.
    """
    app = FastAPI(title="Tandem match", version="1", description=_DESCRIPTION, docs_url=None, redoc_url=None)
    app.state.matcher = None
    app.state.limiter = None
    app.state.in_flight = 0
    for operation in OPERATIONS:
        _add_operation(app, operation)
    _add_model(app)
    _add_page(app, page_files)
    app.add_exception_handler(HTTPException, _http_error)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def _add_operation(app: FastAPI, operation: Operation) -> None:
    async def endpoint(request: Request) -> Response:
        return await _respond(request, operation.handle, with_body=True)

    content = {"schema": operation.request_schema, "examples": operation.examples}
    app.add_api_route(
        operation.path,
        endpoint,
        methods=["POST"],
        tags=["Matching"],
        summary=operation.summary,
        response_model=operation.answer,
        responses=_refusals(*operation.refusals),
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": content}}},
        operation_id=operation.path.strip("/").replace("/", "_"),
    )


def _add_model(app: FastAPI) -> None:
    @app.get(
        "/v1/model",
        tags=["Model"],
        summary="Describe the model that answers",
        response_model=ModelAnswer,
        responses=_refusals(429, 503),
        operation_id="v1_model",
    )
    async def model(request: Request) -> Response:
        return await _respond(request, lambda matcher, _body, _key, now: matcher.describe(now), with_body=False)


def _add_page(app: FastAPI, page_files: Path) -> None:
    """Serve Swagger UI from its own files; it must not ask any other host for anything."""

    async def page() -> Response:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title="Tandem match",
            swagger_js_url="docs/static/swagger-ui-bundle.js",
            swagger_css_url="docs/static/swagger-ui.css",
            swagger_favicon_url="docs/static/favicon-light-32x32.png",
            swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True, "defaultModelsExpandDepth": 0},
        )

    for path in ("/", "/docs"):
        app.add_api_route(path, page, methods=["GET"], include_in_schema=False)
    app.mount("/docs/static", StaticFiles(directory=page_files), name="page_files")


async def _respond(request: Request, handle: Handle, *, with_body: bool) -> Response:
    """Answer one request. Nothing a caller sent is logged, and no failure leaves this function."""
    request_id = new_request_id()
    try:
        matcher = _matcher(request)
        with _place(request):
            body = await _read(request) if with_body else b""
            work = partial(handle, matcher, body, request_id, datetime.now(UTC))
            answer = await anyio.to_thread.run_sync(work, limiter=_limiter(request))
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception as error:  # a message may quote the request, so none may reach the server's own handler
        problem = _as_problem(error, request_id)
        return _json(problem.body, request_id, problem.status)
    return _json(answer, request_id, 200)


def _as_problem(error: Exception, request_id: str) -> Problem:
    """Translate a failure; one of the service itself is logged by its kind and place."""
    if isinstance(error, Problem):
        problem = error
    elif isinstance(error, StorageError):
        message = "the prediction log cannot be used and nothing is answered unlogged: try again"
        problem = Problem(503, "log_unavailable", message)
    else:
        problem = Problem(500, "internal_error", "the service failed: report the X-Request-ID of this answer")
    if problem.status >= 500:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        logger.error("request %s failed: %s at %s", request_id, type(error).__name__, place)
    return problem


def _json(answer: BaseModel, request_id: str, status: int) -> Response:
    headers = {"X-Request-ID": request_id, "Cache-Control": "no-store"}
    if status in (408, 413):
        headers["Connection"] = "close"  # the rest of the body is not waited for
    if status == 429:
        headers["Retry-After"] = "1"
    return Response(answer.model_dump_json(), status, headers=headers, media_type="application/json")


def _matcher(request: Request) -> "Matcher":
    matcher: Matcher | None = request.app.state.matcher
    if matcher is None:
        raise Problem(503, "not_ready", "no verified model is loaded: the service's log says why")
    return matcher


def _limiter(request: Request) -> anyio.CapacityLimiter:
    """As many requests are computed at once as there are cores; the others wait."""
    state = request.app.state
    if state.limiter is None:
        state.limiter = anyio.CapacityLimiter(os.cpu_count() or 1)
    limiter: anyio.CapacityLimiter = state.limiter
    return limiter


@contextmanager
def _place(request: Request) -> Iterator[None]:
    """Take one of the places for requests, whose number bounds the memory; raises Problem."""
    state = request.app.state
    if state.in_flight >= MAX_IN_FLIGHT:
        raise Problem(429, "too_many_requests", f"{MAX_IN_FLIGHT} requests are being answered: try again")
    state.in_flight += 1
    try:
        yield
    finally:
        state.in_flight -= 1


async def _read(request: Request) -> bytes:
    """Read the body, counting: it is refused as soon as it is too large, before anything is parsed."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or request.headers.get("content-encoding"):
        raise Problem(415, "unsupported_media_type", "send the body as plain application/json")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        with anyio.fail_after(READ_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        message = f"the body was not sent within {READ_SECONDS:.0f} seconds: send it again"
        raise Problem(408, "too_slow", message) from None
    return bytes(body)


def _too_large() -> Problem:
    return Problem(413, "too_large", f"the body is over {MAX_BODY_BYTES} bytes: send fewer pairs per request")


async def _http_error(_request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    problem = Problem(status, "http_error", "see the page /docs for what can be asked")
    response = _json(problem.body, new_request_id(), status)
    response.headers.update(getattr(error, "headers", None) or {})
    return response


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ErrorBody, "description": _REFUSALS[status]} for status in statuses}


def _openapi(app: FastAPI) -> dict[str, Any]:
    """OpenAPI document with the schemas of the bodies, which FastAPI does not read itself."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, bodies = models_json_schema([(body, "validation") for body in _BODIES], ref_template=_REFS)
        schema["components"]["schemas"] |= bodies["$defs"]
        app.openapi_schema = schema
    return app.openapi_schema
