"""The log keeps every prediction, waits for an unavailable database, and turns outcomes into labels."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from sqlalchemy import Engine, func, select, text

from matching.data.tables import CandidateProfile, JobProfile
from matching.errors import StorageError
from store import writer as log_writer
from store.answers import Answer, LoggedModel
from store.database import connect
from store.limit_counts import LimitCount, count_limits
from store.outcomes import (
    CLOCK_SKEW,
    ContradictingOutcome,
    EarlyOutcome,
    Outcome,
    OutcomeName,
    record_outcomes,
)
from store.predictions import EXAMPLE, UnknownPrediction, count, count_ranked, find_prediction
from store.schema import inputs, outcomes
from store.windows import window
from store.writer import LogWriter

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
MODEL = LoggedModel("tandem-test", "1", "digest", ("years", "gap"))
FEATURES = np.array([[0.1, np.nan], [1e-30, -0.0], [3.4e38, 7.0]], dtype=np.float32)


def answer(request_id: str = "r", size: int = 1, predicted_at: datetime = NOW, **more: Any) -> Answer:
    ids = [f"c{n}" for n in range(size)]
    values = np.linspace(0.1, 0.9, size, dtype=np.float32)
    fields: dict[str, Any] = {
        "request_id": request_id,
        "predicted_at": predicted_at,
        "prediction_ids": [f"{request_id}-{n}" for n in range(size)],
        "candidate_ids": ids,
        "job_ids": ["j"] * size,
        "features": np.resize(FEATURES, (size, 2)),
        "company": values,
        "candidate": None,
        "match": values / 2,
        "candidates": {key: CandidateProfile(candidate_id=key, headline="h", skills=[]) for key in ids},
        "jobs": {"j": JobProfile(job_id="j", title="t")},
    }
    return Answer(**fields | more)


def write(engine: Engine, *answers: Answer, model: LoggedModel = MODEL) -> None:
    writer = LogWriter(engine, model)
    for one in answers:
        writer.append(one)
    assert writer.close()


def labels(
    engine: Engine, now: datetime = NOW, *, maturity: timedelta = 14 * DAY, ranked: bool = False
) -> dict[str, tuple[bool | None, bool | None]]:
    table = window(engine, model_name="tandem-test", ranked=ranked, maturity=maturity, now=now)
    return {row["prediction_id"]: (row["company_label"], row["candidate_label"]) for row in table.to_dicts()}


def report(engine: Engine, *reported: OutcomeName, at: datetime = NOW, key: str = "r-0") -> list[bool]:
    return record_outcomes(engine, [Outcome(key, one, at) for one in reported], received_at=NOW)


def test_every_prediction_is_logged_as_it_was_made(engine: Engine) -> None:
    write(engine, answer("a", 3), answer("b", 1, NOW + DAY))
    table = window(engine, model_name="tandem-test", maturity=14 * DAY, now=NOW)
    assert table["prediction_id"].to_list() == ["a-0", "a-1", "a-2", "b-0"]
    logged = table.select(MODEL.feature_names).to_numpy()
    assert logged.dtype == np.float32
    assert logged[:3].tobytes() == FEATURES.tobytes()
    assert table["match_probability"].to_numpy().astype(np.float32).tobytes()[:12] == answer("a", 3).match.tobytes()
    assert table["candidate_probability"].null_count() == 4
    assert table["predicted_at"].to_list() == [NOW] * 3 + [NOW + DAY]
    assert table["propensity"].null_count() == 4
    assert table.schema["predicted_at"] == pl.Datetime("us", "UTC")
    assert table.columns == [
        *("prediction_id", "request_id", "predicted_at", "model_version", "candidate_id", "job_id"),
        *("company_probability", "candidate_probability", "match_probability", "position", "ranked_from"),
        *("company_label", "candidate_label", "propensity", "years", "gap"),
    ]


def test_inputs_are_stored_once(engine: Engine) -> None:
    write(engine, answer("a", 3), answer("b", 3))
    write(engine, answer("c", 3))
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(inputs)).scalar() == 4
    assert count(engine) == 9


def test_a_window_is_chosen_by_version_time_and_size(engine: Engine) -> None:
    for day in range(4):
        write(engine, answer(f"r{day}", 2, NOW + day * DAY))
    other = LoggedModel("tandem-test", "2", "other", ("gap", "new"))
    write(engine, answer("v2", 1, NOW + 9 * DAY), model=other)
    write(engine, answer("elsewhere"), model=LoggedModel("tandem-other", "1", "d", ("years", "gap")))
    chosen = {"engine": engine, "model_name": "tandem-test", "maturity": DAY, "now": NOW}
    assert window(**chosen, model_version="1").height == 8
    assert window(**chosen, model_version="1", last=3)["prediction_id"].to_list() == ["r2-1", "r3-0", "r3-1"]
    between = window(**chosen, since=NOW + DAY, until=NOW + 2 * DAY)
    assert between["request_id"].unique().to_list() == ["r1"]
    both = window(**chosen)
    assert both.height == 9
    assert both.columns[-3:] == ["years", "gap", "new"]
    newest = both.row(-1, named=True)
    assert np.isnan(newest["years"])
    assert newest["gap"] == FEATURES[0, 0]


def test_an_empty_window_has_the_same_columns(engine: Engine) -> None:
    write(engine, answer())
    full = window(engine, model_name="tandem-test", maturity=DAY, now=NOW)
    empty = window(engine, model_name="tandem-test", maturity=DAY, now=NOW, until=NOW - DAY)
    assert empty.height == 0
    assert empty.schema == full.schema


def test_the_documented_example_is_in_no_window(engine: Engine) -> None:
    write(engine, answer(EXAMPLE), answer("r"))
    write(engine, answer(EXAMPLE))
    assert set(labels(engine)) == {"r-0"}


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ((), (False, None)),
        (("outreach",), (True, False)),
        (("no_outreach",), (False, None)),
        (("outreach", "decline"), (True, False)),
        (("decline",), (True, False)),
        (("accept",), (True, True)),
        (("outreach", "accept", "interview", "hire"), (True, True)),
    ],
)
def test_outcomes_become_labels(
    engine: Engine, reported: tuple[OutcomeName, ...], expected: tuple[bool | None, bool | None]
) -> None:
    write(engine, answer())
    report(engine, *reported)
    assert labels(engine, NOW + 14 * DAY - TICK)["r-0"] == (None, None)
    assert labels(engine, NOW + 14 * DAY)["r-0"] == expected
    assert labels(engine, NOW, maturity=0 * DAY)["r-0"] == expected


def test_the_label_of_the_candidate_ages_from_the_outreach(engine: Engine) -> None:
    write(engine, answer("r", 2))
    report(engine, "outreach", at=NOW + 10 * DAY)
    report(engine, "outreach", at=NOW + 10 * DAY, key="r-1")
    report(engine, "accept", at=NOW + 11 * DAY, key="r-1")
    assert set(labels(engine, NOW + 24 * DAY - TICK).values()) == {(True, None)}
    assert labels(engine, NOW + 24 * DAY) == {"r-0": (True, False), "r-1": (True, True)}


def test_rankings_are_logged_with_positions_and_read_only_on_request(engine: Engine) -> None:
    write(engine, answer("r"), answer("best", 3, ranked_from=40))
    assert set(labels(engine)) == {"r-0"}
    everything = window(engine, model_name="tandem-test", ranked=True, maturity=DAY, now=NOW)
    assert everything["position"].to_list() == [None, 1, 2, 3]
    assert everything["ranked_from"].to_list() == [None, 40, 40, 40]
    chosen: dict[str, Any] = {"model_name": "tandem-test", "model_version": "1"}
    assert count_ranked(engine, **chosen, since=NOW) == 3
    assert count_ranked(engine, **chosen, since=NOW + TICK) == 0
    assert window(engine, **chosen, last=1, maturity=DAY)["prediction_id"].to_list() == ["r-0"]


def test_a_row_of_a_ranking_without_a_response_never_means_no(engine: Engine) -> None:
    write(engine, answer("r", 3, ranked_from=40))
    report(engine, "no_outreach", key="r-0")
    report(engine, "outreach", key="r-1")
    assert labels(engine, NOW + 99 * DAY, ranked=True) == {
        "r-0": (False, None),
        "r-1": (True, False),
        "r-2": (None, None),
    }


def test_an_audit_counts_what_each_limit_excluded(engine: Engine) -> None:
    both = [[], ["location", "salary_floor"], ["salary_floor"]]
    write(engine, answer("scored", 3, broken_limits=both), answer("plain", 2))
    write(engine, answer("ranked", 3, NOW + DAY, ranked_from=9, broken_limits=both, excluded={"work_permit": 7}))
    write(engine, answer("none left", 0, NOW + DAY, ranked_from=0, excluded={"work_permit": 5, "salary_floor": 1}))
    write(
        engine, answer("other", 1, excluded={"work_permit": 9}), model=LoggedModel("other", "1", "d", ("years", "gap"))
    )
    assert count_limits(engine, model_name="tandem-test") == {
        "work_permit": LimitCount(excluded=12),
        "salary_floor": LimitCount(excluded=1, relaxed=2, scored=2),
        "location": LimitCount(relaxed=1, scored=1),
    }
    assert count_limits(engine, model_name="tandem-test", since=NOW + DAY)["salary_floor"].scored == 0
    assert count(engine) == 9


def test_a_repeated_outcome_changes_nothing(engine: Engine) -> None:
    write(engine, answer())
    assert report(engine, "outreach", "outreach") == [True, False]
    assert report(engine, "outreach", at=NOW + DAY) == [False]
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(outcomes)).scalar() == 1
        assert connection.execute(select(outcomes.c.occurred_at)).scalar() == 1_780_315_200_000_000


@pytest.mark.parametrize(
    ("known", "reported"),
    [("accept", "decline"), ("decline", "hire"), ("no_outreach", "outreach"), ("interview", "no_outreach")],
)
def test_contradictions_are_refused_and_leave_nothing(
    engine: Engine, known: OutcomeName, reported: OutcomeName
) -> None:
    write(engine, answer("r", 2))
    report(engine, known)
    with pytest.raises(ContradictingOutcome) as caught:
        record_outcomes(engine, [Outcome("r-1", "outreach", NOW), Outcome("r-0", reported, NOW)], received_at=NOW)
    assert (caught.value.position, caught.value.known) == (1, known)
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(select(outcomes.c.prediction_id, outcomes.c.outcome))] == [
            ("r-0", known)
        ]


def test_an_unknown_prediction_is_refused_and_leaves_nothing(engine: Engine) -> None:
    write(engine, answer())
    with pytest.raises(UnknownPrediction) as caught:
        record_outcomes(engine, [Outcome("r-0", "accept", NOW), Outcome("x", "accept", NOW)], received_at=NOW)
    assert caught.value.position == 1
    assert "the log holds no prediction x: " in str(caught.value)
    assert labels(engine)["r-0"] == (None, None)


def test_a_single_look_up_names_the_prediction_and_no_outcome(engine: Engine) -> None:
    write(engine, answer())
    assert find_prediction(engine, "r-0").digest == "digest"
    with pytest.raises(UnknownPrediction, match="the log holds no prediction x: ") as caught:
        find_prediction(engine, "x")
    assert caught.value.position is None


def test_an_outcome_before_its_prediction_is_refused_and_leaves_nothing(engine: Engine) -> None:
    write(engine, answer("r", 2))
    early = Outcome("r-1", "accept", NOW - CLOCK_SKEW - TICK)
    with pytest.raises(EarlyOutcome, match="dated before its prediction r-1"):
        record_outcomes(engine, [Outcome("r-0", "accept", NOW), early], received_at=NOW)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(outcomes)).scalar() == 0
    assert report(engine, "accept", at=NOW - CLOCK_SKEW) == [True]


def test_of_two_contradictory_outcomes_at_the_same_time_one_is_recorded(engine: Engine) -> None:
    write(engine, answer("r", 20))
    recorded: list[str] = []
    start = threading.Barrier(2)

    def send(outcome: OutcomeName) -> None:
        start.wait()
        for place in range(20):
            try:
                report(engine, outcome, key=f"r-{place}")
                recorded.append(f"r-{place}")
            except ContradictingOutcome:
                pass

    threads = [threading.Thread(target=send, args=(one,)) for one in ("accept", "decline")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(recorded) == sorted(f"r-{place}" for place in range(20))


def test_many_threads_lose_nothing(engine: Engine) -> None:
    writer = LogWriter(engine, MODEL)

    def send(sender: int) -> None:
        for number in range(25):
            writer.append(answer(f"s{sender}n{number}", 4))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.close()
    assert count(engine) == writer.written == 800


def test_inputs_that_the_writer_no_longer_remembers_are_still_stored_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_writer, "_REMEMBERED_INPUTS", 2)
    writer = LogWriter(engine, MODEL)
    for request_id in ("a", "b", "c"):
        people = {f"c{n}": CandidateProfile(candidate_id=f"c{n}", headline=request_id, skills=[]) for n in range(3)}
        writer.append(answer(request_id, 3, candidates=people))
        assert writer.flush()
        assert len(writer._known_inputs) <= 4
    assert writer.close()
    assert count(engine) == 9
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(inputs)).scalar() == 9 + 1, "the job is the same"


def test_flush_makes_answers_visible_at_once(engine: Engine) -> None:
    writer = LogWriter(engine, MODEL)
    writer.append(answer())
    assert writer.flush()
    assert count(engine) == 1
    writer.close()


def test_a_database_that_was_unavailable_gets_everything(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "RETRY_SECONDS", 0.02)
    writer = LogWriter(engine, MODEL)
    rename = "ALTER TABLE {} RENAME TO {}"
    with engine.begin() as connection:
        connection.execute(text(rename.format("predictions", "hidden")))
    writer.append(answer())
    assert not writer.flush(0.5)
    assert not writer.is_healthy()
    assert writer.failures > 0
    with engine.begin() as connection:
        connection.execute(text(rename.format("hidden", "predictions")))
    assert writer.flush(10)
    assert writer.is_healthy()
    assert count(engine) == 1
    writer.close()


def test_a_full_queue_refuses_instead_of_forgetting(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "QUEUE_PREDICTIONS", 10)
    monkeypatch.setattr(log_writer, "RETRY_SECONDS", 0.02)
    writer = LogWriter(engine, MODEL)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE predictions RENAME TO hidden"))
    writer.append(answer("a", 8))
    with pytest.raises(StorageError, match="no answer is given without a log entry"):
        writer.append(answer("b", 8), timeout_seconds=0.1)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO predictions"))
    writer.append(answer("b", 8), timeout_seconds=10)
    assert writer.close()
    assert count(engine) == 16


def test_predictions_that_cannot_be_written_are_reported_when_the_log_is_closed(
    engine: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_writer, "RETRY_SECONDS", 0.02)
    writer = LogWriter(engine, MODEL)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE outcomes"))
        connection.execute(text("DROP TABLE predictions"))
    writer.append(answer())
    assert not writer.close(0.5)
    assert "1 predictions not written" in caplog.text
    assert "headline" not in caplog.text
    with pytest.raises(StorageError):
        writer.append(answer("later"))


def test_writing_waits_for_other_writers(tmp_path: Any) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'log.db'}")
    writer = LogWriter(engine, MODEL)
    with engine.connect() as other:
        other.execute(text("BEGIN IMMEDIATE"))
        writer.append(answer())
        assert not writer.flush(0.2)
        other.rollback()
    assert writer.close()
    assert count(engine) == 1
    assert writer.failures == 0
    engine.dispose()
