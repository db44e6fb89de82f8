"""A small two-sided market and a model trained on it, made once."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from home.settings import Settings
from matching.data.dataset import Dataset
from matching.data.splits import split
from matching.data.tables import Candidate, Event, Job, frame
from matching.model import manifest
from matching.model.match_model import MatchModel
from matching.problems import load_problem
from matching.problems.estimators import Trees
from matching.sources import tables as tables_source
from matching.training import fit
from pipelines.environment import prefect_variables
from pipelines.registry.registry import Registry

SKILLS = ("python", "go", "java", "react", "kafka", "rust", "sql", "aws")
QUICK = replace(load_problem("tables"), estimator=Trees(max_iter=30, max_bins=63, min_samples_leaf=20))
START = datetime(2026, 1, 1, tzinfo=UTC)


def small_dataset(seed: int = 1, n_lists: int = 2000) -> Dataset:
    """Companies ask the experienced who have the skills, candidates accept who earn more: easy to learn.

    That experience counts no hand-written rule can see, since no post states it.
    """
    generator = np.random.default_rng(seed)
    candidates = [_candidate(generator, number) for number in range(200)]
    jobs = [_job(generator, number) for number in range(60)]
    events: list[dict[str, Any]] = []
    for number in range(n_lists):
        _show(generator, events, number, candidates, jobs)
    sorted_events = frame(Event, events).sort("time", maintain_order=True)
    return Dataset("tables", frame(Candidate, candidates), frame(Job, jobs), sorted_events)


def _candidate(generator: np.random.Generator, number: int) -> dict[str, Any]:
    skills = generator.choice(SKILLS, 3, replace=False)
    return {
        "candidate_id": f"c{number}",
        "headline": f"{skills[0]} engineer",
        "resume": "I build things with " + " and ".join(skills),
        "skills": [{"name": str(skill), "years": float(generator.integers(1, 9))} for skill in skills],
        "experience_years": float(generator.integers(1, 20)),
        "expected_salary_usd_per_year": float(generator.integers(60, 160)) * 1000,
        "updated_at": START - timedelta(days=1),
    }


def _job(generator: np.random.Generator, number: int) -> dict[str, Any]:
    skills = [str(skill) for skill in generator.choice(SKILLS, 2, replace=False)]
    low = float(generator.integers(60, 140)) * 1000
    return {
        "job_id": f"j{number}",
        "title": f"{skills[0]} engineer",
        "description": "You will work with " + " and ".join(skills),
        "must_have_skills": skills,
        "min_salary_usd_per_year": low,
        "max_salary_usd_per_year": low + 30_000,
        "updated_at": START - timedelta(days=1),
    }


def _show(
    generator: np.random.Generator,
    events: list[dict[str, Any]],
    number: int,
    candidates: list[dict[str, Any]],
    jobs: list[dict[str, Any]],
) -> None:
    """One ranked list of ten candidates for a job, and what came of it."""
    job = jobs[generator.integers(0, len(jobs))]
    at = START + timedelta(hours=1.44 * number)
    for position, row in enumerate(generator.choice(len(candidates), 10, replace=False), start=1):
        person = candidates[row]
        ids = {"candidate_id": person["candidate_id"], "job_id": job["job_id"]}
        shown = {"list_id": f"l{number}", "position": position, "propensity": 1.0}
        events.append(ids | shown | {"kind": "impression", "time": at})
        skilled = len({skill["name"] for skill in person["skills"]} & set(job["must_have_skills"]))
        senior = person["experience_years"] >= 8
        if generator.random() > (0.05, 0.3, 0.5)[skilled] + 0.4 * senior:
            continue
        events.append(ids | {"kind": "outreach", "time": at + timedelta(hours=2)})
        headroom = (job["max_salary_usd_per_year"] - person["expected_salary_usd_per_year"]) / 20_000
        accepts = generator.random() < 1 / (1 + np.exp(-headroom))
        events.append(ids | {"kind": "accept" if accepts else "decline", "time": at + timedelta(hours=9)})


def seal_bundle(dataset: Dataset, folder: Path, *, seed: int = 7) -> Path:
    """Train and seal a bundle as the flow does, without its pages."""
    parts = split(dataset, maturity=timedelta(days=1), seed=seed)
    fitted = fit.fit(
        parts.train,
        parts.calibration,
        seed=seed,
        problem=QUICK,
    )
    check = fitted.transform(parts.holdout.pairs.take(np.arange(50)))
    fit.write(fitted, folder, source="tables", facts={"cuts": {}}, check=check)
    model = MatchModel.load(folder)
    pairs = parts.holdout.pairs.take(np.arange(3))
    scores = model.score(pairs)
    cases = [
        {
            "candidate": _plain(dataset.candidates.drop("updated_at"), int(pairs.candidate_rows[row])),
            "job": _plain(dataset.jobs.drop("updated_at"), int(pairs.job_rows[row])),
            "scores": {
                "match": float(scores.match[row]),
                "company": None if scores.company is None else float(scores.company[row]),
                "candidate": None if scores.candidate is None else float(scores.candidate[row]),
            },
        }
        for row in range(3)
    ]
    (folder / "golden.json").write_text(json.dumps({"cases": cases}))
    manifest.seal(folder, {"note": "made by a test"})
    return folder


def _plain(table: pl.DataFrame, row: int) -> dict[str, Any]:
    return table.row(row, named=True)


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return small_dataset()


@pytest.fixture(scope="session")
def tables_folder(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    tables_source.write(dataset, folder)
    return folder


@pytest.fixture(scope="session")
def bundle(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal_bundle(dataset, tmp_path_factory.mktemp("models") / "one")


@pytest.fixture(scope="session")
def other_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal_bundle(small_dataset(seed=2), tmp_path_factory.mktemp("models") / "two")


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Making MLflow's database takes seconds, so it is made once and copied."""

    def make(home: Path) -> None:
        Registry(Settings(home=home)).client.search_experiments()

    return made_once("registry", make, tmp_path_factory) / "mlflow" / "mlflow.db"


@pytest.fixture(scope="session")
def empty_prefect(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Making Prefect's database takes seconds too."""

    def make(home: Path) -> None:
        command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
        environment = os.environ | prefect_variables(Settings(home=home))
        subprocess.run(command, env=environment, check=True, capture_output=True)

    return made_once("prefect", make, tmp_path_factory) / "prefect" / "prefect.db"


def made_once(name: str, make: Callable[[Path], None], factory: pytest.TempPathFactory) -> Path:
    """Return a folder that the first of all workers fills and the others find."""
    common = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    folder = common / name
    with (common / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not folder.exists():
            make(unfinished := factory.mktemp(name))
            unfinished.rename(folder)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", source="tables", label_maturity_days=1.0)
