"""The next view: what is held out, how a hit counts, and the baselines beside the model."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from matching.arrays import Rows
from matching.data.dataset import Dataset, Pairs
from matching.data.tables import Candidate, Event, Job, frame
from matching.errors import UnusableData
from matching.problems import load_problem
from matching.training.next_view import (
    Targets,
    baselines,
    existing_first,
    fit_model,
    hits,
    holdout,
    model_score,
    report,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def job(name: str, title: str = "x", city: str = "Reno", region: str = "Nevada") -> dict[str, Any]:
    return {"job_id": name, "title": title, "city": city, "region": region, "updated_at": START}


def view(person: str, viewed: str, at: float) -> dict[str, Any]:
    return {"candidate_id": person, "job_id": viewed, "kind": "view", "time": day(at)}


def dataset(jobs: list[dict[str, Any]], events: list[dict[str, Any]]) -> Dataset:
    """A dataset whose candidates have a version after each view, with the number of views as headline."""
    people = sorted({row["candidate_id"] for row in events})
    profiles = [{"candidate_id": name, "headline": "0", "skills": [], "updated_at": START} for name in people]
    for name in people:
        times = sorted(row["time"] for row in events if row["candidate_id"] == name)
        for count, time in enumerate(times, start=1):
            at = time + timedelta(microseconds=count)
            profiles.append({"candidate_id": name, "headline": str(count), "skills": [], "updated_at": at})
    return Dataset("job_board", frame(Candidate, profiles), frame(Job, jobs), frame(Event, events).sort("time"))


def held_out(targets: Targets) -> dict[str, str]:
    return dict(zip(targets.candidates["candidate_id"], targets.jobs["job_id"].gather(targets.job_rows), strict=True))


def fixed(scores: list[list[float]]) -> Callable[[Rows], NDArray[np.float64]]:
    return lambda rows: np.array(scores)[rows]


JOBS = [job(name) for name in "abcd"]


def test_the_last_discovered_job_and_everything_later_are_held_out() -> None:
    events = [view("p", "a", 1), view("p", "b", 2), view("p", "a", 3), view("q", "c", 1), view("r", "d", 9)]
    training, targets = holdout(dataset(JOBS, [*events, view("q", "c", 4)]))
    assert held_out(targets) == {"p": "b"}
    assert training.events.select("candidate_id", "job_id", "time").rows() == [
        ("p", "a", day(1)),
        ("q", "c", day(1)),
        ("q", "c", day(4)),
        ("r", "d", day(9)),
    ]
    assert targets.candidates["headline"].to_list() == ["1"]
    assert training.candidates.filter(pl.col("candidate_id") == "p")["headline"].to_list() == ["0", "1"]
    assert targets.seen.toarray().tolist() == [[1, 0, 0, 0]]


def test_the_view_before_can_be_held_out_of_the_rest() -> None:
    rest, _ = holdout(dataset(JOBS, [view("p", name, at) for at, name in enumerate("abc", start=1)]))
    training, targets = holdout(rest)
    assert held_out(targets) == {"p": "b"}
    assert training.events["job_id"].to_list() == ["a"]


def test_a_log_without_two_jobs_per_candidate_is_refused() -> None:
    with pytest.raises(UnusableData, match="nobody viewed two jobs"):
        holdout(dataset(JOBS, [view("p", "a", 1), view("p", "a", 2), view("q", "b", 1)]))


def two_candidates() -> Targets:
    events = [view("p", "a", 1), view("p", "b", 2), view("q", "b", 1), view("q", "c", 2)]
    jobs = [job(f"{name}") for name in "abc"] + [job(f"z{number:02}") for number in range(20)]
    return holdout(dataset(jobs, events))[1]


def test_a_hit_counts_by_its_place_among_new_jobs() -> None:
    targets = two_candidates()
    scores = np.zeros((2, 23))
    scores[0, :3] = [9, 5, 6]  # p: `a` was seen, `c` comes first, the target `b` second
    scores[1, 3:] = np.arange(1, 21)  # q: twenty jobs come before the target `c`
    recall, ndcg = hits(fixed(scores.tolist()), targets)
    assert recall.tolist() == [1, 0]
    assert ndcg == pytest.approx([1 / np.log2(3), 0])


def test_tied_scores_count_at_their_average_place() -> None:
    recall, ndcg = hits(fixed(np.zeros((2, 23)).tolist()), two_candidates())
    best = (1 / np.log2(np.arange(10) + 2)).sum()
    assert recall == pytest.approx([10 / 22] * 2)
    assert ndcg == pytest.approx([best / 22] * 2)


def test_each_baseline_scores_as_its_name_says() -> None:
    jobs = [
        job("a", "night nurse"),
        job("b", "day nurse", "Salem", "Oregon"),
        job("c", "cook", "Reno", "Nevada"),
        job("d", "cook", "Reno", "Texas"),
        job("e", "clerk", "Salem", "Oregon"),
    ]
    events = [view("p", "a", 1), view("p", "b", 2), view("q", "d", 1), view("r", "d", 1), view("r", "c", 1.5)]
    training, targets = holdout(dataset(jobs, [*events, view("r", "e", 3)]))
    person = np.array([targets.candidates["candidate_id"].to_list().index("p")])
    scores = {name: score(person)[0] for name, score in baselines(training, targets).items()}
    assert scores["popularity"] == pytest.approx([0.5, 0, 0.5, 1, 0])
    assert scores["same city and popularity"] == pytest.approx([1.25, 0, 1.25, 0.5, 0])
    alike = scores["TF-IDF and same city"]
    assert alike[0] == pytest.approx(1.5)
    assert 0 < alike[1] < 0.5
    assert alike[2:] == pytest.approx([1, 0, 0])


def test_jobs_that_did_not_exist_yet_come_last() -> None:
    jobs = [job("a"), job("b"), job("c") | {"updated_at": day(2.5)}, job("d") | {"updated_at": day(2)}]
    _, targets = holdout(dataset(jobs, [view("p", "a", 1), view("p", "b", 2)]))
    scores = existing_first(fixed([[1, 2, 4, 3]]), targets)(np.arange(1))
    assert scores.tolist() == [[1, 2, -np.inf, 3]]


def many_views(n_people: int = 60) -> Dataset:
    """Half the candidates view jobs for nurses in Reno, half for cooks in Salem."""
    places = {"nurse": ("Reno", "Nevada"), "cook": ("Salem", "Oregon")}
    jobs = [job(f"{what}-{n}", f"{what} wanted", *place) for what, place in places.items() for n in range(30)]
    generator = np.random.default_rng(0)
    events = []
    for number in range(n_people):
        what = "nurse" if number % 2 else "cook"
        for step, choice in enumerate(generator.permutation(30)[:4]):
            events.append(view(f"p{number:02}", f"{what}-{choice}", 1 + step + number / 100))
    base = dataset(jobs, events)
    wanted = pl.when(pl.col("candidate_id").str.slice(1).cast(pl.Int64) % 2 == 1)
    headline = wanted.then(pl.lit("nurse wanted")).otherwise(pl.lit("cook wanted"))
    return Dataset("job_board", base.candidates.with_columns(headline.alias("headline")), base.jobs, base.events)


def test_the_report_compares_the_fitted_model_with_the_baselines() -> None:
    table = report(
        many_views(), lambda training: fit_model(training, seed=3, problem=load_problem("job_board")), seed=3
    )
    assert table["method"].to_list() == [
        "popularity",
        "same city and popularity",
        "TF-IDF and same city",
        "TF-IDF and same city of jobs that exist",
        "model",
    ]
    assert table["n_candidates"].to_list() == [60] * 5
    for figure in ("recall_at_10", "ndcg_at_10"):
        assert (table[f"{figure}_low"] <= table[figure]).all()
        assert (table[figure] <= table[f"{figure}_high"]).all()
    recall = dict(table.select("method", "recall_at_10").rows())
    assert recall["model"] > recall["popularity"] + 0.1
    again = report(
        many_views(), lambda training: fit_model(training, seed=3, problem=load_problem("job_board")), seed=3
    )
    assert again.equals(table)


def test_a_plain_function_of_pairs_gives_the_same_ranking_as_its_model() -> None:
    training, targets = holdout(many_views())
    model = fit_model(training, seed=3, problem=load_problem("job_board"))
    seen: list[int] = []

    def score(pairs: Pairs) -> NDArray[np.float32]:
        seen.append(len(pairs))
        return model.score(pairs).match

    plain, own = hits(model_score(score, targets), targets), hits(model_score(model, targets), targets)
    assert sum(seen) == 60 * 60
    assert np.array_equal(plain[0], own[0])
    assert np.array_equal(plain[1], own[1])


@pytest.mark.realdata
def test_the_published_baselines_of_the_real_log_are_reproduced() -> None:
    folder = Path(os.environ["TANDEM_REALDATA"]) / "job_views"
    training, targets = holdout(load_problem("job_board").source.load(folder, seed=0, progress=lambda _: None))
    assert (len(targets), targets.jobs.height) == (1_741, 7_047)
    measured = {name: [f.mean() for f in hits(score, targets)] for name, score in baselines(training, targets).items()}
    assert measured["popularity"][0] == pytest.approx(0.025, abs=0.01)
    assert measured["same city and popularity"][0] == pytest.approx(0.225, abs=0.01)
    assert measured["TF-IDF and same city"] == pytest.approx([0.305, 0.205], abs=0.01)


@pytest.mark.realdata
def test_few_views_of_the_real_log_come_before_the_job_seems_to_exist() -> None:
    """If the numbers of the jobs were not in the order of time, the dates would be wrong."""
    folder = Path(os.environ["TANDEM_REALDATA"]) / "job_views"
    _, targets = holdout(load_problem("job_board").source.load(folder, seed=0, progress=lambda _: None))
    existed = targets.exists_from[targets.job_rows] <= targets.time
    assert existed.mean() > 0.95
