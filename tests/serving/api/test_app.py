"""Valid requests are answered with probabilities, invalid ones with the field and the limit, never with the value."""

import asyncio
import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from matching.data.dataset import Pairs
from matching.data.scores import Scores
from matching.data.tables import BANDS
from matching.model.match_model import MatchModel
from serving.api import bodies
from serving.api.app import create_app
from serving.api.bodies import MAX_BODY_BYTES
from serving.contract import examples
from serving.contract.requests import MAX_PAIRS
from store import writer
from store.predictions import count
from tests.serving.calling import MARKED, Client, details
from tests.serving.conftest import load

PAIR = {"candidate": examples.ADA, "job": examples.BACKEND}
ADVISE = ("/v1/advise/candidate", "/v1/advise/job")
POSTS = (
    *("/v1/match", "/v1/rank/candidates", "/v1/rank/jobs", "/v1/plan/outreach", "/v1/explain", "/v1/feedback"),
    *ADVISE,
)


def changed(**fields: Any) -> dict[str, Any]:
    """The example pair with some fields of its candidate changed; `...` leaves one out."""
    candidate = {name: value for name, value in (examples.ADA | fields).items() if value is not ...}
    return {"candidate": candidate, "job": examples.BACKEND}


def test_a_pair_gets_its_probabilities(client: Client) -> None:
    answer = client.match(PAIR).json()
    (prediction,) = answer["predictions"]
    assert answer["model_name"] == "tandem-small"
    assert answer["model_version"] == "3"
    assert prediction["candidate_id"] == "example-candidate-1"
    assert prediction["prediction_id"].startswith(answer["request_id"])
    product = prediction["company_probability"] * prediction["candidate_probability"]
    assert prediction["match_probability"] == pytest.approx(product, rel=1e-5)
    assert 0 < prediction["match_probability"] < 1


def test_a_thousand_pairs_are_answered_in_order(client: Client) -> None:
    pairs = [
        {
            "candidate": examples.ADA | {"candidate_id": f"c{n % 50}"},
            "job": examples.BACKEND | {"job_id": f"j{n // 50}"},
        }
        for n in range(MAX_PAIRS)
    ]
    answer = client.match(*pairs).json()["predictions"]
    assert [(one["candidate_id"], one["job_id"]) for one in answer] == [
        (pair["candidate"]["candidate_id"], pair["job"]["job_id"]) for pair in pairs
    ]
    assert len({one["prediction_id"] for one in answer}) == MAX_PAIRS


def test_stored_profiles_are_scored_like_sent_ones(client: Client, stored: tuple[Any, Any]) -> None:
    candidates, jobs = (table.drop("updated_at").to_dicts() for table in stored)
    sent = client.match(*({"candidate": candidates[n], "job": jobs[n]} for n in range(5))).json()["predictions"]
    by_id = client.match(
        *({"candidate_id": candidates[n]["candidate_id"], "job_id": jobs[n]["job_id"]} for n in range(5))
    ).json()["predictions"]
    keys = ("match_probability", "company_probability", "candidate_probability")
    assert [[one[key] for key in keys] for one in sent] == [[one[key] for key in keys] for one in by_id]


@pytest.mark.parametrize("kind", ["candidates", "jobs"])
def test_a_ranking_finds_the_best_of_all_stored_profiles(client: Client, stored: tuple[Any, Any], kind: str) -> None:
    candidates, jobs = (table.drop("updated_at").to_dicts() for table in stored)
    if kind == "candidates":
        body, pairs = {"job": jobs[0]}, [{"candidate": one, "job": jobs[0]} for one in candidates]
    else:
        body, pairs = {"candidate": candidates[0]}, [{"candidate": candidates[0], "job": one} for one in jobs]
    client.served.log.flush()
    before = count(client.served.engine)
    answer = client.post(f"/v1/rank/{kind}", body | {"limit": 7}).json()
    client.served.log.flush()
    assert count(client.served.engine) - before == 7
    scores = sorted((one["match_probability"] for one in client.match(*pairs).json()["predictions"]), reverse=True)
    assert [one["match_probability"] for one in answer["results"]] == scores[:7]
    assert [one["position"] for one in answer["results"]] == list(range(1, 8))
    assert answer["ranked_from"] == len(pairs)


def test_sent_candidates_are_ranked_for_a_stored_job(client: Client, stored: tuple[Any, Any]) -> None:
    job = stored[1]["job_id"][0]
    answer = client.post("/v1/rank/candidates", {"job_id": job, "candidates": [examples.LIN, examples.ADA]}).json()
    assert answer["ranked_from"] == 2
    assert {one["candidate_id"] for one in answer["results"]} == {"example-candidate-1", "example-candidate-2"}
    assert {one["job_id"] for one in answer["results"]} == {job}


def test_a_direction_that_the_model_lacks_is_null(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    score = MatchModel.score_features

    def one_sided(model: MatchModel, features: Any) -> Scores:
        scores = score(model, features)
        return Scores(features, None, scores.candidate, scores.match)

    monkeypatch.setattr(MatchModel, "score_features", one_sided)
    (prediction,) = client.match(PAIR).json()["predictions"]
    assert prediction["company_probability"] is None
    assert prediction["candidate_probability"] is not None


@pytest.mark.parametrize(
    ("fields", "field", "limit"),
    [
        ({"headline": ...}, "headline", "required"),
        ({"hobby": MARKED}, "hobby", "no such field"),
        ({"experience_years": 61}, "experience_years", 60),
        ({"experience_years": -0.1}, "experience_years", 0),
        ({"experience_years": math.nan}, "experience_years", "a finite number"),
        ({"experience_years": math.inf}, "experience_years", "a finite number"),
        ({"experience_years": 10**400}, "experience_years", "a finite number"),
        ({"experience_years": "8"}, "experience_years", None),
        ({"experience_years": True}, "experience_years", None),
        ({"expected_salary_usd_per_year": 999}, "expected_salary_usd_per_year", 1_000),
        ({"remote_wish": MARKED}, "remote_wish", "'onsite', 'hybrid', 'remote' or 'any'"),
        ({"skills": [{"name": "Python", "years": 99}]}, "skills[0].years", 60),
        ({"skills": [{"name": ""}]}, "skills[0].name", 1),
        ({"skills": None}, "skills", None),
        ({"headline": 5}, "headline", None),
        ({"headline": MARKED * 50}, "headline", 500),
        ({"resume": "x" * 100_001}, "resume", 100_000),
        ({"candidate_id": ""}, "candidate_id", 1),
        ({"candidate_id": f"a\u0000{MARKED}"}, "candidate_id", "printable"),
        ({"wish_stack": ["x"] * 201}, "wish_stack", 200),
    ],
)
def test_a_field_that_breaks_a_rule_is_reported_with_its_limit(
    client: Client, fields: dict[str, Any], field: str, limit: Any
) -> None:
    found = details(client.match(PAIR | {"job": examples.FRONTEND}, changed(**fields)))
    assert found == {f"pairs[1].candidate.{field}": limit}


@pytest.mark.parametrize(
    ("path", "body", "field", "limit"),
    [
        ("/v1/match", {"pairs": []}, "pairs", 1),
        ("/v1/match", {"pairs": [PAIR] * (MAX_PAIRS + 1)}, "pairs", MAX_PAIRS),
        ("/v1/match", {}, "pairs", "required"),
        ("/v1/match", {"pairs": [PAIR], "limit": 3}, "limit", "no such field"),
        ("/v1/match", {"pairs": [{"job": examples.BACKEND}]}, "pairs[0]", None),
        ("/v1/match", {"pairs": [PAIR | {"job_id": "x"}]}, "pairs[0]", None),
        ("/v1/match", {"pairs": [PAIR, PAIR]}, "pairs[1]", "different pairs"),
        (
            "/v1/match",
            {"pairs": [PAIR, changed(headline=MARKED)]},
            "pairs[1].candidate.candidate_id",
            "one profile per id",
        ),
        ("/v1/match", None, "body", None),
        ("/v1/match", [], "body", None),
        ("/v1/rank/candidates", {"job": examples.BACKEND, "limit": 101}, "limit", 100),
        ("/v1/rank/candidates", {"job": examples.BACKEND, "limit": 0}, "limit", 1),
        ("/v1/rank/candidates", {"job": examples.BACKEND, "limit": 1.5}, "limit", None),
        ("/v1/rank/candidates", {"job": examples.BACKEND, "candidates": []}, "candidates", 1),
        (
            "/v1/rank/candidates",
            {"job": examples.BACKEND, "candidates": [examples.ADA, examples.ADA]},
            "candidates[1].candidate_id",
            "different ids",
        ),
        ("/v1/rank/jobs", {"jobs": [examples.BACKEND]}, "body", None),
        ("/v1/feedback", {"prediction_id": "example"}, "outcome", "required"),
        ("/v1/feedback", {"prediction_id": "example", "outcome": MARKED}, "outcome", ...),
        ("/v1/feedback", [], "body", 1),
        (
            "/v1/feedback",
            {"prediction_id": "example", "outcome": "accept", "occurred_at": "2026-01-01"},
            "occurred_at",
            None,
        ),
        (
            "/v1/feedback",
            {"prediction_id": "example", "outcome": "accept", "occurred_at": "2026-01-01T00:00:00"},
            "occurred_at",
            None,
        ),
        (
            "/v1/feedback",
            {"prediction_id": "example", "outcome": "accept", "occurred_at": "9999-01-01T00:00:00Z"},
            "occurred_at",
            "now",
        ),
    ],
)
def test_a_body_that_breaks_a_rule_is_refused(client: Client, path: str, body: Any, field: str, limit: Any) -> None:
    found = details(client.post(path, body))
    assert set(found) == {field}
    assert limit is ... or found[field] == limit


def test_an_inverted_band_is_refused_as_in_the_tables(client: Client) -> None:
    job = examples.BACKEND | {"min_salary_usd_per_year": 200_000, "max_salary_usd_per_year": 100_000}
    answer = client.post("/v1/match", {"pairs": [{"candidate": examples.ADA, "job": job}]})
    assert answer.status_code == 422
    (detail,) = answer.json()["error"]["details"]
    assert detail["field"] == "pairs[0].job"
    assert detail["problem"] == "min_salary_usd_per_year must not be above max_salary_usd_per_year"


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b'"\\ud800"', b"[" * 100_000, MARKED.encode(), b'{"a":1}{"b":2}', b"[[[]]]"]
)
def test_what_is_not_json_is_refused(client: Client, path: str, content: bytes) -> None:
    details(client.post(path, content=content))


def test_ids_that_are_not_stored_are_404(client: Client) -> None:
    pair = {"candidate_id": MARKED, "job": examples.BACKEND}
    assert set(details(client.match(pair), 404)) == {"pairs[0].candidate_id"}
    assert set(details(client.post("/v1/rank/jobs", {"candidate_id": MARKED}), 404)) == {"candidate_id"}


def test_other_content_types_sizes_and_methods_are_refused(client: Client) -> None:
    body = json.dumps({"pairs": [PAIR]})
    details(client.post("/v1/match", content=body, headers={"content-type": "text/plain"}), 415)
    details(client.post("/v1/match", content=body, headers={"content-encoding": "gzip"}), 415)
    details(client.post("/v1/match", content=body, headers={"content-length": str(MAX_BODY_BYTES + 1)}), 413)
    details(client.send("GET", "/v1/match"), 405)
    details(client.send("GET", f"/v2/{MARKED}"), 404)


def test_a_body_without_a_declared_length_is_read_up_to_the_limit_only(client: Client) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 2**20
            yield b" " * 2**20

    details(client.post("/v1/match", content=endless()), 413)
    assert sent <= MAX_BODY_BYTES + 2 * 2**20


def test_a_body_that_does_not_arrive_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "READ_SECONDS", 0.05)

    async def silent() -> Any:
        yield b'{"pairs":'
        await asyncio.sleep(3_600)

    response = client.post("/v1/match", content=silent())
    details(response, 408)
    assert response.headers["connection"] == "close"
    assert client.match(PAIR).status_code == 200


def test_a_caller_who_hangs_up_is_no_failure_of_the_service(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Any] = []
    scope = {
        "type": "http", "method": "POST", "path": "/v1/match", "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }  # fmt: skip

    async def hang_up() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    client.app.state.limiter = None
    asyncio.run(client.app(scope, hang_up, send))
    assert sent[0]["status"] == 400
    assert "failed" not in caplog.text
    assert client.app.state.in_flight == 0


def test_more_requests_than_slots_are_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_IN_FLIGHT", 1)

    async def call() -> list[httpx.Response]:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow() -> Any:
            begun.set()
            await go_on.wait()
            yield json.dumps({"pairs": [PAIR]}).encode()

        headers = {"content-type": "application/json"}
        transport = httpx.ASGITransport(client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as http:
            first = asyncio.create_task(http.post("/v1/match", content=slow()))
            await begun.wait()
            second = await http.post("/v1/match", content=json.dumps({"pairs": [PAIR]}))
            go_on.set()
            return [await first, second, await http.post("/v1/match", content=json.dumps({"pairs": [PAIR]}))]

    client.app.state.limiter = None
    first, second, third = asyncio.run(call())
    assert (first.status_code, third.status_code) == (200, 200)
    details(second, 429)
    assert second.headers["retry-after"] == "1"


def test_an_outcome_cannot_come_before_its_prediction(client: Client) -> None:
    (prediction,) = client.match(PAIR).json()["predictions"]
    outcome = {"prediction_id": prediction["prediction_id"], "outcome": "outreach"}
    for minutes, status in ((6, 422), (4, 200)):
        moment = datetime.now(UTC) - timedelta(minutes=minutes)
        response = client.post("/v1/feedback", outcome | {"occurred_at": moment.isoformat()})
        assert response.status_code == status
        if status == 422:
            assert details(response) == {"occurred_at": "the prediction"}


def test_an_outcome_is_recorded_once_and_never_contradicted(client: Client) -> None:
    (prediction,) = client.match(PAIR).json()["predictions"]
    key = prediction["prediction_id"]
    assert client.post("/v1/feedback", {"prediction_id": key, "outcome": "accept"}).json()["recorded"] == [
        {"prediction_id": key, "outcome": "accept", "is_new": True}
    ]
    again = client.post("/v1/feedback", [{"prediction_id": key, "outcome": one} for one in ("accept", "hire")]).json()
    assert [one["is_new"] for one in again["recorded"]] == [False, True]
    assert details(client.post("/v1/feedback", {"prediction_id": key, "outcome": "decline"}), 409) == {
        "outcome": "accept"
    }
    both = [{"prediction_id": key, "outcome": "interview"}, {"prediction_id": MARKED, "outcome": "accept"}]
    assert set(details(client.post("/v1/feedback", both), 404)) == {"[1].prediction_id"}


def test_feedback_finds_what_is_not_written_yet(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "GATHER_SECONDS", 60)
    client.match(PAIR)  # from here on the writer gathers until it is flushed
    (prediction,) = client.match(PAIR).json()["predictions"]
    assert client.served.log.waiting > 0
    body = {"prediction_id": prediction["prediction_id"], "outcome": "outreach"}
    assert client.post("/v1/feedback", body).json()["recorded"][0]["is_new"]


def test_the_model_is_described(client: Client) -> None:
    answer = client.send("GET", "/v1/model").json()
    assert answer["digest"] == client.served.model.digest
    assert answer["directions"] == ["company", "candidate"]
    assert answer["age_days"] > 100
    assert answer["metrics"] == {"match": {"auc": 0.7, "ndcg": None}}
    assert answer["card"].startswith("# A small model")


def test_a_model_that_returns_no_number_is_an_error_and_logs_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_model: MatchModel, features: Any) -> Scores:
        return Scores(features, None, None, np.full(len(features), np.nan, np.float32))

    monkeypatch.setattr(MatchModel, "score_features", broken)
    client.served.log.flush()
    before = count(client.served.engine)
    response = client.match(changed(headline=MARKED))
    details(response, 500)
    assert response.headers["x-request-id"] in caplog.text
    assert MARKED not in caplog.text
    client.served.log.flush()
    assert count(client.served.engine) == before


def test_an_internal_failure_reveals_nothing_of_the_request(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_model: MatchModel, pairs: Pairs) -> None:
        raise RuntimeError(f"cannot score {pairs.candidates.to_dicts()}")

    monkeypatch.setattr(MatchModel, "score", broken)
    details(client.match(changed(headline=MARKED)), 500)
    assert "RuntimeError at test_app.py:" in caplog.text
    assert MARKED not in caplog.text


def test_without_its_log_nothing_is_answered(bundle: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    unlogged = Client(load(bundle, tmp_path))
    unlogged.served.close()
    response = unlogged.match(changed(headline=MARKED))
    details(response, 503)
    assert response.json()["error"]["code"] == "log_unavailable"
    assert f"request {response.headers['x-request-id']} failed: StorageError at writer.py:" in caplog.text


def test_without_a_model_nothing_is_answered() -> None:
    client = Client(create_app(Path(__file__).parent))
    for path in POSTS:
        details(client.post(path, {}), 503)
    details(client.send("GET", "/v1/model"), 503)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.just(MARKED),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(examples.ADA)), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["candidate", "job"]), st.data())
def test_any_value_in_any_field_is_answered_or_refused(client: Client, side: str, data: st.DataObject) -> None:
    profile: dict[str, Any] = examples.ADA if side == "candidate" else examples.BACKEND
    field = data.draw(st.sampled_from(sorted(profile)))
    response = client.match(PAIR | {side: profile | {field: data.draw(json_values)}})
    assert response.status_code in (200, 422), response.text
    assert "NaN" not in response.text
    if response.status_code == 422:
        # A band whose ends are in the wrong order is an error of the whole profile, not of one field.
        whole = {f"pairs[0].{side}"} if field in {end for band in BANDS for end in band} else set()
        assert all(name.startswith(f"pairs[0].{side}.{field}") or name in whole for name in details(response))
    else:
        assert math.isfinite(response.json()["predictions"][0]["match_probability"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(POSTS), json_values | st.binary(max_size=50))
@example("/v1/match", {"pairs": [{"candidate": {}, "job": {}}]})
@example("/v1/feedback", {"prediction_id": "a\u0000", "outcome": "accept"})
def test_any_body_is_answered_or_refused(client: Client, path: str, body: Any) -> None:
    response = client.post(path, content=body) if isinstance(body, bytes) else client.post(path, body)
    assert response.status_code == 422, response.text
    assert details(response)
