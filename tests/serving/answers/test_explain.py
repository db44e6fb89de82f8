"""Explanations from the endpoint: parts in numbers and words that add up to the score, and its support."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI

from matching.model import support
from matching.model.manifest import seal
from matching.model.match_model import MatchModel
from serving.contract import examples
from store.predictions import count
from tests.serving.calling import Client, call
from tests.serving.conftest import load

PAIR = {"candidate": examples.ADA, "job": examples.BACKEND}


@pytest.fixture
def app(client: Client) -> FastAPI:
    return client.app


def match(app: FastAPI, *pairs: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(app, "/v1/match", {"pairs": list(pairs)}).json()["predictions"]
    return found


def test_the_parts_add_up_to_what_match_answers(app: FastAPI) -> None:
    (prediction,) = match(app, PAIR)
    answer = call(app, "/v1/explain", PAIR).json()
    assert [one["target"] for one in answer["scores"]] == ["company", "candidate", "match"]
    for one in answer["scores"]:
        p = prediction[f"{one['target']}_probability"]
        assert one["probability"] == pytest.approx(p, abs=1e-6)
        on_scale = math.log(p) if one["target"] == "match" else math.log(p / (1 - p))
        parts = [reason["contribution"] for reason in one["contributions"]]
        assert one["score"] == pytest.approx(on_scale, abs=1e-5)
        assert one["base"] + sum(parts) == pytest.approx(on_scale, abs=1e-5)
        assert [abs(part) for part in parts] == sorted(map(abs, parts), reverse=True)
        assert any(part != 0 for part in parts)
    words = {one["group"]: one["for_candidate"] for one in answer["scores"][2]["contributions"]}
    assert words["skills"] == "You list 2 of the 2 required skills and 1 of the 1 nice-to-have skill."
    assert words["place"] == "The job is in your city. The job is hybrid, which is what you want."


def test_an_earlier_prediction_is_explained_from_the_log(app: FastAPI) -> None:
    (prediction,) = match(app, PAIR)
    app.state.served.log.flush()
    before = count(app.state.served.engine)
    fresh = call(app, "/v1/explain", PAIR).json()
    logged = call(app, "/v1/explain", {"prediction_id": prediction["prediction_id"]}).json()
    assert logged["prediction_id"] == prediction["prediction_id"]
    assert (logged["scores"], logged["job_id"]) == (fresh["scores"], examples.BACKEND["job_id"])
    app.state.served.log.flush()
    assert count(app.state.served.engine) == before, "an explanation is not logged"


def test_a_broken_limit_is_reported_beside_the_score(app: FastAPI) -> None:
    demanding = PAIR | {"candidate": examples.ADA | {"min_salary_usd_per_year": 180_000}}
    answer = call(app, "/v1/explain", demanding).json()
    assert [one["limit"] for one in answer["broken_limits"]] == ["salary_floor"]
    assert "180" not in json.dumps(answer["broken_limits"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"prediction_id": "nobody"}, 404),
        ({"candidate_id": "nobody", "job": examples.BACKEND}, 404),
        ({"candidate": examples.ADA}, 422),
        ({"prediction_id": "example"} | PAIR, 422),
        ({}, 422),
    ],
)
def test_what_cannot_be_explained_is_refused(app: FastAPI, body: Any, status: int) -> None:
    answer = call(app, "/v1/explain", body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def interval(bundle: Path, prediction: dict[str, Any]) -> tuple[float, float] | None:
    """The interval of a match probability if no feature is missing."""
    complete = np.zeros(len(MatchModel.load(bundle).feature_names), dtype=np.float32)
    return support.read(bundle)["match"].interval(prediction["match_probability"], complete)


def test_every_prediction_has_its_interval_and_support(app: FastAPI, bundle: Path) -> None:
    strong = {"candidate": examples.ADA, "job": examples.BACKEND | {"job_id": "other"}}
    (prediction,) = match(app, strong)
    ranked = call(app, "/v1/rank/jobs", {"candidate": examples.ADA, "jobs": [strong["job"]]}).json()["results"][0]
    assert ranked["interval"] == prediction["interval"]
    assert prediction["support"] == "enough data"
    low, high = prediction["interval"]
    assert 0 < low < high < 1
    assert interval(bundle, prediction) == (low, high)
    explained = {one["target"]: one for one in call(app, "/v1/explain", strong).json()["scores"]}
    assert explained["match"]["interval"] == pytest.approx([low, high])
    assert explained["company"]["support"] == "enough data"


def test_a_pair_of_almost_empty_profiles_has_no_interval(app: FastAPI, bundle: Path) -> None:
    job = {"job_id": "j1", "title": "Engineer", "must_have_skills": []}
    almost_empty = {"candidate": {"candidate_id": "c1", "headline": "Engineer", "skills": []}, "job": job}
    (prediction,) = match(app, almost_empty)
    assert interval(bundle, prediction) is not None, "many pairs have such a score"
    assert (prediction["interval"], prediction["support"]) == (None, "not enough data")
    explained = call(app, "/v1/explain", almost_empty).json()["scores"]
    assert {one["support"] for one in explained} == {"not enough data"}


def test_a_bundle_without_background_and_support_answers_but_does_not_explain(bundle: Path, tmp_path: Path) -> None:
    bare = tmp_path / "release" / "bundle"
    left_out = shutil.ignore_patterns("manifest.json", "background.json", "support.json")
    shutil.copytree(bundle, bare, ignore=left_out)
    seal(bare, {"source": "marketplace"})
    app = load(bare, tmp_path)
    (prediction,) = match(app, PAIR)
    assert (prediction["interval"], prediction["support"]) == (None, "not enough data")
    refused = call(app, "/v1/explain", PAIR)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_explained")
    app.state.served.close()


def test_a_prediction_of_another_model_is_not_explained_by_this_one(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    (prediction,) = match(app, PAIR)
    monkeypatch.setattr(app.state.served.model, "digest", "another")
    refused = call(app, "/v1/explain", {"prediction_id": prediction["prediction_id"]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "other_model")
