"""Waiting for a service: how its failures are reported, and at which address it is reached."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from matching.errors import EngineError
from serving.release import health
from serving.release.ports import free_port
from tests.serving.calling import Client, listening

PRINTED = """
ValueError: an earlier one
  not ready: ModelError: model.json is missing
stopping
"""


@pytest.fixture(scope="module")
def address(client: Client) -> Iterator[str]:
    with listening(client.app) as address:
        yield address


@pytest.fixture
def nowhere() -> str:
    """An address at which nothing listens."""
    return health.url("127.0.0.1", free_port())


def test_a_service_that_ended_is_reported_with_its_last_error(nowhere: str) -> None:
    with pytest.raises(EngineError, match=r"ended while starting: not ready: ModelError: model\.json is missing$"):
        health.wait_until_ready(nowhere, runs=lambda: False, output=lambda: PRINTED, progress=print)


@pytest.mark.parametrize(("printed", "reason"), [("", "it printed nothing"), ("one\ntwo\n", "two")])
def test_without_an_error_the_last_line_is_the_reason(nowhere: str, printed: str, reason: str) -> None:
    with pytest.raises(EngineError, match=f"ended while starting: {reason}$"):
        health.wait_until_ready(nowhere, runs=lambda: False, output=lambda: printed, progress=print)


def test_a_service_that_is_never_ready_is_given_up_and_says_so_meanwhile(
    nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SAY_SECONDS", 0.0)
    monkeypatch.setattr(health, "POLL_SECONDS", 0.01)
    lines: list[str] = []
    with pytest.raises(EngineError, match="was not ready within 0 s: stopping"):
        health.wait_until_ready(
            nowhere, runs=lambda: True, output=lambda: "stopping", progress=lines.append, timeout_seconds=0.1
        )
    assert lines[0] == "waiting for the service, 0 of at most 0 s"


@pytest.mark.parametrize("printed", [3 * f"{health.FAILED_START}\n", "not ready: TamperedModel: match.onnx"])
def test_a_service_that_cannot_recover_is_given_up_early(
    nowhere: str, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(health, "POLL_SECONDS", 0.01)
    with pytest.raises(EngineError, match=f"does not start: {printed.splitlines()[-1]}"):
        health.wait_until_ready(nowhere, runs=lambda: True, output=lambda: printed, progress=print)


def test_a_service_without_a_model_is_not_described(tmp_path: Path) -> None:
    from serving.api.app import create_app

    app: FastAPI = create_app(tmp_path)
    with listening(app) as address, pytest.raises(EngineError, match="does not describe its model: HTTPStatusError"):
        health.model(address)
    with pytest.raises(EngineError, match="does not describe its model: ConnectError"):
        health.model(address)


def test_a_service_reports_its_model(address: str) -> None:
    assert health.model(address)["model_name"] == "tandem-small"


@pytest.mark.parametrize(
    ("listens_on", "reached_at"),
    [
        ("0.0.0.0", "http://127.0.0.1:80"),  # noqa: S104
        ("::", "http://[::1]:80"),
        ("fe80::1", "http://[fe80::1]:80"),
        ("192.0.2.7", "http://192.0.2.7:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_every_address_has_a_url(listens_on: str, reached_at: str) -> None:
    assert health.url(listens_on, 80) == reached_at
