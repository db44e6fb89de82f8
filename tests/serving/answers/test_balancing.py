"""A balanced ranking re-orders one answer by the caller's own groups, which appear in no log and no refusal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.answers.balancing import balanced
from serving.contract import examples
from serving.contract.errors import ApiError
from serving.contract.requests import MAX_GROUPS, Balance
from store.predictions import count
from tests.serving.calling import MARKED, Client, details
from tests.serving.conftest import load

RANK = "/v1/rank/candidates"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("balanced")


@pytest.fixture(scope="module")
def client(bundle: Path, home: Path, stored: tuple[Any, Any]) -> Iterator[Client]:
    client = Client(load(bundle, home, stored))
    yield client
    client.served.close()


def ranked(client: Client, path: str = RANK, **more: Any) -> dict[str, Any]:
    one = {RANK: {"job": examples.BACKEND}, "/v1/rank/jobs": {"candidate": examples.ADA}}[path]
    response = client.post(path, one | {"limit": 12} | more)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def by_halves(client: Client, path: str = RANK, key: str = "candidate_id") -> dict[str, str]:
    """Of the best twelve, the first six are in group a, the others in group b."""
    best = [one[key] for one in ranked(client, path)["results"]]
    return {name: "a" if place < 6 else "b" for place, name in enumerate(best)}


@pytest.mark.parametrize("method", ["det_greedy", "det_cons", "det_const_sort"])
@pytest.mark.parametrize(("path", "key"), [(RANK, "candidate_id"), ("/v1/rank/jobs", "job_id")])
def test_groups_take_turns_and_scores_stay(client: Client, method: str, path: str, key: str) -> None:
    plain = ranked(client, path)
    groups = by_halves(client, path, key)
    targets = {"a": 0.5, "b": 0.5, "unknown": 0.0}
    answer = ranked(client, path, limit=10, balance={"method": method, "groups": groups, "targets": targets})
    assert plain["balanced_by"] is None
    assert answer["balanced_by"] == method
    assert [one["position"] for one in answer["results"]] == list(range(1, 11))
    assert [groups[one[key]] for one in answer["results"]] == ["a", "b"] * 5
    scores = {one[key]: one["match_probability"] for one in plain["results"]}
    assert all(one["match_probability"] == scores[one[key]] for one in answer["results"])
    assert answer["ranked_from"] == plain["ranked_from"]


def test_without_targets_the_shares_of_the_ranked_profiles_count(client: Client) -> None:
    sent = [examples.ADA | {"candidate_id": f"c{place}", "experience_years": float(place)} for place in range(12)]
    order = [one["candidate_id"] for one in ranked(client, candidates=sent)["results"]]
    groups = dict.fromkeys(order[8:], "late")  # a third; the others are in the group `unknown`
    answer = ranked(
        client, candidates=sent, limit=6, balance={"method": "det_const_sort", "groups": groups, "targets": None}
    )
    held = np.cumsum([one["candidate_id"] in groups for one in answer["results"]])
    assert (held >= np.floor(np.arange(1, 7) / 3)).all()
    assert held[-1] == 2


def test_the_log_contains_the_balanced_position_and_nothing_of_the_groups(client: Client, home: Path) -> None:
    groups = {name: f"{MARKED}-{group}" for name, group in by_halves(client).items()}
    targets = {f"{MARKED}-a": 0.5, f"{MARKED}-b": 0.5, "unknown": 0.0}
    client.served.log.flush()
    before = count(client.served.engine)
    answer = ranked(client, balance={"method": "det_greedy", "groups": groups, "targets": targets})
    client.served.log.flush()
    assert count(client.served.engine) == before + 12
    with client.served.engine.connect() as connection:
        logged = connection.exec_driver_sql(
            "SELECT prediction_id, position FROM predictions WHERE prediction_id LIKE ?", (f"{answer['request_id']}%",)
        )
        positions = dict(logged.tuples().all())
    assert positions == {one["prediction_id"]: one["position"] for one in answer["results"]}
    files = [file for file in home.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) > 10_000
    for file in files:
        content = file.read_bytes()
        assert MARKED.encode() not in content, file
        assert b"det_greedy" not in content, file


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"method": MARKED}, "balance.method"),
        ({"groups": {MARKED: "a"}}, "balance.groups"),
        ({"groups": {MARKED: 3}}, "balance.groups"),
        ({"groups": {MARKED: ""}}, "balance.groups"),
        ({"groups": None}, "balance.groups"),
        ({"targets": {"unknown": 0.5, MARKED: 0.4}}, "balance"),
        ({"targets": {"unknown": 1.5, MARKED: -0.5}}, "balance.targets"),
        ({"targets": {MARKED: "1"}}, "balance.targets"),
        ({"targets": {MARKED: 1.0}}, "balance.targets"),
        ({"targets": {}}, "balance"),
        ({"targets": {"unknown": 1.0} | {f"{MARKED}{n}": 0.0 for n in range(MAX_GROUPS)}}, "balance.groups"),
        ({MARKED: 1}, f"balance.{MARKED}"),
    ],
)
@pytest.mark.parametrize("path", [RANK, "/v1/rank/jobs"])
def test_a_balance_that_does_not_fit_is_refused_in_one_line(
    client: Client, path: str, change: dict[str, Any], field: str
) -> None:
    one = {RANK: {"job": examples.BACKEND}, "/v1/rank/jobs": {"candidate": examples.ADA}}[path]
    client.served.log.flush()
    before = count(client.served.engine)
    response = client.post(path, one | {"balance": {"method": "det_greedy", "groups": {}} | change})
    if MARKED in field:  # the names of unknown fields are repeated, as documented
        assert response.status_code == 422
    else:
        assert set(details(response)) == {field}
    client.served.log.flush()
    assert count(client.served.engine) == before


def test_the_places_of_an_empty_group_go_to_the_others() -> None:
    balance = Balance(method="det_const_sort", groups={"x": "a"}, targets={"a": 0.5, "b": 0.5})
    assert balanced(np.array([0.3]), ["x"], 5, balance).tolist() == [0]


def test_too_many_groups_are_refused() -> None:
    ids = [str(number) for number in range(MAX_GROUPS + 1)]
    balance = Balance(method="det_greedy", groups={name: name for name in ids}, targets=None)
    with pytest.raises(ApiError) as refused:
        balanced(np.arange(len(ids), dtype=np.float64), ids, 5, balance)
    assert [detail.field for detail in refused.value.body.error.details] == ["balance.groups"]


def test_a_profile_that_a_hard_limit_excluded_may_have_a_group() -> None:
    balance = Balance(method="det_greedy", groups={"x": "a", "excluded": "b"}, targets=None)
    assert balanced(np.array([0.3]), ["x"], 5, balance, known=["x", "excluded"]).tolist() == [0]
    with pytest.raises(ApiError):
        balanced(np.array([0.3]), ["x"], 5, balance)
