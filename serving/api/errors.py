"""What the endpoint answers when it refuses: one JSON form, which names fields and limits and never repeats a value."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from matching.errors import TandemError

MAX_DETAILS = 50
_MAX_NAME = 100
_LIMITS = ("le", "lt", "ge", "gt", "max_length", "min_length", "expected", "pattern")


class Detail(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(description="Path of the field, for example pairs[3].candidate.skills[0].years.")
    problem: str = Field(description="What is wrong with it.")
    limit: float | int | str | None = Field(None, description="The limit it breaks, where there is one.")


class Error(BaseModel):
    """Why a request was refused."""

    code: str = Field(description="Stable name of the reason.")
    message: str = Field(description="The reason and what to do, in one line.")
    details: list[Detail] = Field(description=f"At most {MAX_DETAILS} of the things that are wrong.")


class ErrorBody(BaseModel):
    """Body of every answer that is not a success."""

    error: Error


class Problem(TandemError):
    """A request that is refused with a status and a body."""

    def __init__(self, status: int, code: str, message: str, details: Sequence[Detail] = ()) -> None:
        super().__init__(code)
        self.status = status
        self.body = ErrorBody(error=Error(code=code, message=message, details=list(details[:MAX_DETAILS])))


def invalid(details: Sequence[Detail]) -> Problem:
    """Refuse a request whose fields break the rules."""
    more = f", the first {MAX_DETAILS} are listed" if len(details) > MAX_DETAILS else ""
    counted = "1 field is" if len(details) == 1 else f"{len(details)} fields are"
    return Problem(422, "invalid_request", f"{counted} not as described on the page /docs{more}", details)


def from_validation(error: ValidationError) -> Problem:
    """Translate pydantic's findings; the values they were found in are left out."""
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return Problem(
            422, "invalid_json", "the body is not valid JSON", [Detail(field="body", problem=found[0]["msg"])]
        )
    return invalid([_detail(one["loc"], one["type"], one["msg"], one.get("ctx", {})) for one in found])


def path(location: Sequence[int | str]) -> str:
    """Write a field's place as `pairs[3].candidate.city`; a name the caller made up is shortened."""
    parts = [f"[{p}]" if isinstance(p, int) else f".{re.sub(r'[^ -~]', '?', p)[:_MAX_NAME]}" for p in location]
    return "".join(parts).removeprefix(".") or "body"


def _detail(location: Sequence[int | str], kind: str, message: str, context: dict[str, Any]) -> Detail:
    limit = next((context[name] for name in _LIMITS if name in context), None)
    if kind in ("finite_number", "missing", "extra_forbidden"):
        limit = {"finite_number": "a finite number", "missing": "required", "extra_forbidden": "no such field"}[kind]
    return Detail(field=path(location), problem=message, limit=limit if isinstance(limit, float | int | str) else None)
