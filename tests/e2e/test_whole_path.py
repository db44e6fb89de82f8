"""The complete path, once and in order, by the real commands: each test continues where the one before it ended."""

import shutil
import socket
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from matching.model.match_model import MatchModel
from serving.contract import examples
from serving.release import deployment
from serving.release.state import Deployment
from store import database, predictions
from store.replay import replay
from tandem.processes import listens
from tests.e2e.conftest import DRIFT, QUIET, Window
from tests.e2e.house import House

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PAIR = examples.MATCH["one_pair"]["value"]
MODEL, OWN = "tandem-marketplace", "tandem-tables"
PROBABILITIES = ("company_probability", "candidate_probability", "match_probability")


def scores(house: House) -> list[float]:
    """The three probabilities of the documented pair."""
    (prediction,) = house.post("/v1/match", PAIR)["predictions"]
    return [prediction[name] for name in PROBABILITIES]


def in_service(house: House, model_name: str = MODEL) -> Deployment:
    """What is deployed, after checking that it is running and ready."""
    found = deployment.status(house.settings, model_name)
    assert found.ready
    assert found.deployment is not None
    return found.deployment


@pytest.fixture(scope="module")
def answered() -> dict[str, list[float]]:
    """Probabilities of the documented pair by version, recorded along the way."""
    return {}


def test_before_any_training_the_first_step_is_named(tmp_path: Path) -> None:
    empty = House(tmp_path / "empty")
    assert empty.refused("deploy") == "no champion for source marketplace yet: run `make train`"
    assert empty.status() == {
        "champion": f"none of {MODEL}: run `make train`",
        "service": "not deployed: run `make deploy`",
        "log": "empty",
        "last verdict": "-",
        "mlflow": "not running: run `make dashboards`",
        "evidently": "not running: run `make dashboards`",
    }
    assert not listens("127.0.0.1", empty.port)


def test_train_makes_the_first_champion(trained: str) -> None:
    for ranker in ("popularity", "rules", "TF-IDF", "model", "best achievable", "truth"):
        assert trained.count(f"  {ranker} ") == 3, f"{ranker}: one line per direction and one for the match"
    assert trained.endswith(f"{MODEL} version 1 is champion now\n")


def test_deploy_answers_as_documented(house: House, deployed: str, answered: dict[str, list[float]]) -> None:
    assert deployed.splitlines()[-1] == f"{house.address}  {MODEL} version 1, try it there"
    answer = house.post("/v1/match", PAIR)
    assert (answer["model_name"], answer["model_version"]) == (MODEL, "1")
    answered["1"] = scores(house)
    assert all(0 < probability < 1 for probability in answered["1"])
    model = house.get("/v1/model")
    assert (model["model_version"], model["source"], model["directions"]) == (
        "1",
        "marketplace",
        ["company", "candidate"],
    )
    assert in_service(house).model_version == "1"


def test_a_quiet_window_raises_no_alarm(windows: dict[str, Window]) -> None:
    window = windows[QUIET]
    assert "window 0, scenario none: 2,000 pairs" in window.traffic
    assert (window.monitor.returncode, window.monitor.stderr) == (0, "")
    assert f"\nquiet: {MODEL} version 1\n" in window.monitor.stdout


def test_a_drifted_window_is_reported_with_its_cause_first(house: House, windows: dict[str, Window]) -> None:
    window = windows[DRIFT]
    assert "window 1, scenario unit-bug: 2,000 pairs" in window.traffic
    assert (window.monitor.returncode, window.monitor.stderr) == (4, ""), "--fail-on-drift"
    report = window.monitor.stdout
    assert f"\ndrift: {MODEL} version 1\n" in report
    assert "  1. data: candidate_expected_salary_usd_per_year: " in report

    assert "looks like another unit (per month)" in report
    status = house.status()
    assert status["last verdict"].startswith("drift: candidate_expected_salary_usd_per_year: ")
    assert status["champion"].startswith(f"{MODEL} version 1, trained ")
    assert status["service"].startswith(f"{MODEL} version 1, ready, since ")
    assert status["rollback to"] == "-"
    assert status["address"] == house.address


@pytest.mark.usefixtures("windows")  # a verdict first: what follows is not traffic
def test_an_outcome_is_recorded_once(house: House) -> None:
    (prediction,) = house.post("/v1/match", PAIR)["predictions"]
    outcome = {"prediction_id": prediction["prediction_id"], "outcome": "outreach"}
    for is_new in (True, False):
        (recorded,) = house.post("/v1/feedback", outcome)["recorded"]
        assert recorded == outcome | {"is_new": is_new}
    contradiction = httpx.post(f"{house.address}/v1/feedback", json=outcome | {"outcome": "no_outreach"})
    assert contradiction.status_code == 409


@pytest.mark.usefixtures("windows")
def test_what_training_stored_can_be_ranked_by_its_id(house: House) -> None:
    jobs = house.post("/v1/rank/jobs", {"candidate": examples.ADA, "limit": 5})
    assert jobs["ranked_from"] == 800
    best: dict[str, Any] = jobs["results"][0]
    candidates = house.post("/v1/rank/candidates", {"job_id": best["job_id"], "limit": 100})
    assert candidates["ranked_from"] == 4_000
    found = [result["match_probability"] for result in candidates["results"]]
    assert found == sorted(found, reverse=True)
    assert [result["position"] for result in candidates["results"]] == list(range(1, 101))
    first = candidates["results"][0]
    named = {"candidate_id": first["candidate_id"], "job_id": best["job_id"]}
    (alone,) = house.post("/v1/match", {"pairs": [named]})["predictions"]
    assert alone["match_probability"] == pytest.approx(first["match_probability"], abs=1e-6)


@pytest.mark.usefixtures("windows")
def test_the_log_holds_the_features_exactly_as_they_were_used(house: House) -> None:
    bundle = in_service(house).bento_path / "src" / "bundle"
    engine = database.connect(house.settings.log_url)
    try:
        assert predictions.count(engine) > 4_000
        assert replay(engine, MatchModel.load(bundle)) == 0.0
    finally:
        engine.dispose()


def test_a_changed_file_is_never_put_into_service(house: House, answered: dict[str, list[float]]) -> None:
    service = in_service(house)
    (model,) = (house.home / "mlflow" / "artifacts").rglob("match.onnx")
    untouched = model.read_bytes()
    middle = len(untouched) // 2
    model.write_bytes(untouched[:middle] + bytes([untouched[middle] ^ 1]) + untouched[middle + 1 :])
    try:
        line = house.refused("deploy")
    finally:
        model.write_bytes(untouched)
    assert "match.onnx" in line
    assert "changed" in line
    assert (scores(house), in_service(house)) == (answered["1"], service)


def test_a_busy_port_is_one_line_and_the_service_stays(house: House, answered: dict[str, list[float]]) -> None:
    service = in_service(house)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert house.refused("deploy", "--port", str(port)).startswith(f"port {port} is held by ")
    assert (scores(house), in_service(house)) == (answered["1"], service)


@pytest.fixture(scope="module")
def exports(house: House, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A user's own tables, twice: a poor first export without wishes and salaries, and the complete one.

    The gate's verdict does not depend on the seed: the second model knows what candidates want.
    """
    poor, whole = (tmp_path_factory.mktemp("exports") / name for name in ("poor", "whole"))
    house.done(*f"simulate --out {whole} --candidates 2000 --jobs 400 --impressions 50000".split())
    shutil.copytree(whole, poor)
    candidates = pl.read_parquet(poor / "candidates.parquet")
    nothing = {name: pl.lit([], dtype=candidates.schema[name]) for name in ("wish_roles", "wish_stack")}
    salary = pl.lit(None, dtype=candidates.schema["expected_salary_usd_per_year"])
    candidates.with_columns(**nothing, expected_salary_usd_per_year=salary, resume=pl.lit("")).write_parquet(
        poor / "candidates.parquet"
    )
    return poor, whole


def test_a_model_of_the_users_own_tables_takes_over_the_service(
    house: House, exports: tuple[Path, Path], answered: dict[str, list[float]]
) -> None:
    printed = house.done("train", "--source", "tables", "--data", str(exports[0]))
    assert printed.endswith(f"{OWN} version 1 is champion now\n")
    service = in_service(house)
    assert service.model_name == MODEL, "a training does not touch the service"
    line = house.refused("deploy", "--source", "tables")
    assert f"port {house.port} is held by {MODEL} version {service.model_version}" in line
    assert line.endswith("or stop that service with `tandem stop --source marketplace`")
    assert in_service(house) == service
    assert house.done("stop", "--source", "marketplace") == f"stopped: service of {MODEL}\n"
    house.done("deploy", "--source", "tables")
    assert house.get("/v1/model")["model_name"] == OWN
    answered["own 1"] = scores(house)


def test_a_better_training_is_promoted_and_does_not_touch_the_service(
    house: House, exports: tuple[Path, Path], answered: dict[str, list[float]]
) -> None:
    service = in_service(house, OWN)
    printed = house.done("train", "--source", "tables", "--data", str(exports[1]))
    assert printed.endswith(f"{OWN} version 2 is champion now\n")
    assert (scores(house), in_service(house, OWN)) == (answered["own 1"], service)


def test_deploy_replaces_the_version_in_service(house: House, answered: dict[str, list[float]]) -> None:
    house.done("deploy", "--source", "tables")
    assert house.get("/v1/model")["model_version"] == "2"
    assert scores(house) != answered["own 1"]


def test_rollback_brings_back_the_first_version_and_its_alias(house: House, answered: dict[str, list[float]]) -> None:
    assert house.done("rollback", "--source", "tables").endswith(f"{house.address}  {OWN} version 1\n")
    assert house.post("/v1/match", PAIR)["model_version"] == "1"
    assert scores(house) == answered["own 1"]
    status = house.status("--source", "tables")
    assert status["champion"].startswith(f"{OWN} version 1, ")
    assert status["service"].startswith(f"{OWN} version 1, ready")
    line = house.refused("rollback", "--source", "tables")
    assert line == f"version 1 of {OWN} is its first champion: there is nothing to roll back to"
    assert scores(house) == answered["own 1"]


def test_stop_leaves_nothing_behind(house: House) -> None:
    assert house.done("stop").startswith("stopped: service")
    assert not any(listens("127.0.0.1", port) for port in (house.port, house.mlflow_port, house.evidently_port))
    assert deployment.statuses(house.settings) == []
    line = house.refused("traffic", "--pairs", "10")
    assert line.startswith(f"no service answers at {house.address}: run `make deploy` first")
