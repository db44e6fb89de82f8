"""Outreach plans from the real endpoint: candidates are shared, sizes are bounded, lists are logged as rankings."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from matching.data.scores import Scores
from matching.market import policies
from matching.model.match_model import MatchModel
from serving.answers import plan
from serving.contract import examples, requests
from store.predictions import count
from tests.serving.calling import MARKED, Client, details

PLAN = "/v1/plan/outreach"


def profiles(table: Any, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.drop("updated_at").head(number).to_dicts()
    return found


def lists(answer: dict[str, Any]) -> dict[str, list[str]]:
    return {job["job_id"]: [one["candidate_id"] for one in job["results"]] for job in answer["jobs"]}


@pytest.mark.parametrize("method", ["caps", "transferable_utility"])
def test_stored_jobs_share_all_stored_candidates_as_the_policy_says(
    client: Client, stored: tuple[Any, Any], method: policies.Method
) -> None:
    candidates, jobs = stored[0].sort("candidate_id"), stored[1].sort("job_id")
    job_ids = jobs["job_id"].to_list()[:6]
    body = {"job_ids": job_ids, "limit": 4, "max_exposure": 2, "method": method}
    answer = client.post(PLAN, body).json()
    pairs = [{"candidate_id": one, "job_id": job} for job in job_ids for one in candidates["candidate_id"]]
    scores = [one["match_probability"] for one in client.match(*pairs).json()["predictions"]]
    matrix = np.array(scores).reshape(6, -1)
    expected = policies.policy(method, 2)(matrix, 4)
    assert list(lists(answer)) == job_ids
    for job, row in zip(lists(answer).values(), expected, strict=True):
        assert job == [candidates["candidate_id"][int(one)] for one in row]
    assert answer["ranked_from"] == candidates.height
    for planned, scored in zip(answer["jobs"], matrix, strict=True):
        assert [one["position"] for one in planned["results"]] == [1, 2, 3, 4]
        assert {one["match_probability"] for one in planned["results"]} <= set(scored.tolist())


def test_no_candidate_is_on_more_lists_than_the_cap(client: Client, stored: tuple[Any, Any]) -> None:
    jobs = stored[1]["job_id"].to_list()

    def most(max_exposure: int) -> int:
        answer = client.post(PLAN, {"job_ids": jobs, "limit": 5, "max_exposure": max_exposure}).json()
        return max(Counter(one for row in lists(answer).values() for one in row).values())

    assert most(1) == 1
    assert most(2) == 2
    assert most(12) > 2, "without a cap the same candidates are on many lists"


def test_sent_profiles_are_planned_like_stored_ones(client: Client, stored: tuple[Any, Any]) -> None:
    candidates, jobs = profiles(stored[0], 9), profiles(stored[1], 3)
    sent = client.post(PLAN, {"jobs": jobs, "candidates": candidates, "limit": 3}).json()
    by_id = client.post(
        PLAN,
        {
            "job_ids": [one["job_id"] for one in jobs],
            "candidate_ids": [one["candidate_id"] for one in candidates],
            "limit": 3,
        },
    ).json()
    assert lists(sent) == lists(by_id)
    assert sent["ranked_from"] == by_id["ranked_from"] == 9


def test_a_plan_is_logged_as_a_ranking_of_each_job(client: Client, stored: tuple[Any, Any]) -> None:
    client.served.log.flush()
    before = count(client.served.engine)
    body = {"jobs": profiles(stored[1], 4), "candidates": profiles(stored[0], 20), "limit": 5, "max_exposure": 1}
    answer = client.post(PLAN, body).json()
    client.served.log.flush()
    assert count(client.served.engine) - before == 20
    ids = [one["prediction_id"] for job in answer["jobs"] for one in job["results"]]
    assert len(set(ids)) == 20
    recorded = client.post("/v1/feedback", [{"prediction_id": one, "outcome": "outreach"} for one in ids])
    assert recorded.status_code == 200
    with client.served.engine.connect() as connection:
        query = "SELECT job_id, position, ranked_from FROM predictions WHERE request_id = ?"
        rows = connection.exec_driver_sql(query, (answer["request_id"],)).all()
    jobs = {job["job_id"] for job in answer["jobs"]}
    assert {tuple(row) for row in rows} == {(job, place, 20) for job in jobs for place in range(1, 6)}


def test_a_list_is_empty_if_the_caps_leave_no_candidate(client: Client) -> None:
    body = {"jobs": [examples.BACKEND, examples.FRONTEND], "candidates": [examples.ADA], "max_exposure": 1}
    answer = client.post(PLAN, body).json()
    assert sorted(map(len, lists(answer).values())) == [0, 1]


BOTH = {"jobs": [examples.BACKEND], "job_ids": ["x"]}


@pytest.mark.parametrize(
    ("body", "field", "limit"),
    [
        ({}, "body", None),
        (BOTH, "body", None),
        ({"jobs": [examples.BACKEND], "candidates": [examples.ADA], "candidate_ids": ["x"]}, "body", None),
        ({"jobs": []}, "jobs", 1),
        ({"job_ids": [f"j{n}" for n in range(101)]}, "job_ids", 100),
        ({"jobs": [examples.BACKEND], "limit": 101}, "limit", 100),
        ({"jobs": [examples.BACKEND], "max_exposure": 0}, "max_exposure", 1),
        ({"jobs": [examples.BACKEND], "method": MARKED}, "method", "'caps' or 'transferable_utility'"),
        ({"jobs": [examples.BACKEND, examples.BACKEND]}, "jobs[1].job_id", "different ids"),
        (
            {"jobs": [examples.BACKEND], "candidates": [examples.ADA, examples.ADA]},
            "candidates[1].candidate_id",
            "different ids",
        ),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refused(client: Client, body: Any, field: str, limit: Any) -> None:
    assert details(client.post(PLAN, body)) == {field: limit}


def test_repeated_and_unknown_ids_are_refused(client: Client, stored: tuple[Any, Any]) -> None:
    job, candidate = stored[1]["job_id"][0], stored[0]["candidate_id"][0]
    assert details(client.post(PLAN, {"job_ids": [job, job]})) == {"job_ids[1]": "different ids"}
    twice = {"job_ids": [job], "candidate_ids": [candidate, candidate]}
    assert details(client.post(PLAN, twice)) == {"candidate_ids[1]": "different ids"}
    assert set(details(client.post(PLAN, {"job_ids": [job, MARKED]}), 404)) == {"job_ids[1]"}
    unknown = {"job_ids": [job], "candidate_ids": [MARKED]}
    assert set(details(client.post(PLAN, unknown), 404)) == {"candidate_ids[0]"}


def test_too_many_pairs_are_refused_before_any_is_scored(
    client: Client, stored: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> Scores:
        raise AssertionError("scored")

    limit = 2 * stored[0].height
    monkeypatch.setattr(plan, "MAX_PLANNED_PAIRS", limit)
    jobs = stored[1]["job_id"].to_list()[:3]
    assert client.post(PLAN, {"job_ids": jobs[:2]}).status_code == 200
    monkeypatch.setattr(MatchModel, "score_encoded", never)
    response = client.post(PLAN, {"job_ids": jobs})
    assert details(response) == {"jobs": limit}
    assert "send at most 2 jobs" in response.text
    assert requests.MAX_PLANNED_PAIRS >= 100 * 1_000, "the largest request can be planned"


def test_a_model_that_returns_no_number_plans_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_model: MatchModel, features: Any) -> Scores:
        return Scores(features, None, None, np.full(len(features), np.nan, np.float32))

    monkeypatch.setattr(MatchModel, "score_features", broken)
    body = {"jobs": [examples.BACKEND], "candidates": [examples.ADA, examples.LIN]}
    assert client.post(PLAN, body).json()["error"]["code"] == "model_failure"
