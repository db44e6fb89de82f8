"""Hard limits at the endpoint: what breaks one is not ranked unless it is relaxed. Scores stay unchanged."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from matching.rules.hard_limits import SENTENCES, HardLimit
from serving.contract import examples
from store.limit_counts import LimitCount, count_limits
from tests.serving.calling import call
from tests.serving.conftest import load

DEMANDING = examples.ADA | {"min_salary_usd_per_year": 180_000, "block_words": ["casino"]}
CASINO = examples.BACKEND | {"job_id": "casino", "description": "A casino's APIs.", "max_salary_usd_per_year": 190_000}
RICH = examples.BACKEND | {"job_id": "rich", "max_salary_usd_per_year": 190_000}


@pytest.fixture
def app(bundle: Path, tmp_path: Path, stored: tuple[Any, Any]) -> Iterator[FastAPI]:
    app = load(bundle, tmp_path, stored)
    yield app
    app.state.served.close()


def counted(app: FastAPI) -> dict[str, LimitCount]:
    app.state.served.log.flush()
    return count_limits(app.state.served.engine, model_name="tandem-small")


def test_a_scored_pair_keeps_its_probability_and_says_what_it_breaks(app: FastAPI) -> None:
    pairs = [
        {"candidate": one, "job": examples.BACKEND} for one in (DEMANDING | {"candidate_id": "demanding"}, examples.ADA)
    ]
    demanding, plain = call(app, "/v1/match", {"pairs": pairs}).json()["predictions"]
    assert demanding["broken_limits"] == [{"limit": "salary_floor", "sentence": SENTENCES[HardLimit.SALARY_FLOOR]}]
    assert plain["broken_limits"] == []
    assert demanding["match_probability"] == plain["match_probability"]
    assert counted(app) == {"salary_floor": LimitCount(scored=1)}


def test_a_ranking_leaves_out_what_breaks_a_limit_and_counts_it(app: FastAPI) -> None:
    jobs = [examples.BACKEND, CASINO, RICH]
    answer = call(app, "/v1/rank/jobs", {"candidate": DEMANDING, "jobs": jobs}).json()
    assert [one["job_id"] for one in answer["results"]] == ["rich"]
    assert (answer["ranked_from"], answer["excluded"]) == (1, {"salary_floor": 1, "candidate_block_words": 1})
    assert answer["results"][0]["relaxed"] == []
    relaxed = call(app, "/v1/rank/jobs", {"candidate": DEMANDING, "jobs": jobs, "relax": ["salary_floor"]}).json()
    found = {one["job_id"]: one["relaxed"] for one in relaxed["results"]}
    assert found == {"rich": [], "example-job-1": ["salary_floor"]}
    assert relaxed["excluded"] == {"candidate_block_words": 1}
    free = call(
        app, "/v1/rank/jobs", {"candidate": DEMANDING, "jobs": jobs, "relax": [str(one) for one in HardLimit]}
    ).json()
    assert (free["ranked_from"], free["excluded"]) == (3, {})
    assert counted(app) == {
        "salary_floor": LimitCount(excluded=1, relaxed=2),
        "candidate_block_words": LimitCount(excluded=2, relaxed=1),
    }


def test_relaxing_everything_ranks_as_if_there_were_no_limits(app: FastAPI) -> None:
    jobs = [examples.BACKEND, CASINO, RICH, examples.FRONTEND]
    relax = {"relax": [str(one) for one in HardLimit]}
    strict = call(app, "/v1/rank/jobs", {"candidate": DEMANDING, "jobs": jobs} | relax).json()["results"]
    plain = call(app, "/v1/rank/jobs", {"candidate": examples.ADA, "jobs": jobs}).json()["results"]
    assert [(one["job_id"], one["match_probability"]) for one in strict] == [
        (one["job_id"], one["match_probability"]) for one in plain
    ]


def test_a_job_rules_out_stored_candidates(app: FastAPI, stored: tuple[Any, Any]) -> None:
    people = stored[0].to_dicts()
    python = {one["candidate_id"] for one in people if any(skill["name"] == "Python" for skill in one["skills"])}
    answer = call(
        app, "/v1/rank/candidates", {"job": examples.BACKEND | {"block_words": ["python"]}, "limit": 100}
    ).json()
    assert answer["excluded"] == {"job_block_words": len(python)}
    assert {one["candidate_id"] for one in answer["results"]} == {one["candidate_id"] for one in people} - python


def test_a_ranking_may_be_empty_and_is_still_counted(app: FastAPI) -> None:
    answer = call(app, "/v1/rank/jobs", {"candidate": DEMANDING, "jobs": [examples.BACKEND]})
    assert answer.status_code == 200
    assert (answer.json()["results"], answer.json()["ranked_from"]) == ([], 0)
    call(app, "/v1/match", {"pairs": [{"candidate": examples.ADA, "job": examples.BACKEND}]})
    assert counted(app) == {"salary_floor": LimitCount(excluded=1)}


@pytest.mark.parametrize("relax", [["everything"], "salary_floor", [1], ["salary_floor"] * 6])
def test_only_hard_limits_can_be_relaxed(app: FastAPI, relax: Any) -> None:
    answer = call(app, "/v1/rank/jobs", {"candidate": DEMANDING, "jobs": [RICH], "relax": relax})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["field"].startswith("relax")


def test_a_job_that_rules_out_a_protected_group_is_refused(app: FastAPI) -> None:
    pair = {"candidate": examples.ADA, "job": examples.BACKEND | {"block_words": ["Women"]}}
    answer = call(app, "/v1/match", {"pairs": [pair]})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"] == [
        {"field": "pairs[0].job", "problem": "block_words must not name a protected group", "limit": None}
    ]


def test_a_plan_keeps_the_limits_too(app: FastAPI) -> None:
    body = {"jobs": [examples.BACKEND, CASINO, RICH], "candidates": [DEMANDING], "limit": 5}
    answer = call(app, "/v1/plan/outreach", body).json()
    assert {one["job_id"]: len(one["results"]) for one in answer["jobs"]} == {
        "example-job-1": 0,
        "casino": 0,
        "rich": 1,
    }
    assert [one["excluded"] for one in answer["jobs"]] == [{"salary_floor": 1}, {"candidate_block_words": 1}, {}]
    assert counted(app) == {"salary_floor": LimitCount(excluded=1), "candidate_block_words": LimitCount(excluded=1)}
