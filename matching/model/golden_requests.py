"""Golden cases: made-up profiles with the scores recorded at training, asked again of every deployed service."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile, frame
from matching.model.match_model import MatchModel

GOLDEN = "golden.json"
CASES = 12


def write(model: MatchModel, jobs: pl.DataFrame, folder: Path, *, seed: int) -> None:
    """Write the golden requests of a model.

    The posts are taken from `jobs`; the candidates are made up from other posts, so that no person's data is in the
    bundle and the text is in the model's vocabulary.

    Args:
        model: the model whose scores are recorded.
        jobs: posts, schema of `Job`.
        folder: the bundle.
        seed: seed of the choice.
    """
    generator = np.random.default_rng(seed)
    chosen = generator.choice(jobs.height, size=(CASES, 2))
    posts = jobs.select(list(JobProfile.model_fields)).to_dicts()
    cases = [
        {"candidate": _made_up(posts[like], number), "job": posts[asked] | {"job_id": f"golden-job-{number}"}}
        for number, (asked, like) in enumerate(chosen.tolist())
    ]
    rows = np.arange(len(cases))
    pairs = Pairs(
        frame(CandidateProfile, [case["candidate"] for case in cases]),
        frame(JobProfile, [case["job"] for case in cases]),
        rows,
        rows,
    )
    scores = model.score(pairs)
    for number, case in enumerate(cases):
        answers = {"company": scores.company, "candidate": scores.candidate, "match": scores.match}
        case["scores"] = {name: float(values[number]) for name, values in answers.items() if values is not None}
    text = json.dumps({"cases": cases}, indent=1, default=datetime.isoformat)
    (folder / GOLDEN).write_text(text, encoding="utf-8")


def _made_up(post: dict[str, Any], number: int) -> dict[str, Any]:
    """Make up a candidate who could have written this post; every third leaves the optional fields out."""
    person: dict[str, Any] = {"candidate_id": f"golden-candidate-{number}", "headline": post["title"], "skills": []}
    if number % 3 == 2:
        return person
    return person | {
        "resume": post["description"],
        "skills": [{"name": name, "years": float(number % 7)} for name in post["must_have_skills"]],
        "experience_years": post["min_experience_years"],
        "city": post["city"],
        "region": post["region"],
        "country": post["country"],
        "remote_wish": post["remote_policy"],
        "wish_roles": [post["title"]] if 0 < len(post["title"]) <= 120 else [],
        "wish_stack": post["nice_to_have_skills"],
        "wish_company_sizes": [post["company_size"]] if post["company_size"] else [],
        "wish_industries": [post["industry"]] if post["industry"] else [],
        "expected_salary_usd_per_year": post["max_salary_usd_per_year"],
        "last_active_at": post["posted_at"],
    }
