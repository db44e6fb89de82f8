"""The page works offline and every example on it runs as it stands."""

import re
from typing import Any

import httpx
import pytest


def examples(schema: dict[str, Any]) -> list[tuple[str, str, Any]]:
    return [
        (path, name, example["value"])
        for path, operations in schema["paths"].items()
        for operation in operations.values()
        for name, example in operation.get("requestBody", {"content": {"application/json": {"examples": {}}}})["content"][
            "application/json"
        ]["examples"].items()
    ]


def test_every_example_gets_an_answer(service: Any) -> None:
    schema = httpx.get(f"{service.url}/openapi.json").raise_for_status().json()
    found = examples(schema)
    posts = {path for path, operations in schema["paths"].items() if "post" in operations}
    assert {path for path, _, _ in found} == posts == {"/v1/match", "/v1/rank/candidates", "/v1/rank/jobs", "/v1/feedback"}
    for path, name, value in found:
        for _ in range(2):
            answer = httpx.post(f"{service.url}{path}", json=value)
            assert answer.status_code == 200, (path, name, answer.text)
            assert answer.json()["request_id"]
