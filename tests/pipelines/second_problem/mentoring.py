"""Mentors and students, a second problem: students stand as the candidates, a mentor's free place as the job."""

from pathlib import Path

import polars as pl
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from matching.data.dataset import Dataset
from matching.data.progress import Progress
from matching.data.tables import Candidate, Event, Job
from matching.evaluation.thresholds import GateThresholds
from matching.features.table_features import TableFeatures
from matching.problems.problem import Problem
from matching.sources.tables import complete, read_csv

NAMES = {"since": "updated_at", "student": "candidate_id", "goal": "headline", "years": "experience_years"}
NAMES |= {"mentor": "job_id", "teaches": "title", "from_years": "min_experience_years", "town": "city"}
INPUTS = {  # each feature, and the columns it is computed from: monitoring names them
    "years_above": ("candidate.experience_years", "job.min_experience_years"),
    "same_subject": ("candidate.headline", "job.title"),
    "same_town": ("candidate.city", "job.city"),
}


class Meetings:
    def load(self, data: Path | None, *, seed: int, progress: Progress) -> Dataset:  # noqa: ARG002 - nothing is random
        assert data is not None, "needs_files has been checked"
        tables = (read_csv(data / f"{name}.csv").rename(NAMES, strict=False) for name in ("students", "mentors", "log"))
        dated = (t.with_columns(pl.col("^updated_at|time$").str.to_datetime(time_zone="UTC")) for t in tables)
        return Dataset("mentoring", *map(complete, (Candidate, Job, Event), dated))


def features() -> TableFeatures:
    years = lambda student, mentor: student["experience_years"] - mentor["min_experience_years"]  # noqa: E731
    subject = lambda student, mentor: student["headline"] == mentor["title"]  # noqa: E731
    town = lambda student, mentor: (student["city"] == mentor["city"]).fill_null(value=False)  # noqa: E731
    return TableFeatures({"years_above": years, "same_subject": subject, "same_town": town}, INPUTS)


def model(seed: int) -> Pipeline:
    return make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(random_state=seed))


GATE = GateThresholds(max_ece=0.08, min_auc=0.7)
PROBLEM = Problem(Meetings(), features, model, ("candidate.city",), GATE, needs_files=True)
