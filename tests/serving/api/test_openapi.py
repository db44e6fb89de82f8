"""The page works offline, and every example on it runs as shown."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving.calling import Send, worker


@pytest.fixture(scope="module")
def send(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Send]:
    with worker(bundle, tmp_path_factory.mktemp("openapi")) as send:
        yield send


def examples(schema: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Path, name and body of every example in the OpenAPI document."""
    return [
        (path, name, example["value"])
        for path, operations in schema["paths"].items()
        for operation in operations.values()
        for name, example in operation.get("requestBody", {"content": {"application/json": {"examples": {}}}})[
            "content"
        ]["application/json"]["examples"].items()
    ]


def document(send: Send) -> dict[str, Any]:
    found: dict[str, Any] = send("GET", "/openapi.json").raise_for_status().json()
    return found


def test_every_example_gets_an_answer(send: Send) -> None:
    schema = document(send)
    found = examples(schema)
    posts = {path for path, operations in schema["paths"].items() if "post" in operations}
    assert {path for path, _, _ in found} == posts
    assert posts == {
        *("/v1/match", "/v1/rank/candidates", "/v1/rank/jobs", "/v1/plan/outreach", "/v1/explain", "/v1/feedback"),
        *("/v1/advise/candidate", "/v1/advise/job"),
    }
    for path, name, value in found:
        for _ in range(2):
            answer = send("POST", path, json=value)
            assert answer.status_code == 200, (path, name, answer.text)
            assert answer.json()["request_id"]


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_page_needs_no_other_host(send: Send, path: str) -> None:
    page = send("GET", path)
    assert page.status_code == 200
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page.text)
    assert '"validatorUrl": null' in page.text
    links = [*re.findall(r"""(?:src|href)=["']([^"']+)""", page.text), "openapi.json"]
    assert len(links) >= 4
    for link in links:
        found = send("GET", str(page.url.join(link)))
        assert found.status_code == 200, link
        assert len(found.content) > 500, link


def test_the_page_can_show_the_document(send: Send) -> None:
    script = send("GET", "/docs/static/swagger-ui-bundle.js").text
    version = re.search(r'PACKAGE_VERSION:"(\d+)', script)
    assert document(send)["openapi"].startswith("3.1")
    assert version is not None
    assert int(version[1]) >= 5, "Swagger UI before 5 does not read OpenAPI 3.1"


def test_every_reference_has_its_schema_and_every_limit_is_shown(send: Send) -> None:
    schema = document(send)
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', send("GET", "/openapi.json").text))
    assert names <= set(schema["components"]["schemas"])
    assert "$defs" not in str(schema)
    profile = schema["components"]["schemas"]["SentCandidate"]
    assert profile["additionalProperties"] is False
    assert "unit" in profile["properties"]["expected_salary_usd_per_year"]


def test_the_document_links_the_health_paths(send: Send) -> None:
    description = document(send)["info"]["description"]
    for path in ("livez", "readyz", "metrics"):
        assert f"({path})" in description
