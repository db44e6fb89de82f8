"""Refusals: one JSON body for all of them. It names fields and limits and never repeats a value."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from matching.errors import TandemError

MAX_DETAILS = 50
_MAX_NAME = 100
_LIMITS = ("le", "lt", "ge", "gt", "max_length", "min_length", "expected", "pattern")


class Detail(BaseModel):
    """One mistake in a request."""

    field: str = Field(description="Path of the field, for example pairs[3].candidate.skills[0].years.")
    problem: str = Field(description="What is wrong with it.")
    limit: float | int | str | None = Field(None, description="The limit it breaks, if there is one.")


class Error(BaseModel):
    """Why a request was refused."""

    code: str = Field(description="Stable name of the reason.")
    message: str = Field(description="The reason and what to do, in one line.")
    details: list[Detail] = Field(description=f"The mistakes; at most {MAX_DETAILS} are listed.")


class ErrorBody(BaseModel):
    """Body of every response that is not a success."""

    error: Error


class ApiError(TandemError):
    """A request is refused, with a status and a body."""

    def __init__(self, status: int, code: str, message: str, details: Sequence[Detail] = ()) -> None:
        super().__init__(code)
        self.status = status
        self.body = ErrorBody(error=Error(code=code, message=message, details=list(details[:MAX_DETAILS])))


def invalid(details: Sequence[Detail]) -> ApiError:
    """Refuse a request whose fields break the rules."""
    more = f"; the first {MAX_DETAILS} are listed" if len(details) > MAX_DETAILS else ""
    counted = "1 field breaks a rule" if len(details) == 1 else f"{len(details)} fields break a rule"
    return ApiError(422, "invalid_request", f"{counted} of the API, see /docs{more}", details)


def invalid_field(field: str, problem: str, limit: float | int | str | None = None) -> ApiError:
    """Refuse a request for one of its fields."""
    return invalid([Detail(field=field, problem=problem, limit=limit)])


def repeated_id(field: str) -> ApiError:
    """Refuse a list that contains an id twice."""
    return invalid_field(field, "This id appears earlier in the list", "different ids")


def unknown_profile(field: str) -> ApiError:
    """Refuse a request for a stored profile that does not exist."""
    detail = Detail(field=field, problem="No stored profile has this id")
    return ApiError(404, "unknown_profile", "the request names a profile that is not stored", [detail])


def unknown_prediction(field: str, message: str) -> ApiError:
    """Refuse a request for a prediction that is not in the log."""
    return ApiError(404, "unknown_prediction", message, [Detail(field=field, problem="No prediction has this id")])


def model_failure() -> ApiError:
    """Refuse to answer because the model returned no finite number."""
    message = "the model returned no finite number: report the X-Request-ID of this response"
    return ApiError(500, "model_failure", message)


def from_validation(error: ValidationError) -> ApiError:
    """Translate the errors that pydantic found, without the values that caused them."""
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        detail = Detail(field="body", problem=found[0]["msg"])
        return ApiError(422, "invalid_json", "the body is not valid JSON", [detail])
    return invalid([_detail(one["loc"], one["type"], one["msg"], one.get("ctx", {})) for one in found])


def path(location: Sequence[int | str]) -> str:
    """Write the place of a field as `pairs[3].candidate.city`; names made up by the caller are shortened."""
    parts = [f"[{p}]" if isinstance(p, int) else f".{re.sub(r'[^ -~]', '?', p)[:_MAX_NAME]}" for p in location]
    return "".join(parts).removeprefix(".") or "body"


def _detail(location: Sequence[int | str], kind: str, message: str, context: dict[str, Any]) -> Detail:
    limit = next((context[name] for name in _LIMITS if name in context), None)
    if kind in ("finite_number", "missing", "extra_forbidden"):
        limit = {"finite_number": "a finite number", "missing": "required", "extra_forbidden": "no such field"}[kind]
    if kind == "greater_than_equal" and str(location[-1]).endswith("_usd_per_year"):
        message += "; an hourly, daily or monthly amount goes into the field without _usd_per_year, with salary_period"
    return Detail(field=path(location), problem=message, limit=limit if isinstance(limit, float | int | str) else None)
