"""Golden requests: made-up profiles with their scores at training, which a deployed model must reproduce."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile, frame
from matching.model import GOLDEN_REQUESTS
from matching.model.match_model import MatchModel

N_REQUESTS = 12


def write(model: MatchModel, jobs: pl.DataFrame, folder: Path, *, seed: int) -> None:
    """Write the golden requests of a model.

    The jobs are drawn from `jobs`; the candidates are made up from other jobs, so that the bundle contains no
    person's data and the model's vocabulary covers the text.

    Args:
        model: the model whose scores are recorded.
        jobs: schema of `Job`.
        folder: the bundle.
        seed: seed of the draw.
    """
    generator = np.random.default_rng(seed)
    drawn = generator.choice(jobs.height, size=(N_REQUESTS, 2))
    profiles = jobs.select(list(JobProfile.model_fields)).to_dicts()
    requests = [
        {"candidate": _made_up(profiles[like], number), "job": profiles[job] | {"job_id": f"golden-job-{number}"}}
        for number, (job, like) in enumerate(drawn.tolist())
    ]
    rows = np.arange(len(requests))
    pairs = Pairs(
        frame(CandidateProfile, [request["candidate"] for request in requests]),
        frame(JobProfile, [request["job"] for request in requests]),
        rows,
        rows,
    )
    scores = model.score(pairs)
    for number, request in enumerate(requests):
        by_name = {"company": scores.company, "candidate": scores.candidate, "match": scores.match}
        request["scores"] = {name: float(values[number]) for name, values in by_name.items() if values is not None}
    text = json.dumps({"cases": requests}, indent=1, default=datetime.isoformat)
    (folder / GOLDEN_REQUESTS).write_text(text, encoding="utf-8")


def _made_up(job: dict[str, Any], number: int) -> dict[str, Any]:
    """Make up a candidate who would suit this job; every third one leaves the optional fields out."""
    candidate: dict[str, Any] = {"candidate_id": f"golden-candidate-{number}", "headline": job["title"], "skills": []}
    if number % 3 == 2:
        return candidate
    return candidate | {
        "resume": job["description"],
        "skills": [{"name": name, "years": float(number % 7)} for name in job["must_have_skills"]],
        "experience_years": job["min_experience_years"],
        "city": job["city"],
        "region": job["region"],
        "country": job["country"],
        "remote_wish": job["remote_policy"],
        "wish_roles": [job["title"]] if 0 < len(job["title"]) <= 120 else [],
        "wish_stack": job["nice_to_have_skills"],
        "wish_company_sizes": [job["company_size"]] if job["company_size"] else [],
        "wish_industries": [job["industry"]] if job["industry"] else [],
        "expected_salary_usd_per_year": job["max_salary_usd_per_year"],
        "last_active_at": job["posted_at"],
    }
