"""The service as a process: its metrics, what it prints, and what it keeps when it is stopped."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text

from matching.errors import UnusableData
from matching.model.match_model import MatchModel
from serving.contract import examples
from serving.release.ports import free_port
from store.database import connect
from store.predictions import count
from store.profiles import replace_all
from store.replay import replay

pytestmark = pytest.mark.slow

MARKED = "Quarterly-Secret-Resume"
READY_SECONDS = 240


@dataclass
class Service:
    """A running service and what it printed."""

    process: subprocess.Popen[bytes]
    url: str
    output: Path
    engine: Engine

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)

    def printed(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def metrics(self) -> dict[str, Metric]:
        text_format = httpx.get(f"{self.url}/metrics").text
        return {family.name: family for family in text_string_to_metric_families(text_format)}

    def predictions(self) -> int:
        """How many predictions it has answered, written or not."""
        metrics = self.metrics()
        names = ("tandem_log_written_predictions", "tandem_log_waiting_predictions")
        return int(sum(metrics[name].samples[0].value for name in names))


@pytest.fixture(scope="module")
def service(bundle: Path, stored: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One running service with stored profiles, for all tests; the last one stops it."""
    home = tmp_path_factory.mktemp("service")
    engine = connect(f"sqlite:///{home / 'log' / 'log.db'}")
    replace_all(engine, "marketplace", *stored)
    running = start(bundle, home, free_port(), engine)
    try:
        wait_until_ready(running)
        yield running
    finally:
        running.stop()
        engine.dispose()


def start(bundle: Path, home: Path, port: int, engine: Engine) -> Service:
    """Run `bentoml serve` as a user would."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TANDEM_", "BENTOML_"))},
        "TANDEM_HOME": str(home),
        "TANDEM_BUNDLE": str(bundle),
        "BENTOML_HOME": str(home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
    }
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:TandemMatch", "--host", "127.0.0.1"]
    output = home / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen([*command, "--port", str(port)], env=environment, stdout=file, stderr=file)
    return Service(process, f"http://127.0.0.1:{port}", output, engine)


def wait_until_ready(service: Service) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(f"{service.url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            assert service.process.poll() is None, service.printed()
        time.sleep(0.1)
    raise AssertionError(service.printed())


def test_the_metrics_count_requests_and_logged_predictions(service: Service) -> None:
    httpx.post(f"{service.url}/v1/match", json=examples.MATCH["one_pair"]["value"]).raise_for_status()
    assert 'endpoint="/v1/match"' in httpx.get(f"{service.url}/metrics").text
    figures = service.metrics()
    failures, written = figures["tandem_log_write_failures"], figures["tandem_log_written_predictions"]
    waiting = figures["tandem_log_waiting_predictions"]
    assert [one.type for one in (failures, written, waiting)] == ["counter", "counter", "gauge"]
    assert [one.samples[0].name for one in (failures, written)] == [
        "tandem_log_write_failures_total",
        "tandem_log_written_predictions_total",
    ]
    assert failures.samples[0].value == 0
    assert service.predictions() >= 2, "the documented example, and the pair"


def test_nothing_a_caller_sends_is_printed(service: Service) -> None:
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


def test_paths_that_callers_make_up_are_no_labels_of_the_metrics(service: Service) -> None:
    for path in (f"/{MARKED}", f"/v1/match/{MARKED}", f"/docs/static/{MARKED}", f"/v1/{MARKED}?name={MARKED}"):
        assert httpx.get(service.url + path).status_code == 404
    httpx.post(f"{service.url}/v1/match", json=examples.MATCH["one_pair"]["value"]).raise_for_status()
    metrics = httpx.get(f"{service.url}/metrics").text
    assert MARKED not in metrics
    assert 'endpoint="/unknown"' in metrics
    assert 'endpoint="/v1/match"' in metrics


def test_a_connection_whose_body_is_too_large_is_closed(service: Service) -> None:
    head = "POST /v1/match HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", httpx.URL(service.url).port), timeout=60) as caller:
        caller.sendall(head.encode())
        answer = b"".join(iter(lambda: caller.recv(65_536), b""))  # ends where the service hangs up
    assert answer.startswith(b"HTTP/1.1 413")


def test_feedback_finds_a_prediction_answered_a_moment_ago(service: Service) -> None:
    for _ in range(5):
        answer = httpx.post(f"{service.url}/v1/match", json=examples.MATCH["two_pairs"]["value"]).json()
        for prediction in answer["predictions"]:
            body = {"prediction_id": prediction["prediction_id"], "outcome": "outreach"}
            assert httpx.post(f"{service.url}/v1/feedback", json=body).json()["recorded"][0]["is_new"]


def test_a_log_without_predictions_cannot_be_replayed(bundle: Path, tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'log.db'}")
    with pytest.raises(UnusableData, match="send requests"):
        replay(engine, MatchModel.load(bundle))
    engine.dispose()


def test_stopping_keeps_every_answer_and_the_log_replays_exactly(
    service: Service, bundle: Path, stored: tuple[Any, Any]
) -> None:
    """Last: it stops the service."""
    sent = service.predictions()
    with httpx.Client(base_url=service.url) as client:
        candidates, jobs = (table.drop("updated_at").to_dicts() for table in stored)
        pairs = [{"candidate": candidates[n % 60], "job": jobs[n // 60]} for n in range(300)]
        sent += len(client.post("/v1/match", json={"pairs": pairs}).json()["predictions"])
        for job in jobs:
            sent += len(client.post("/v1/rank/candidates", json={"job_id": job["job_id"]}).json()["results"])
            sent += len(client.post("/v1/rank/jobs", json={"candidate": candidates[0]}).json()["results"])
        sent += len(client.post("/v1/match", json=examples.MATCH["two_pairs"]["value"]).json()["predictions"])
    service.stop()
    assert sent > 400
    assert count(service.engine) == sent
    assert "not written" not in service.printed()
    assert replay(service.engine, MatchModel.load(bundle)) == 0.0
    _spoil_inputs(service.engine)
    assert replay(service.engine, MatchModel.load(bundle)) > 0


def _spoil_inputs(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE inputs SET payload = replace(payload, 'Python', 'COBOL')"))
