"""The next view: hold out the last job that each candidate discovered, rank all jobs, and measure its place.

This is the protocol of many published job recommenders. A candidate discovers a job at the first view. Candidates with
two or more jobs are tested on the last one, and the jobs that they viewed before are left out of the ranking. The test
views have no common start, so the protocol complements the three splits of `matching.data.splits` and does not replace
them. Jobs that did not exist yet are ranked too: the published baselines score them like others, one baseline and the
model put them last. `holdout(holdout(dataset)[0])` holds out the view before, to choose settings on.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from matching.arrays import Floats, Rows
from matching.data.dataset import Dataset, Pairs
from matching.data.labels import labelled_pairs
from matching.data.tables import EventKind
from matching.data.versions import newest_versions
from matching.errors import UnusableData
from matching.model.match_model import MatchModel
from matching.problems.problem import Problem
from matching.training.fit import fit, write

Score = Callable[[Rows], Floats]
"""Takes rows of test candidates and returns scores of every job, shape (n_candidates, n_jobs)."""

PairScore = Callable[[Pairs], NDArray[np.floating]]
"""Takes pairs and returns their scores, shape (n_pairs,)."""

CUT = 10
CHUNK_CANDIDATES = 32
WORKERS = min(os.cpu_count() or 1, 4)
BOOTSTRAP_ROUNDS = 1_000
TEXT_SHARE = 0.5
"""Weight of the title similarity relative to a job in a known city, as in the published baseline."""


@dataclass(frozen=True)
class Targets:
    """The held-out views.

    Attributes:
        candidates: the version of each test candidate's profile at the time of the view, schema of `Candidate`.
        jobs: schema of `Job`, one row per job.
        job_rows: shape (n_candidates,), row in `jobs` of the viewed job.
        seen: shape (n_candidates, n_jobs), 1 if the candidate viewed the job before.
        time: shape (n_candidates,), time of the view in microseconds since 1970.
        exists_from: shape (n_jobs,), time from which each job certainly existed, in microseconds since 1970.
    """

    candidates: pl.DataFrame
    jobs: pl.DataFrame
    job_rows: Rows
    seen: csr_matrix
    time: Rows
    exists_from: Rows

    def __len__(self) -> int:
        return len(self.job_rows)


def holdout(dataset: Dataset) -> tuple[Dataset, Targets]:
    """Hold out the last discovered job of every candidate with two or more.

    Returns:
        The dataset without the held-out views and without later events of the same candidates, and the targets.

    Raises:
        UnusableData: no candidate viewed two jobs.
    """
    discovered = _discovered(dataset.events)
    last = discovered.filter(pl.len().over("candidate_id") > 1).unique("candidate_id", keep="last", maintain_order=True)
    if last.is_empty():
        raise UnusableData(
            f"source {dataset.name!r}: nobody viewed two jobs at different times: no next view to predict"
        )
    held_out = last.select("candidate_id", pl.col("time").alias("until"))
    events = dataset.events.join(held_out, on="candidate_id", how="left", maintain_order="left")
    events = events.filter((pl.col("time") < pl.col("until")).fill_null(True)).drop("until")
    versions = dataset.candidates.join(held_out, on="candidate_id", how="left", maintain_order="left")
    versions = versions.filter((pl.col("updated_at") <= pl.col("until")).fill_null(True)).drop("until")
    jobs = dataset.jobs if dataset.date_jobs is None else dataset.date_jobs(dataset.jobs, events)
    training = replace(dataset, candidates=versions, jobs=jobs, events=events)
    return training, _targets(last, training)


def _discovered(events: pl.DataFrame) -> pl.DataFrame:
    """Return first views, oldest first; of several at the same time only one counts, because their order is unknown."""
    views = events.filter(pl.col("kind") == EventKind.VIEW).sort("time", "job_id")
    first = views.unique(["candidate_id", "job_id"], keep="first", maintain_order=True)
    return first.select("candidate_id", "job_id", "time")


def _targets(last: pl.DataFrame, training: Dataset) -> Targets:
    jobs = newest_versions(training.jobs)
    job_row = dict(zip(jobs["job_id"], range(jobs.height), strict=True))
    newest = newest_versions(training.candidates)
    last = last.join(newest.select("candidate_id"), on="candidate_id", how="semi").sort("candidate_id")
    candidates = last.select("candidate_id").join(newest, on="candidate_id", how="left", maintain_order="left")
    candidate_row = dict(zip(last["candidate_id"], range(last.height), strict=True))
    pairs = training.events.select("candidate_id", "job_id").unique().sort("candidate_id", "job_id")
    known = [(candidate_row[c], job_row[j]) for c, j in pairs.rows() if c in candidate_row and j in job_row]
    rows, columns = np.array(known, dtype=np.int64).reshape(-1, 2).T
    seen = csr_matrix((np.ones(len(known)), (rows, columns)), shape=(last.height, jobs.height))
    job_rows = np.array([job_row[j] for j in last["job_id"]], dtype=np.int64)
    first = training.jobs.group_by("job_id").agg(pl.col("updated_at").min()).sort("job_id")
    times = (last["time"].dt.epoch("us").to_numpy(), first["updated_at"].dt.epoch("us").to_numpy())
    return Targets(candidates, jobs, job_rows, seen, *times)


def popularity(training: Dataset, targets: Targets) -> Score:
    """Score a job by how many candidates viewed it, from 0 to 1."""
    counts = training.events.select("candidate_id", "job_id").unique().group_by("job_id").len()
    views = targets.jobs.join(counts, on="job_id", how="left", maintain_order="left")["len"].fill_null(0).to_numpy()
    share = views / max(views.max(), 1)
    return lambda rows: np.broadcast_to(share, (len(rows), len(share)))


def same_city(targets: Targets) -> Score:
    """Score a job by how many jobs in its city and region the candidate viewed before."""
    places = targets.jobs.select(pl.struct("city", "region").rank("dense").alias("code"))["code"].to_numpy() - 1
    in_place = csr_matrix((np.ones(len(places)), (np.arange(len(places)), places)))
    visits = (targets.seen @ in_place).toarray()
    return lambda rows: visits[rows][:, places]


def title_similarity(targets: Targets) -> Score:
    """Score a job by the cosine of its title and company, in sublinear TF-IDF, and the mean of those viewed before."""
    text = targets.jobs.select(pl.concat_str("title", "company", separator=" ", ignore_nulls=True)).to_series()
    titles = csr_matrix(TfidfVectorizer(sublinear_tf=True).fit_transform(text.to_list()))
    viewed = csr_matrix(targets.seen @ titles)
    length = np.sqrt(np.asarray(viewed.multiply(viewed).sum(axis=1)))
    return lambda rows: (viewed[rows] @ titles.T).toarray() / np.maximum(length[rows], 1e-12)


def baselines(training: Dataset, targets: Targets) -> dict[str, Score]:
    """Return the baselines by name."""
    popular, near, similar = popularity(training, targets), same_city(targets), title_similarity(targets)

    def near_and_similar(rows: Rows) -> Floats:
        return np.minimum(near(rows), 1.0) + TEXT_SHARE * similar(rows)

    return {
        "popularity": popular,
        "same city and popularity": lambda rows: near(rows) + 0.5 * popular(rows),
        "TF-IDF and same city": near_and_similar,
        "TF-IDF and same city of jobs that exist": existing_first(near_and_similar, targets),
    }


def existing_first(score: Score, targets: Targets) -> Score:
    """Rank jobs that did not exist at the time of the view below all others."""
    return lambda rows: np.where(targets.exists_from <= targets.time[rows][:, None], score(rows), -np.inf)


def model_score(model: MatchModel | PairScore, targets: Targets) -> Score:
    """Score every job with a model; a `MatchModel` encodes each profile only once."""
    if not isinstance(model, MatchModel):
        return _every_job(
            targets,
            lambda *rows: model(Pairs(targets.candidates, targets.jobs, *rows)),
        )
    candidates, jobs = model.encode_candidates(targets.candidates), model.encode_jobs(targets.jobs)
    return _every_job(targets, lambda *rows: model.score_encoded(candidates, jobs, *rows).match)


def _every_job(targets: Targets, score: Callable[[Rows, Rows], NDArray[np.floating]]) -> Score:
    n_jobs = targets.jobs.height

    def scores(rows: Rows) -> Floats:
        flat = score(np.repeat(rows, n_jobs), np.tile(np.arange(n_jobs), len(rows)))
        return np.asarray(flat, dtype=np.float64).reshape(-1, n_jobs)

    return scores


def fit_model(dataset: Dataset, *, seed: int, problem: Problem) -> MatchModel:
    """Fit the model on every view of a dataset, as the training flow does on the training split.

    It is calibrated on the views it learned from, which is enough here: calibration keeps the order, and only the order
    is measured.

    Raises:
        UnusableData: there is nothing to learn from.
    """
    newest: datetime = dataset.events["time"].max()  # type: ignore[assignment]  # polars types it as any literal
    labelled = labelled_pairs(dataset, since=None, until=newest, maturity=timedelta(0), seed=seed)
    fitted = fit(labelled, labelled, seed=seed, problem=problem)
    check = fitted.transform(labelled.pairs.take(np.arange(min(len(labelled), 1_000))))
    with TemporaryDirectory() as folder:
        write(fitted, Path(folder), source=dataset.name, facts={}, check=check)
        return MatchModel.load(Path(folder))


def hits(score: Score, targets: Targets) -> tuple[Floats, Floats]:
    """Return Recall@10 and nDCG@10 of each test candidate, shape (n_candidates,) each; ties count at their average."""
    position = np.arange(CUT)
    recall_to = np.concatenate([[0.0], np.cumsum(np.ones(CUT))])
    gain_to = np.concatenate([[0.0], np.cumsum(1 / np.log2(position + 2))])

    def measured(rows: Rows) -> Floats:
        above, tied = _places(np.array(score(rows)), targets.job_rows[rows], targets.seen[rows])
        first, end = np.minimum(above, CUT), np.minimum(above + tied, CUT)
        return np.stack([recall_to[end] - recall_to[first], gain_to[end] - gain_to[first]]) / tied

    with ThreadPoolExecutor(WORKERS) as pool:
        recall, ndcg = np.concatenate(list(pool.map(measured, _chunks(len(targets)))), axis=1)
    return recall, ndcg


def report(dataset: Dataset, fit_on: Callable[[Dataset], MatchModel | PairScore], *, seed: int) -> pl.DataFrame:
    """Measure the baselines and a model on the next view.

    Args:
        dataset: a one-sided dataset.
        fit_on: fits a model, or any function that scores pairs, on the dataset without the held-out views.
        seed: seed of the bootstrap.

    Returns:
        One row per method: `method`, `n_candidates`, and `recall_at_10`, `ndcg_at_10` with their 95 % intervals over
        test candidates (`_low`, `_high`).

    Raises:
        UnusableData: no candidate viewed two jobs.
    """
    training, targets = holdout(dataset)
    model = existing_first(model_score(fit_on(training), targets), targets)
    methods = baselines(training, targets) | {"model": model}
    return pl.DataFrame([_row(name, *hits(score, targets), seed) for name, score in methods.items()])


def _row(method: str, recall: Floats, ndcg: Floats, seed: int) -> dict[str, str | int | float]:
    drawn = np.random.default_rng(seed).integers(0, len(recall), size=(BOOTSTRAP_ROUNDS, len(recall)))
    row: dict[str, str | int | float] = {"method": method, "n_candidates": len(recall)}
    for name, values in (("recall_at_10", recall), ("ndcg_at_10", ndcg)):
        low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
        row |= {name: float(values.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}
    return row


def _chunks(n: int) -> Iterator[Rows]:
    return (np.arange(start, min(start + CHUNK_CANDIDATES, n)) for start in range(0, n, CHUNK_CANDIDATES))


def _places(scores: Floats, job_rows: Rows, seen: csr_matrix) -> tuple[Rows, Rows]:
    """Return how many jobs rank above each target, and how many have its score, itself included."""
    scores[seen.nonzero()] = -np.inf
    own = scores[np.arange(len(job_rows)), job_rows][:, None]
    return (scores > own).sum(axis=1), (scores == own).sum(axis=1)
