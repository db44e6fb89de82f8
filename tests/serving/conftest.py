"""A real, small bundle, and the real application that answers with it."""

import json
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from fastapi import FastAPI

from home.settings import Settings
from matching.data.dataset import Pairs
from matching.data.labels import LabelledPairs
from matching.data.tables import Candidate, Job, JobProfile, frame
from matching.explaining import contributions
from matching.features.pair_features import PairFeatures
from matching.features.transformer import TransformerEncoder
from matching.model import golden_requests, support
from matching.model.manifest import seal
from matching.model.match_model import MatchModel
from matching.problems import load_problem
from matching.problems.estimators import Trees
from matching.training import fit
from serving.answers.loading import load_model
from serving.api.app import create_app
from store.database import connect
from store.profiles import replace_all
from tests.serving.calling import Client

SKILLS = ("Python", "React", "PostgreSQL", "Kubernetes", "Go", "TypeScript", "Rust", "Spark")
QUICK = replace(load_problem("marketplace"), estimator=Trees(max_iter=20, max_bins=63))
MODEL_NAME, MODEL_VERSION = "tandem-small", "3"


def candidate_rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Made-up candidates; every fourth has only the required fields."""
    generator = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        skills = [str(name) for name in generator.choice(SKILLS, size=3, replace=False)]
        row: dict[str, Any] = {
            "candidate_id": f"c{seed}-{number}",
            "headline": f"{skills[0]} engineer",
            "skills": [{"name": name, "years": None if number % 3 else 2.5} for name in skills],
        }
        if number % 4:
            row |= {
                "resume": f"I build things with {' and '.join(skills)}.",
                "experience_years": float(generator.uniform(0, 20)),
                "city": str(generator.choice(["Austin", "Denver"])),
                "region": "Texas",
                "remote_wish": str(generator.choice(["onsite", "hybrid", "remote", "any"])),
                "wish_stack": skills[:1],
                "expected_salary_usd_per_year": float(generator.uniform(60_000, 200_000)),
            }
        rows.append(row)
    return rows


def job_rows(count: int, seed: int = 2) -> list[dict[str, Any]]:
    """Made-up jobs."""
    generator = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        skills = [str(name) for name in generator.choice(SKILLS, size=3, replace=False)]
        rows.append(
            {
                "job_id": f"j{seed}-{number}",
                "title": f"{skills[0]} developer",
                "description": f"We use {' and '.join(skills)}.",
                "must_have_skills": skills[:2],
                "nice_to_have_skills": skills[2:],
                "min_experience_years": float(generator.uniform(0, 8)),
                "city": "Austin",
                "region": "Texas",
                "remote_policy": str(generator.choice(["onsite", "hybrid", "remote"])),
                "max_salary_usd_per_year": float(generator.uniform(80_000, 220_000)),
            }
        )
    return rows


def _labelled(pairs: Pairs, features: PairFeatures, seed: int) -> LabelledPairs:
    """Pairs with made-up labels: the more skills are covered, the more often both sides say yes."""
    generator = np.random.default_rng(seed)
    covered = features.transform(pairs)[:, list(_names()).index("must_have_coverage")]
    company = (generator.random(len(pairs)) < 0.1 + 0.7 * covered).astype(float)
    candidate = np.where(company == 1, (generator.random(len(pairs)) < 0.4).astype(float), np.nan)
    ones = np.ones(len(pairs))
    time_ = np.full(len(pairs), np.datetime64("2026-01-01", "us"))
    return LabelledPairs(pairs, time_, np.arange(len(pairs)), company, candidate, ones, ones)


def _names() -> tuple[str, ...]:
    from matching.features.columns import FEATURE_NAMES

    return FEATURE_NAMES


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed bundle of a small model, with its release beside it."""
    return write_bundle(tmp_path_factory.mktemp("release"))


def write_bundle(home: Path, text_encoder: TransformerEncoder | None = None) -> Path:
    folder = home / "bundle"
    moment = {"updated_at": datetime(2026, 1, 1, tzinfo=UTC)}
    candidates = frame(Candidate, [row | moment for row in candidate_rows(80)])
    jobs = frame(Job, [row | moment for row in job_rows(20)])
    everyone, every_job = (axis.ravel() for axis in np.meshgrid(np.arange(80), np.arange(20)))
    pairs = Pairs(candidates, jobs, everyone, every_job)
    encoder = PairFeatures().fit(candidates, jobs)
    train, calibration = _labelled(pairs, encoder, 5), _labelled(pairs, encoder, 6)
    declared = replace(QUICK, features=wraps(PairFeatures)(lambda: PairFeatures(text_encoder)))
    fitted = fit.fit(train, calibration, seed=7, problem=declared)
    check = fitted.transform(pairs.take(np.arange(50)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # skl2onnx gives protobuf numpy's uint8 and bool
        fit.write(fitted, folder, source="marketplace", facts={}, check=check)
    features = fitted.transform(calibration.pairs)
    contributions.write_background(contributions.choose_background(features, seed=7), _names(), folder)
    support.write(support.fit_all(fitted.score_features(features), calibration), folder)
    (folder / "metrics.json").write_text(json.dumps({"match": {"auc": 0.7, "ndcg": float("nan")}}))
    (folder / "card.md").write_text("# A small model\n")
    seal(folder, {"source": "marketplace"})
    (home / "release.json").write_text(
        json.dumps(
            {
                "model_name": MODEL_NAME,
                "model_version": MODEL_VERSION,
                "trained_at": "2026-01-01T00:00:00Z",
                "promoted_at": "2026-01-02T00:00:00Z",
            }
        )
    )
    return folder


@pytest.fixture(scope="session")
def stored() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Candidates and jobs to store."""
    moment = {"updated_at": datetime(2026, 1, 1, tzinfo=UTC)}
    candidates = [row | moment for row in candidate_rows(60, seed=11)]
    return frame(Candidate, candidates), frame(Job, [row | moment for row in job_rows(12, seed=12)])


def load(bundle: Path, home: Path, stored: tuple[pl.DataFrame, pl.DataFrame] | None = None) -> FastAPI:
    """The application with a model and a log of its own, and with stored profiles if there are any."""
    settings = Settings(home=home, database_url=None)
    if stored is not None:
        engine = connect(settings.log_url)
        replace_all(engine, "marketplace", *stored)
        engine.dispose()
    app = create_app(bundle)
    app.state.served = load_model(settings, bundle)
    return app


@pytest.fixture(scope="session")
def client(
    bundle: Path, stored: tuple[pl.DataFrame, pl.DataFrame], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """One application for all tests that need no log of their own."""
    client = Client(load(bundle, tmp_path_factory.mktemp("api"), stored))
    yield client
    client.served.close()


@pytest.fixture(scope="session")
def golden_bundle(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small model's bundle with golden requests, as training writes it."""
    folder = tmp_path_factory.mktemp("golden") / "bundle"
    shutil.copytree(bundle, folder, ignore=shutil.ignore_patterns("manifest.json"))
    golden_requests.write(MatchModel.load(folder), frame(JobProfile, job_rows(20)), folder, seed=3)
    (folder / "reference.parquet").write_bytes(b"holdout rows, which are personal data")
    seal(folder, {"source": "marketplace"})
    return folder
