"""The service as a process: health, what it prints, what it keeps when it is stopped, what it refuses to serve."""

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from matching.errors import UnusableData
from matching.model.match_model import MatchModel
from serving.api import examples
from store.database import connect
from store.predictions import count
from store.profiles import replace_all
from store.replay import replay

pytestmark = pytest.mark.slow

MARKED = "Quarterly-Secret-Resume"


@pytest.fixture
def run(conftest: Any, tmp_path: Path, free_port: Callable[[], int]) -> Any:
    """Start services that are stopped at the end of the test."""
    running: list[Any] = []

    def start(bundle: Path, *, wait: bool = True) -> Any:
        running.append(conftest.start(bundle, tmp_path / "service", free_port(), wait=wait))
        return running[-1]

    yield start
    for service in running:
        service.stop()


def test_health_metrics_and_pages_are_where_bentoml_has_them(service: Any) -> None:
    for path in ("/livez", "/readyz", "/healthz"):
        assert httpx.get(service.url + path).status_code == 200
    httpx.post(f"{service.url}/v1/match", json=examples.MATCH["one_pair"]["value"]).raise_for_status()
    metrics = httpx.get(f"{service.url}/metrics").text
    assert 'endpoint="/v1/match"' in metrics
    figures = {family.name: family for family in text_string_to_metric_families(metrics)}
    failures, written = figures["tandem_log_write_failures"], figures["tandem_log_written_predictions"]
    waiting = figures["tandem_log_waiting_predictions"]
    assert [one.type for one in (failures, written, waiting)] == ["counter", "counter", "gauge"]
    assert [one.samples[0].name for one in (failures, written)] == [
        "tandem_log_write_failures_total",
        "tandem_log_written_predictions_total",
    ]
    assert failures.samples[0].value == 0
    assert written.samples[0].value + waiting.samples[0].value >= 2, "the documented example, and the pair"


def test_nothing_a_caller_sends_is_printed(service: Any) -> None:
    pair = {"candidate": examples.ADA | {"headline": MARKED, "resume": MARKED}, "job": examples.BACKEND}
    bad: list[Any] = [
        {"pairs": [pair]},
        {"pairs": [pair | {MARKED: 1}]},
        {"pairs": [{"candidate": pair["candidate"] | {"experience_years": MARKED}, "job": examples.BACKEND}]},
        {"pairs": [{"candidate_id": MARKED, "job_id": MARKED}]},
        {"job_id": MARKED},
        {"prediction_id": MARKED, "outcome": MARKED},
        MARKED,
    ]
    for path in ("/v1/match", "/v1/rank/candidates", "/v1/rank/jobs", "/v1/feedback"):
        for body in bad:
            httpx.post(service.url + path, json=body)
        httpx.post(service.url + path, content=MARKED.encode(), headers={"content-type": "application/json"})
        httpx.post(service.url + path, content=b"{}", headers={"content-type": MARKED, "x-name": MARKED})
        httpx.get(f"{service.url}{path}/{MARKED}?name={MARKED}")
    httpx.get(f"{service.url}/{MARKED}")
    assert "Starting production" in service.printed()
    assert MARKED not in service.printed()


def test_paths_that_callers_make_up_are_no_labels_of_the_metrics(service: Any) -> None:
    for path in (f"/{MARKED}", f"/v1/match/{MARKED}", f"/docs/static/{MARKED}", f"/v1/{MARKED}?name={MARKED}"):
        assert httpx.get(service.url + path).status_code == 404
    httpx.post(f"{service.url}/v1/match", json=examples.MATCH["one_pair"]["value"]).raise_for_status()
    metrics = httpx.get(f"{service.url}/metrics").text
    assert MARKED not in metrics
    assert 'endpoint="/unknown"' in metrics
    assert 'endpoint="/v1/match"' in metrics


def test_a_connection_whose_body_is_too_large_is_closed(service: Any) -> None:
    head = "POST /v1/match HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", httpx.URL(service.url).port), timeout=60) as caller:
        caller.sendall(head.encode())
        answer = b"".join(iter(lambda: caller.recv(65_536), b""))  # ends where the service hangs up
    assert answer.startswith(b"HTTP/1.1 413")


def test_feedback_finds_a_prediction_answered_a_moment_ago(service: Any) -> None:
    for _ in range(5):
        answer = httpx.post(f"{service.url}/v1/match", json=examples.MATCH["two_pairs"]["value"]).json()
        for prediction in answer["predictions"]:
            body = {"prediction_id": prediction["prediction_id"], "outcome": "outreach"}
            assert httpx.post(f"{service.url}/v1/feedback", json=body).json()["recorded"][0]["is_new"]


def test_stopping_keeps_every_answer_and_the_log_replays_exactly(
    run: Any, bundle: Path, stored: tuple[Any, Any], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'service' / 'log' / 'log.db'}"
    engine = connect(url)
    replace_all(engine, "marketplace", *stored)
    service = run(bundle)
    with httpx.Client(base_url=service.url) as client:
        candidates, jobs = (table.drop("updated_at").to_dicts() for table in stored)
        pairs = [{"candidate": candidates[n % 60], "job": jobs[n // 60]} for n in range(300)]
        sent = len(client.post("/v1/match", json={"pairs": pairs}).json()["predictions"])
        for job in jobs:
            sent += len(client.post("/v1/rank/candidates", json={"job_id": job["job_id"]}).json()["results"])
            sent += len(client.post("/v1/rank/jobs", json={"candidate": candidates[0]}).json()["results"])
        sent += len(client.post("/v1/match", json=examples.MATCH["two_pairs"]["value"]).json()["predictions"])
    service.stop()
    assert count(engine) == sent + 1  # and the documented example
    assert "not written" not in service.printed()
    assert replay(engine, MatchModel.load(bundle)) == 0.0
    _spoil_one_input(engine)
    assert replay(engine, MatchModel.load(bundle)) > 0
    engine.dispose()


def _spoil_one_input(engine: Any) -> None:
    from sqlalchemy import text

    with engine.begin() as connection:
        connection.execute(text("UPDATE inputs SET payload = replace(payload, 'Python', 'COBOL')"))


def test_a_changed_model_is_not_served(run: Any, bundle: Path, conftest: Any, tmp_path: Path) -> None:
    shutil.copytree(bundle, tmp_path / "bundle")
    state = json.loads((tmp_path / "bundle" / "model.json").read_text())
    (tmp_path / "bundle" / "model.json").write_text(json.dumps(state | {"source": "elsewhere"}))
    service = run(tmp_path / "bundle", wait=False)
    conftest.wait_until(lambda: httpx.get(f"{service.url}/livez").status_code == 200, service)
    assert httpx.get(f"{service.url}/readyz").status_code == 503
    refused = httpx.post(f"{service.url}/v1/match", json=examples.MATCH["one_pair"]["value"])
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "not_ready"
    assert "TamperedModel" in service.printed()
    assert "model.json" in service.printed()
    assert "Traceback" not in service.printed()


def test_a_log_without_predictions_cannot_be_replayed(bundle: Path, tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'log.db'}")
    with pytest.raises(UnusableData, match="send requests"):
        replay(engine, MatchModel.load(bundle))
    engine.dispose()
