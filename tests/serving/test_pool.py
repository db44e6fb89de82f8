"""A pool is read by id and by row. The profiles of a request are such a snapshot, too."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from matching.rules import hard_limits
from serving.pool import Snapshot
from serving.sides import CANDIDATE, JOB, Side
from tests.serving.calling import Client

SIDES: tuple[Side[Any], ...] = (CANDIDATE, JOB)


@pytest.fixture(params=["stored", "request"])
def snapshots(request: pytest.FixtureRequest, client: Client) -> dict[str, Snapshot]:
    """Both sides: as the pools hold them, and as a request refers to them by id."""
    found: dict[str, Snapshot] = {side.name: client.served.snapshot(side) for side in SIDES}
    if request.param == "stored":
        return found
    by_id = {}
    for side in SIDES:
        profiles = client.served.profiles(side)
        profiles.add_stored(found[side.name].ids(np.arange(len(found[side.name]))))
        by_id[side.name] = profiles
    return dict(by_id)


@pytest.mark.parametrize("side", SIDES, ids=lambda side: side.name)
def test_ids_payloads_and_table_are_by_row(snapshots: dict[str, Snapshot], side: Side[Any]) -> None:
    snapshot = snapshots[side.name]
    rows = np.array([3, 0, 3])
    ids = snapshot.ids(rows)
    assert [snapshot.row_of(key) for key in ids] == [3, 0, 3]
    assert snapshot.row_of("nobody") is None
    assert [getattr(side.read(one), side.key) for one in snapshot.payloads(rows)] == ids
    assert snapshot.table()[side.key].to_list() == snapshot.ids(np.arange(len(snapshot)))


@pytest.mark.parametrize("side", SIDES, ids=lambda side: side.name)
def test_encoded_rows_score_like_the_profiles_themselves(
    client: Client, snapshots: dict[str, Snapshot], side: Side[Any]
) -> None:
    other = JOB if side is CANDIDATE else CANDIDATE
    mine, theirs = snapshots[side.name], snapshots[other.name]
    rows, their_rows = np.array([5, 2]), np.array([1, 4])
    scores = client.served.score(side, (mine, rows), (theirs, their_rows))
    profiles = zip(mine.payloads(rows), theirs.payloads(their_rows), strict=True)
    pairs = [side.candidate_first(*map(read, (side, other), pair)) for pair in profiles]
    answer = client.match(*({"candidate": person, "job": job} for person, job in pairs)).json()
    assert [one["match_probability"] for one in answer["predictions"]] == scores.match.tolist()


def read(side: Side[Any], payload: Any) -> Any:
    return side.read(payload).model_dump(mode="json")


@pytest.mark.parametrize("side", SIDES, ids=lambda side: side.name)
def test_limits_have_a_row_for_each_of_the_other_side(snapshots: dict[str, Snapshot], side: Side[Any]) -> None:
    other = JOB if side is CANDIDATE else CANDIDATE
    mine, theirs = snapshots[side.name], snapshots[other.name].table()[:3]
    columns = other.encode_limits(theirs.with_columns(pl.Series("block_words", [["Python"], [], []])))
    found = mine.broken_limits(columns, 3)
    limit = hard_limits.HardLimit.JOB_BLOCK_WORDS if side is CANDIDATE else hard_limits.HardLimit.CANDIDATE_BLOCK_WORDS
    assert {broken.shape for broken in found.values()} == {(3, len(mine))}
    assert 0 < found[limit][0].sum() < len(mine)
    assert not found[limit][1:].any()
