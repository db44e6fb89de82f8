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


def test_slices_follow_each_other_in_time_and_end_a_maturity_before_their_cut() -> None:
    parts = split(log(), maturity=WEEK, seed=1)
    ends = [parts.cuts.train_end, parts.cuts.calibration_end, parts.cuts.end]
    for rows, end in zip((parts.train, parts.calibration, parts.holdout), ends, strict=True):
        assert rows.time.max() <= np.datetime64((end - WEEK).replace(tzinfo=None))
    assert parts.train.time.max() < parts.calibration.time.min()
    assert parts.calibration.time.max() < parts.holdout.time.min()


def test_what_happens_after_a_cut_does_not_change_the_slice_before_it() -> None:
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


def test_an_empty_log_says_so() -> None:
    data = log()
    empty = Dataset("test", data.candidates, data.jobs, data.events.clear())
    with pytest.raises(UnusableData, match="nothing can be learned"):
        cuts(empty)


def test_a_log_of_one_moment_cannot_be_cut() -> None:
    data = log()
    moment = Dataset("test", data.candidates, data.jobs, data.events.with_columns(pl.lit(START).alias("time")))
    with pytest.raises(UnusableData, match="cannot be cut in time"):
        cuts(moment)


def test_labels_that_begin_in_the_middle_of_the_log_are_refused() -> None:
    data = log()
    at = cuts(data)
    asked = [
        {"candidate_id": "a", "job_id": "j", "kind": kind, "time": at.calibration_end + timedelta(days=day)}
        for day in range(1, 15)
        for kind in ("outreach", "accept")
    ]
    late = Dataset("test", data.candidates, data.jobs, pl.concat([data.events, frame(Event, asked)]).sort("time"))
    with pytest.raises(UnusableData, match=r"oldest slice: company; middle: company; newest: company and candidate"):
        split(late, maturity=WEEK, seed=1)
