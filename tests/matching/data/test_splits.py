from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from matching.data.dataset import Dataset
from matching.data.splits import cuts, split
from matching.data.tables import Candidate, Event, Job, frame
from matching.errors import UnusableData

START = datetime(2026, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


def log(days: int = 200, kind: str = "impression") -> Dataset:
    people = [{"candidate_id": "a", "headline": "", "skills": [], "updated_at": START}]
    jobs = [{"job_id": "j", "title": "", "updated_at": START}]
    events = [
        {"candidate_id": "a", "job_id": "j", "kind": kind, "time": START + timedelta(days=number)}
        for number in range(1, days + 1)
    ]
    return Dataset("test", frame(Candidate, people), frame(Job, jobs), frame(Event, events))


def test_splits_follow_each_other_in_time_and_end_a_maturity_before_their_cut() -> None:
    splits = split(log(), maturity=WEEK, seed=1)
    ends = [splits.cuts.train_end, splits.cuts.calibration_end, splits.cuts.end]
    for rows, end in zip((splits.train, splits.calibration, splits.holdout), ends, strict=True):
        assert rows.time.max() <= np.datetime64((end - WEEK).replace(tzinfo=None))
    assert splits.train.time.max() < splits.calibration.time.min()
    assert splits.calibration.time.max() < splits.holdout.time.min()


def test_events_after_a_cut_do_not_change_the_split_before_it() -> None:
    data = log()
    at = cuts(data)
    later = [
        {"candidate_id": "a", "job_id": "j", "kind": kind, "time": at.train_end + timedelta(seconds=1)}
        for kind in ("outreach", "accept")
    ]
    changed = Dataset("test", data.candidates, data.jobs, pl.concat([data.events, frame(Event, later)]).sort("time"))
    before, after = split(data, maturity=WEEK, seed=1).train, split(changed, maturity=WEEK, seed=1).train
    assert before.company.tolist() == after.company.tolist()
    assert after.company.sum() == 0
    assert split(changed, maturity=WEEK, seed=1).cuts == at


def test_an_empty_log_is_refused() -> None:
    data = log()
    empty = Dataset("test", data.candidates, data.jobs, data.events.clear())
    with pytest.raises(UnusableData, match="nothing can be learned"):
        cuts(empty)


def test_a_log_of_a_single_moment_is_refused() -> None:
    data = log()
    moment = Dataset("test", data.candidates, data.jobs, data.events.with_columns(pl.lit(START).alias("time")))
    with pytest.raises(UnusableData, match="cannot be split by time"):
        cuts(moment)


def test_a_direction_whose_labels_begin_mid_log_is_refused() -> None:
    data = log()
    at = cuts(data)
    answers = [
        {"candidate_id": "a", "job_id": "j", "kind": kind, "time": at.calibration_end + timedelta(days=day)}
        for day in range(1, 15)
        for kind in ("outreach", "accept")
    ]
    late = Dataset("test", data.candidates, data.jobs, pl.concat([data.events, frame(Event, answers)]).sort("time"))
    with pytest.raises(UnusableData, match="train: company; calibration: company; holdout: company and candidate"):
        split(late, maturity=WEEK, seed=1)
