"""The HTTP application: its routes, the limits on their cost, and the answers to failures."""

import logging
import os
import traceback
import uuid
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from matching.errors import StorageError
from serving.answers.served_model import Call, ServedModel
from serving.api import bodies, openapi
from serving.api.operations import OPERATIONS, Operation
from serving.contract.errors import ApiError

logger = logging.getLogger(__name__)


def create_app(page_files: Path) -> FastAPI:
    """Build the application. It answers 503 until `app.state.served` is set.

    Args:
        page_files: folder with the files of Swagger UI, so that the page works offline.
    """
    app = FastAPI(title=openapi.TITLE, version="1", description=openapi.DESCRIPTION, docs_url=None, redoc_url=None)
    app.state.served = None
    app.state.limiter = None
    app.state.in_flight = 0
    for operation in OPERATIONS:
        _add(app, operation)
    openapi.add_page(app, page_files)
    app.add_exception_handler(HTTPException, _http_error)
    app.openapi = partial(openapi.document, app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def _add(app: FastAPI, operation: Operation) -> None:
    async def endpoint(request: Request) -> Response:
        return await _respond(request, operation)

    app.add_api_route(
        operation.path,
        endpoint,
        methods=[operation.method],
        tags=[operation.tag],
        summary=operation.summary,
        response_model=operation.answer,
        responses=operation.responses(),
        openapi_extra=operation.request_body() or None,
        operation_id=operation.operation_id,
    )


async def _respond(request: Request, operation: Operation) -> Response:
    """Answer one request. Nothing that a caller sent is printed, and no failure leaves this function."""
    request_id = _new_request_id()
    try:
        served = _served(request)
        with bodies.slot(request):
            body = b"" if operation.body is None else await bodies.read(request)
            work = partial(operation.respond, served, body, Call(request_id, datetime.now(UTC)))
            answer = await anyio.to_thread.run_sync(work, limiter=_limiter(request))
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception as error:  # its message may quote the request, so the server's own handler must not see it
        refusal = _refusal(error, request_id)
        return _json(refusal.body, request_id, refusal.status)
    return _json(answer, request_id, 200)


def _new_request_id() -> str:
    """Return a new identifier; no part of it comes from the caller."""
    return uuid.uuid4().hex


def _refusal(error: Exception, request_id: str) -> ApiError:
    """Translate a failure. Failures of the service itself are printed with their type and place only."""
    if isinstance(error, ApiError):
        refusal = error
    elif isinstance(error, StorageError):
        message = "the prediction log is unavailable, and no answer is given without a log entry: try again"
        refusal = ApiError(503, "log_unavailable", message)
    else:
        refusal = ApiError(500, "internal_error", "the service failed: report the X-Request-ID of this response")
    if refusal.status >= 500:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        logger.error("request %s failed: %s at %s", request_id, type(error).__name__, place)
    return refusal


def _json(answer: BaseModel, request_id: str, status: int) -> Response:
    headers = {"X-Request-ID": request_id, "Cache-Control": "no-store"}
    if status in (408, 413):
        headers["Connection"] = "close"  # the rest of the body is not waited for
    if status == 429:
        headers["Retry-After"] = "1"
    return Response(answer.model_dump_json(), status, headers=headers, media_type="application/json")


def _served(request: Request) -> ServedModel:
    served: ServedModel | None = request.app.state.served
    if served is None:
        raise ApiError(503, "not_ready", "no verified model is loaded: see the service's log for the reason")
    return served


def _limiter(request: Request) -> anyio.CapacityLimiter:
    """Work on as many requests at once as there are cores; the others wait."""
    state = request.app.state
    if state.limiter is None:
        state.limiter = anyio.CapacityLimiter(os.cpu_count() or 1)
    limiter: anyio.CapacityLimiter = state.limiter
    return limiter


async def _http_error(_request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    refusal = ApiError(status, "http_error", "see /docs for the available paths and methods")
    response = _json(refusal.body, _new_request_id(), status)
    response.headers.update(getattr(error, "headers", None) or {})
    return response
