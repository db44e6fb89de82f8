"""Advice from the endpoint: against stored or sent profiles, bounded, and never logged."""

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from matching.advice.gains import Spread, Spreads
from matching.advice.salary import training
from matching.advice.salary.inputs import candidate_inputs
from matching.data.tables import Candidate, frame
from matching.model.manifest import seal
from serving.contract import examples
from store.predictions import count
from tests.serving.calling import Client, details
from tests.serving.conftest import candidate_rows, load

QUICK = training.SalarySettings(max_iter=20, max_leaf_nodes=(6,))


@pytest.fixture(scope="module")
def salaried(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """An application without stored profiles, whose bundle has a salary model and its own spreads."""
    home = tmp_path_factory.mktemp("salaried")
    folder = home / "bundle"
    shutil.copytree(bundle, folder, ignore=shutil.ignore_patterns("manifest.json"))
    shutil.copy(bundle.parent / "release.json", home)
    moment = pl.lit("2026-01-01").str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    blank = {"updated_at": None}
    people = frame(Candidate, [row | blank for row in candidate_rows(400, seed=9)]).with_columns(updated_at=moment)
    fitted = training.fit_candidates(people, seed=1, settings=QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        training.write(fitted, folder, check=fitted.encoder.transform(candidate_inputs(people)))
    Spreads({"candidate salary": Spread(1.0, 5.0)}, "truth").write(folder)
    seal(folder, {"source": "marketplace"})
    client = Client(load(folder, home))
    yield client
    client.served.close()


def test_a_candidate_is_advised_against_the_stored_jobs(client: Client, stored: tuple[Any, Any]) -> None:
    answer = client.post("/v1/advise/candidate", {"candidate_id": stored[0]["candidate_id"][1], "limit": 20}).json()
    assert answer["pool_size"] == answer["pool_total"] == stored[1].height
    assert answer["interval_basis"] == "simulator"
    assert answer["salary"] is None
    assert 1 <= len(answer["changes"]) <= 20
    gains = [change["gain"]["matches"] for change in answer["changes"]]
    assert gains == sorted(gains, reverse=True)
    assert all(
        change["gain"]["low"] < change["gain"]["matches"] < change["gain"]["high"] for change in answer["changes"]
    )
    assert f"among {stored[1].height} open jobs" in answer["changes"][0]["words"]
    assert answer["now"]["low"] <= answer["now"]["matches"] <= answer["now"]["high"]


def test_a_job_is_advised_against_the_stored_candidates(client: Client, stored: tuple[Any, Any]) -> None:
    answer = client.post("/v1/advise/job", {"job": examples.BACKEND, "limit": 2}).json()
    assert answer["pool_size"] == stored[0].height
    assert len(answer["changes"]) == 2
    assert "salary" not in answer


def test_stored_and_sent_profiles_get_the_same_advice(client: Client, stored: tuple[Any, Any]) -> None:
    candidate, jobs = stored[0].drop("updated_at").to_dicts()[1], stored[1].drop("updated_at").to_dicts()
    by_id = client.post("/v1/advise/candidate", {"candidate_id": candidate["candidate_id"]}).json()
    sent = client.post("/v1/advise/candidate", {"candidate": candidate, "jobs": jobs}).json()
    assert sent["changes"] == by_id["changes"]


@pytest.mark.parametrize("path", ["/v1/advise/candidate", "/v1/advise/job"])
def test_advice_leaves_no_row_in_the_log(client: Client, path: str) -> None:
    """A changed profile belongs to nobody: in the log it would pass for traffic."""
    client.served.log.flush()
    before = count(client.served.engine)
    side = {"candidate": examples.ADA} if path.endswith("candidate") else {"job": examples.BACKEND}
    assert client.post(path, side).status_code == 200
    client.served.log.flush()
    assert count(client.served.engine) == before


@pytest.mark.parametrize(
    ("path", "body", "field", "limit"),
    [
        ("candidate", {}, "body", None),
        ("candidate", {"candidate": examples.ADA, "candidate_id": "x"}, "body", None),
        ("candidate", {"candidate": examples.ADA, "limit": 21}, "limit", 20),
        ("candidate", {"candidate": examples.ADA, "jobs": []}, "jobs", 1),
        ("candidate", {"candidate": examples.ADA, "jobs": [examples.FRONTEND] * 1_001}, "jobs", 1_000),
        ("job", {"job": examples.BACKEND, "candidates": [examples.ADA] * 2}, "candidates[1].candidate_id", None),
        ("job", {"job": examples.BACKEND, "limit": 0}, "limit", 1),
    ],
)
def test_an_invalid_request_is_refused_with_its_field(
    client: Client, path: str, body: Any, field: str, limit: Any
) -> None:
    found = details(client.post(f"/v1/advise/{path}", body))
    assert field in found
    assert limit is None or found[field] == limit


@pytest.mark.parametrize("side", ["candidate", "job"])
def test_a_profile_that_is_not_stored_is_refused(client: Client, side: str) -> None:
    assert set(details(client.post(f"/v1/advise/{side}", {f"{side}_id": "nobody"}), 404)) == {f"{side}_id"}


def test_a_salary_model_gives_the_percentile_of_the_expected_salary(salaried: Client) -> None:
    jobs = {"jobs": [examples.BACKEND]}
    high, low, absent = (
        salaried.post(
            "/v1/advise/candidate", jobs | {"candidate": examples.ADA | {"expected_salary_usd_per_year": pay}}
        ).json()["salary"]
        for pay in (195_000, 65_000, None)
    )
    assert high["standing"] > 0.75
    assert low["standing"] < 0.25
    assert absent["standing"] is None
    quartiles = [absent[f"{name}_usd_per_year"] for name in ("lower_quartile", "median", "upper_quartile")]
    assert quartiles == sorted(quartiles)


def test_the_spreads_of_the_bundle_are_used(salaried: Client) -> None:
    body = {"candidate": examples.ADA, "jobs": [examples.BACKEND]}
    answer = salaried.post("/v1/advise/candidate", body).json()
    assert answer["interval_basis"] == "truth"
    assert answer["changes"][0]["kind"] == "salary", "the spreads of this bundle favour it"


def test_nothing_stored_and_nothing_sent_is_refused(salaried: Client) -> None:
    refused = salaried.post("/v1/advise/candidate", {"candidate": examples.ADA})
    assert refused.status_code == 404
    assert refused.json()["error"]["code"] == "nothing_stored"
