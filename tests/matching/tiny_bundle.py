"""A sealed bundle of a very small model: companies decide by skills, candidates by salary."""

import warnings
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from matching.arrays import Integers
from matching.data.dataset import Pairs
from matching.data.labels import LabelledPairs
from matching.data.tables import Candidate, Job, frame
from matching.explaining import contributions
from matching.model.manifest import seal
from matching.problems import load_problem
from matching.problems.estimators import Trees
from matching.training import fit

SKILLS = ("Python", "React", "Kubernetes", "Go", "Rust", "Spark")
PEOPLE, POSTS = 60, 20
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def tables(generator: np.random.Generator) -> Pairs:
    """Every pair of a few candidates and jobs."""
    chosen = [[str(name) for name in generator.choice(SKILLS, 3, replace=False)] for _ in range(PEOPLE + POSTS)]
    people = [
        {
            "candidate_id": f"c{n}",
            "headline": f"{skills[0]} engineer",
            "skills": [{"name": name, "years": 2.0} for name in skills],
            "expected_salary_usd_per_year": 80_000.0 + 1_000 * n,
            "updated_at": MOMENT,
        }
        for n, skills in enumerate(chosen[:PEOPLE])
    ]
    posts = [
        {
            "job_id": f"j{n}",
            "title": f"{skills[0]} developer",
            "must_have_skills": skills[:2],
            "max_salary_usd_per_year": 90_000.0 + 3_000 * n,
            "updated_at": MOMENT,
        }
        for n, skills in enumerate(chosen[PEOPLE:])
    ]
    rows: list[Integers] = [axis.ravel() for axis in np.meshgrid(np.arange(PEOPLE), np.arange(POSTS))]
    return Pairs(frame(Candidate, people), frame(Job, posts), *rows)


def labelled(pairs: Pairs, generator: np.random.Generator) -> LabelledPairs:
    """Companies reach out to candidates with both skills; candidates accept jobs that pay enough."""
    has = [{skill["name"] for skill in row} for row in pairs.candidates["skills"].to_list()]
    must = [set(row) for row in pairs.jobs["must_have_skills"].to_list()]
    covered = np.array([len(has[c] & must[j]) for c, j in zip(pairs.candidate_rows, pairs.job_rows, strict=True)])
    expected = pairs.candidates["expected_salary_usd_per_year"].to_numpy()[pairs.candidate_rows]
    offered = pairs.jobs["max_salary_usd_per_year"].to_numpy()[pairs.job_rows]
    drawn = generator.random((2, len(pairs)))
    company = (drawn[0] < np.array([0.05, 0.3, 0.8])[covered]).astype(np.float64)
    accepts = (drawn[1] < np.where(offered >= expected, 0.8, 0.2)).astype(np.float64)
    ones = np.ones(len(pairs))
    time = np.full(len(pairs), np.datetime64("2026-01-01", "us"))
    return LabelledPairs(
        pairs=pairs,
        time=time,
        lists=np.arange(len(pairs)),
        company=company,
        candidate=np.where(company == 1, accepts, np.nan),
        propensity=ones,
        weight=ones,
    )


def write(folder: Path) -> Path:
    """Train and seal a bundle; it is the same every time."""
    generator = np.random.default_rng(7)
    pairs = tables(generator)
    train, calibration = labelled(pairs, generator), labelled(pairs, generator)
    problem = replace(load_problem("marketplace"), estimator=Trees(max_iter=40, min_samples_leaf=20))
    fitted = fit.fit(train, calibration, seed=7, problem=problem)
    features = fitted.transform(pairs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # skl2onnx gives protobuf numpy's bool
        fit.write(fitted, folder, source="marketplace", facts={}, check=features[:50])
    background = contributions.choose_background(features, seed=7)
    contributions.write_background(background, fitted.features.feature_names, folder)
    seal(folder, {"source": "marketplace"})
    return folder
