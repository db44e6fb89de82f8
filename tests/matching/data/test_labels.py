from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from matching.data.dataset import Dataset
from matching.data.labels import SAMPLED_NEGATIVES_PER_YES, LabelledPairs, labelled_pairs
from matching.data.tables import Candidate, Direction, Event, Job, frame
from matching.errors import UnusableData

START = datetime(2026, 1, 1, tzinfo=UTC)
FORTNIGHT = timedelta(days=14)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def candidate(name: str, at: float = 0, headline: str = "") -> dict[str, object]:
    return {"candidate_id": name, "headline": headline, "skills": [], "updated_at": day(at)}


def event(person: object, kind: str, at: float, **more: object) -> dict[str, object]:
    return {"candidate_id": person, "job_id": "job", "kind": kind, "time": day(at)} | more


def dataset(candidates: list[dict[str, object]], events: list[dict[str, object]], jobs: int = 1) -> Dataset:
    names = ["job", *(f"job-{number}" for number in range(1, jobs))]
    posts = [{"job_id": name, "title": name, "updated_at": day(0)} for name in names]
    return Dataset("test", frame(Candidate, candidates), frame(Job, posts), frame(Event, events).sort("time"))


def label(data: Dataset, until: float = 100, since: float | None = None) -> LabelledPairs:
    start = None if since is None else day(since)
    return labelled_pairs(data, since=start, until=day(until), maturity=FORTNIGHT, seed=1)


def test_each_outcome_gives_the_right_labels() -> None:
    people = ["ignored", "declined", "silent", "accepted", "hired"]
    events = [event(person, "impression", 1) for person in people]
    events += [event(person, "outreach", 2) for person in people[1:]]
    events += [event("declined", "decline", 3), event("accepted", "accept", 3), event("hired", "hire", 9)]
    rows = label(dataset([candidate(person) for person in people], events))
    ids = rows.pairs.candidates["candidate_id"].to_numpy()[rows.pairs.candidate_rows].tolist()
    company = dict(zip(ids, rows.company, strict=True))
    accepted = dict(zip(ids, rows.candidate, strict=True))
    match = dict(zip(ids, rows.match(), strict=True))
    assert company == {"ignored": 0, "declined": 1, "silent": 1, "accepted": 1, "hired": 1}
    assert np.isnan(accepted.pop("ignored"))
    assert accepted == {"declined": 0, "silent": 0, "accepted": 1, "hired": 1}
    assert match == {"ignored": 0, "declined": 0, "silent": 0, "accepted": 1, "hired": 1}


def test_an_answer_belongs_to_the_latest_impression_of_the_pair() -> None:
    events = [event("a", "impression", 1), event("a", "impression", 5), event("a", "outreach", 6)]
    assert label(dataset([candidate("a")], events)).company.tolist() == [0, 1]


def test_an_event_after_the_cut_off_changes_nothing() -> None:
    events = [event("a", "impression", 1), event("b", "impression", 1), event("a", "outreach", 40)]
    people = [candidate("a"), candidate("b")]
    assert label(dataset(people, events), until=30).company.tolist() == [0, 0]
    assert sorted(label(dataset(people, events), until=60).company.tolist()) == [0, 1]


def test_a_pair_too_young_to_be_a_no_is_left_out() -> None:
    events = [event("a", "impression", 1), event("a", "impression", 20)]
    rows = label(dataset([candidate("a")], events), until=30)
    assert len(rows) == 1


def test_a_later_edit_of_a_profile_is_not_used() -> None:
    people = [candidate("a", 0, "before"), candidate("a", 10, "after")]
    rows = label(dataset(people, [event("a", "impression", 9), event("a", "impression", 11)]))
    headlines = rows.pairs.candidates["headline"].to_numpy()[rows.pairs.candidate_rows]
    assert headlines.tolist() == ["before", "after"]


def test_a_pair_shown_before_the_first_version_of_a_profile_is_left_out() -> None:
    rows = label(dataset([candidate("a", 5)], [event("a", "impression", 4), event("a", "impression", 6)]))
    assert len(rows) == 1


def test_periods_do_not_overlap() -> None:
    data = dataset([candidate("a")], [event("a", "impression", number) for number in range(1, 60)])
    early, late = label(data, until=40), label(data, since=40, until=80)
    assert early.time.max() < late.time.min()


def test_without_a_logged_propensity_a_pair_counts_as_examined() -> None:
    events = [event("a", "impression", 1, propensity=0.5), event("b", "impression", 1)]
    rows = label(dataset([candidate("a"), candidate("b")], events))
    assert rows.propensity.tolist() == [0.5, 1.0]


def test_a_log_without_any_answer_labels_only_the_company_direction() -> None:
    people = [candidate("a"), candidate("b")]
    events = [event("a", "impression", 1), event("b", "impression", 1), event("a", "outreach", 2)]
    assert label(dataset(people, events)).directions() == (Direction.COMPANY,)


def test_silence_after_a_recent_outreach_is_no_label_yet() -> None:
    """At the cut-off the impression is mature, but the outreach is not."""
    people = [candidate(n) for n in ("late outreach", "early outreach", "late yes")]
    events = [event(row["candidate_id"], "impression", 1) for row in people]
    events += [event("late outreach", "outreach", 20), event("early outreach", "outreach", 2)]
    events += [event("late yes", "outreach", 20), event("late yes", "accept", 21)]
    rows = label(dataset(people, events), until=30)
    ids = rows.pairs.candidates["candidate_id"].to_numpy()[rows.pairs.candidate_rows].tolist()
    answers = dict(zip(ids, rows.candidate, strict=True))
    assert rows.company.tolist() == [1, 1, 1]
    assert answers["early outreach"] == 0
    assert np.isnan(answers["late outreach"])
    assert np.isnan(answers["late yes"]), "a recent yes without the recent no's would count too often"


def test_a_job_that_did_not_exist_yet_is_never_a_sampled_no() -> None:
    data = dataset([candidate("a")], [event("a", "view", 10)], jobs=60)
    is_late = pl.col("job_id").is_in([f"job-{number}" for number in range(1, 31)])
    later = data.jobs.with_columns(updated_at=pl.when(is_late).then(pl.lit(day(20))).otherwise("updated_at"))
    rows = label(replace(data, jobs=later))
    no = rows.take(rows.candidate == 0)
    shown = set(no.pairs.jobs["job_id"].to_numpy()[no.pairs.job_rows].tolist())
    assert shown
    assert not shown & {f"job-{number}" for number in range(1, 31)}
    assert no.weight.sum() == pytest.approx(29, rel=0.7), "the remaining rows stand for the 29 jobs that existed"


def test_a_view_before_its_job_was_posted_is_left_out() -> None:
    """A job dated by later events would otherwise be a yes unlike any sampled no."""
    views = [event("a", "view", 10), event("a", "view", 12, job_id="job-1"), event("b", "view", 14, job_id="job-2")]
    data = dataset([candidate("a"), candidate("b")], views, jobs=4)
    dates = {"job": day(11), "job-1": day(12), "job-2": None, "job-3": day(13)}
    dated = data.jobs.with_columns(pl.col("job_id").replace_strict(dates).alias("posted_at"))
    rows = label(replace(data, jobs=dated))
    yes = rows.take(rows.candidate == 1)
    assert set(yes.pairs.jobs["job_id"].to_numpy()[yes.pairs.job_rows]) == {"job-1", "job-2"}
    posted = dated["posted_at"].dt.epoch("us").to_numpy()[rows.pairs.job_rows]
    assert not (posted > rows.time.astype("datetime64[us]").astype(np.int64)).any()


def test_a_job_viewed_only_later_can_be_a_sampled_no() -> None:
    data = dataset([candidate("a")], [event("a", "view", 1), event("a", "view", 9, job_id="job-1")], jobs=2)
    rows = label(data)
    first = rows.take((rows.candidate == 0) & (rows.time == rows.time.min()))
    assert first.pairs.jobs["job_id"].to_numpy()[first.pairs.job_rows].tolist() == ["job-1"]


def test_a_view_is_a_yes_of_the_candidate_and_the_sampled_nos_have_weights() -> None:
    views = [event("a", "view", 1), event("a", "view", 2), event("b", "view", 3)]
    rows = label(dataset([candidate("a"), candidate("b")], views, jobs=100))
    assert rows.directions() == (Direction.CANDIDATE,)
    assert rows.candidate.sum() == 2, "a repeated view is one yes"
    no = rows.candidate == 0
    assert 0 < no.sum() <= 2 * SAMPLED_NEGATIVES_PER_YES
    assert rows.weight[no].sum() == pytest.approx(2 * 99), "the sampled no's stand for all jobs that were not viewed"
    viewed = rows.pairs.jobs["job_id"].to_numpy()[rows.pairs.job_rows[no]]
    assert "job" not in viewed.tolist()


def test_a_view_before_the_period_is_no_yes_of_it() -> None:
    views = [event("a", "view", 1), event("a", "view", 5, job_id="job-1")]
    rows = label(dataset([candidate("a")], views, jobs=2), since=2)
    jobs = rows.pairs.jobs["job_id"].to_numpy()[rows.pairs.job_rows]
    assert jobs[rows.candidate == 1].tolist() == ["job-1"]


def test_sampled_nos_depend_only_on_the_seed() -> None:
    data = dataset([candidate("a")], [event("a", "view", 1)], jobs=500)
    first, again = label(data), label(data)
    other = labelled_pairs(data, since=None, until=day(100), maturity=FORTNIGHT, seed=2)
    assert first.pairs.job_rows.tolist() == again.pairs.job_rows.tolist()
    assert first.pairs.job_rows.tolist() != other.pairs.job_rows.tolist()


def test_a_period_in_which_nothing_was_shown_is_refused() -> None:
    with pytest.raises(UnusableData, match="nothing to learn from"):
        label(dataset([candidate("a")], [event("a", "impression", 50)]), until=10)


def test_taking_rows_keeps_their_columns_together() -> None:
    data = dataset([candidate(n) for n in "abc"], [event(n, "impression", i) for i, n in enumerate("abc", 1)])
    rows = label(data)
    last = rows.take(np.array([2]))
    assert last.time == rows.time[2]
    assert last.pairs.candidate_rows == rows.pairs.candidate_rows[2]
    assert pl.Series(rows.lists).n_unique() == 1
