"""The page works offline and every example on it runs as it stands."""

import re
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.slow


def examples(schema: dict[str, Any]) -> list[tuple[str, str, Any]]:
    return [
        (path, name, example["value"])
        for path, operations in schema["paths"].items()
        for operation in operations.values()
        for name, example in operation.get("requestBody", {"content": {"application/json": {"examples": {}}}})[
            "content"
        ]["application/json"]["examples"].items()
    ]


def test_every_example_gets_an_answer(service: Any) -> None:
    schema = httpx.get(f"{service.url}/openapi.json").raise_for_status().json()
    found = examples(schema)
    posts = {path for path, operations in schema["paths"].items() if "post" in operations}
    assert {path for path, _, _ in found} == posts
    assert posts == {
        *("/v1/match", "/v1/rank/candidates", "/v1/rank/jobs", "/v1/plan/outreach", "/v1/explain", "/v1/feedback"),
        *("/v1/advise/candidate", "/v1/advise/job"),
    }
    for path, name, value in found:
        for _ in range(2):
            answer = httpx.post(f"{service.url}{path}", json=value)
            assert answer.status_code == 200, (path, name, answer.text)
            assert answer.json()["request_id"]


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_page_asks_no_other_host(service: Any, path: str) -> None:
    page = httpx.get(service.url + path)
    assert page.status_code == 200
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page.text)
    assert '"validatorUrl": null' in page.text
    links = [*re.findall(r"""(?:src|href)=["']([^"']+)""", page.text), "openapi.json"]
    assert len(links) >= 4
    for link in links:
        found = httpx.get(httpx.URL(service.url + path).join(link))
        assert found.status_code == 200, link
        assert len(found.content) > 500, link


def test_the_page_can_show_what_the_service_describes(service: Any) -> None:
    schema = httpx.get(f"{service.url}/openapi.json").json()
    script = httpx.get(f"{service.url}/docs/static/swagger-ui-bundle.js").text
    version = re.search(r'PACKAGE_VERSION:"(\d+)', script)
    assert schema["openapi"].startswith("3.1")
    assert version is not None
    assert int(version[1]) >= 5, "Swagger UI before 5 does not read OpenAPI 3.1"


def test_every_reference_has_its_schema_and_every_limit_is_shown(service: Any) -> None:
    schema = httpx.get(f"{service.url}/openapi.json").json()
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', httpx.get(f"{service.url}/openapi.json").text))
    assert names <= set(schema["components"]["schemas"])
    assert "$defs" not in str(schema)
    profile = schema["components"]["schemas"]["CandidateProfile"]
    assert profile["additionalProperties"] is False
    assert "unit" in profile["properties"]["expected_salary_usd_per_year"]
    for path in ("livez", "readyz", "metrics"):
        assert f"({path})" in schema["info"]["description"]
        assert httpx.get(f"{service.url}/{path}").status_code == 200
