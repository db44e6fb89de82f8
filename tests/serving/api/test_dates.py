"""Dates in profiles: what the endpoint accepts and refuses, and that a stored profile keeps them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from matching.data.tables import Job, JobProfile, frame
from matching.model import GOLDEN_REQUESTS, golden_requests
from matching.model.match_model import MatchModel
from serving.answers.request_profiles import RequestProfiles
from serving.contract import examples
from serving.pool import StoredPool
from serving.sides import JOB
from store.profiles import StoredProfiles
from tests.serving.calling import Client, call

POSTED = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def app(client: Client) -> FastAPI:
    return client.app


def pair(posted_at: Any, last_active_at: Any = "2026-03-05T09:00:00Z") -> dict[str, Any]:
    return {
        "candidate": examples.ADA | {"last_active_at": last_active_at},
        "job": examples.BACKEND | {"posted_at": posted_at},
    }


@pytest.mark.parametrize(
    "posted_at", ["2026-03-01T09:00:00Z", "2026-03-01T09:00:00", "2026-03-01T11:00:00+02:00", "2026-03-01", None]
)
def test_dates_are_accepted_and_explained(app: FastAPI, posted_at: str | None) -> None:
    assert call(app, "/v1/match", {"pairs": [pair(posted_at)]}).status_code == httpx.codes.OK
    (match,) = (one for one in call(app, "/v1/explain", pair(posted_at)).json()["scores"] if one["target"] == "match")
    (freshness,) = (one for one in match["contributions"] if one["group"] == "freshness")
    assert ("4 days" in freshness["for_candidate"]) == (posted_at is not None)
    assert "4 days" not in freshness["for_company"]


@pytest.mark.parametrize(
    "posted_at",
    [
        "yesterday",
        "1700000000",
        1_700_000_000,
        "",
        True,
        [],
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-01:00",
        "2200-01-01",
        "1969-12-31",
    ],
)
def test_an_invalid_date_is_refused_with_its_field(app: FastAPI, posted_at: Any) -> None:
    answer = call(app, "/v1/match", {"pairs": [pair(posted_at)]})
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert "posted_at" in answer.text
    assert "yesterday" not in answer.text, "what a caller sends is never repeated"


def test_a_stored_profile_keeps_its_date(app: FastAPI) -> None:
    sent = JobProfile(job_id="j", title="x", posted_at=POSTED)
    table, model = frame(JobProfile, [sent.model_dump()]), app.state.served.model
    stored = StoredPool(JOB, model, StoredProfiles(table, [sent.model_dump_json()], {"j": 0}))
    jobs = RequestProfiles(JOB, model, stored)
    jobs.add(None, "j", "job")
    assert jobs.table().equals(table)
    assert jobs.profile(0) == sent


def test_golden_requests_of_dated_jobs_are_answered_as_in_training(app: FastAPI, bundle: Path, tmp_path: Path) -> None:
    jobs = frame(Job, [{**examples.BACKEND, "posted_at": POSTED, "updated_at": POSTED}])
    golden_requests.write(MatchModel.load(bundle), jobs, tmp_path, seed=1)
    for golden in json.loads((tmp_path / GOLDEN_REQUESTS).read_text())["cases"]:
        answer = call(app, "/v1/match", {"pairs": [{"candidate": golden["candidate"], "job": golden["job"]}]})
        expected = pytest.approx(golden["scores"]["match"], abs=1e-6)
        assert answer.json()["predictions"][0]["match_probability"] == expected
