"""`tandem traffic` against a server that answers as the service does: what is sent, refused and remembered."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from matching.sources import marketplace
from matching.sources.marketplace import Marketplace, MarketplaceConfig
from tests.tandem.command import Ended, refused, tandem

Answer = Callable[[Any], tuple[int, Any]]
HANG_UP = 0


class Service:
    """What was received, and how to answer.

    Attributes:
        pairs: pairs to score, of all requests.
        outcomes: outcomes that were reported.
        match: answers a request for scores.
        feedback: answers a report of outcomes.
    """

    def __init__(self) -> None:
        self.pairs: list[Any] = []
        self.outcomes: list[Any] = []
        self.match: Answer = self._scored
        self.feedback: Answer = lambda _: (200, {"recorded": []})

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        if path == "/v1/feedback":
            self.outcomes += body
            return self.feedback(body)
        return self.match(body)

    def _scored(self, body: Any) -> tuple[int, Any]:
        first = len(self.pairs)
        self.pairs += body["pairs"]
        return 200, {"predictions": [{"prediction_id": f"p{n}"} for n in range(first, len(self.pairs))]}


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """Answer on a free port; yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, {})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(*service.answer(self.path, body))

        def _send(self, code: int, body: Any) -> None:
            if code == HANG_UP:
                self.close_connection = True
                return
            text = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(text)))
            self.send_header("X-Request-ID", "r-17")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield str(server.server_port)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def small_market(monkeypatch: pytest.MonkeyPatch) -> None:
    """A market that is simulated in no time."""
    config = MarketplaceConfig(n_candidates=300, n_jobs=60, n_impressions=9_000)
    monkeypatch.setattr(marketplace, "SOURCE", Marketplace(config))


def send(service: Service, *arguments: str) -> Ended:
    with serving(service) as port:
        return tandem("traffic", "--port", port, "--pairs", "40", *arguments)


def refusal(service: Service) -> str:
    with serving(service) as port:
        return refused("traffic", "--port", port, "--pairs", "40")


def test_every_pair_is_sent_and_gets_its_outcome() -> None:
    service = Service()
    ended = send(service)
    assert (ended.code, ended.stderr) == (0, "")
    assert len(service.pairs) == 40
    answered = [one["prediction_id"] for one in service.outcomes if one["outcome"] in ("outreach", "no_outreach")]
    assert sorted(answered) == sorted(f"p{n}" for n in range(40)), "every company answers"
    reached = {one["prediction_id"] for one in service.outcomes if one["outcome"] == "outreach"}
    said = {one["prediction_id"] for one in service.outcomes if one["outcome"] in ("accept", "decline")}
    assert said == reached
    assert "window 0, scenario none: 40 pairs in " in ended.stdout
    assert "ms (median), " in ended.stdout
    assert f"{40 - len(reached)} no_outreach" in ended.stdout


def test_the_next_window_is_remembered(own_home: Path) -> None:
    windows = [send(Service(), *arguments).stdout for arguments in ((), (), ("--window", "7"), ())]
    numbers = [text.split("window ")[1].split(",")[0] for text in windows]
    assert numbers == ["0", "1", "7", "8"]
    (own_home / "run" / "traffic.json").write_text("no JSON")
    assert "window 0, " in send(Service()).stdout


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            {"details": [{"field": "pairs[3].job.title", "problem": "is too long", "limit": 200}]},
            "pairs[].job.title: is too long, limit 200",
        ),
        (
            {"details": [{"field": "pairs[0].job", "problem": "is missing", "limit": None}]},
            "pairs[].job: is missing",
        ),
        ({"details": [], "message": "too many requests"}, "too many requests"),
    ],
)
def test_refused_requests_are_counted_by_reason(error: Any, reason: str) -> None:
    service = Service()
    service.match = lambda _: (422, {"error": error})
    ended = send(service)
    assert ended.code == 0
    assert " 0 pairs in " in ended.stdout
    assert f" times: {reason}\n" in ended.stdout
    assert service.outcomes == []


def test_refused_outcomes_end_it() -> None:
    service = Service()
    service.feedback = lambda _: (409, {"error": {"details": [], "message": "another outcome is known"}})
    assert refusal(service) == "the service refused the outcomes: another outcome is known"


def test_a_failing_service_is_named_with_its_request() -> None:
    service = Service()
    service.match = lambda _: (500, {})
    assert refusal(service) == "the service failed with 500 at /v1/match: its log names r-17"


def test_a_service_that_ends_meanwhile_is_one_line() -> None:
    service = Service()
    service.match = lambda _: (HANG_UP, {})
    assert refusal(service).startswith("the service stopped answering at http://127.0.0.1:")
