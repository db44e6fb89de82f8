"""A small marketplace in numbers: lists of candidates per job, features of both sides, labels that fit."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from monitoring.windows import Sample

SKILLS = 6
INPUTS = {
    "candidate_expected_salary_usd_per_year": ("candidate.expected_salary_usd_per_year",),
    "candidate_experience_years": ("candidate.experience_years",),
    "job_min_experience_years": ("job.min_experience_years",),
    "job_max_salary_usd_per_year": ("job.max_salary_usd_per_year",),
    "job_remote_policy": ("job.remote_policy",),
    "candidate_new_skill_share": ("candidate.skills",),
    "must_have_coverage": ("candidate.skills", "job.must_have_skills"),
    "salary_headroom_log": ("candidate.expected_salary_usd_per_year", "job.max_salary_usd_per_year"),
    "experience_gap_years": ("candidate.experience_years", "job.min_experience_years"),
}


@dataclass(frozen=True)
class Market:
    """Draws samples of the log. Jobs recur in several lists, and candidates in several jobs."""

    people: int = 6_000
    salary_factor: float = 1.0
    monthly_share: float = 0.0
    missing_salary: float = 0.05
    new_skill_share: float = 0.01
    candidate_taste: float = 1.0
    start: datetime = field(default=datetime(2026, 3, 1, tzinfo=UTC))

    def with_(self, **changes: float) -> "Market":
        return replace(self, **changes)

    def sample(self, seed: int, lists: int, size: int, *, lists_per_job: int = 2, propensity: bool = False) -> Sample:
        rng = np.random.default_rng(seed)
        list_job = rng.integers(max(1, lists // lists_per_job), size=lists)
        job = np.repeat(list_job, size)
        candidate = rng.integers(self.people, size=lists * size)
        features = self._features(rng, job, candidate)
        truth, given = self._scores(features)
        seen = rng.uniform(0.3, 1.0, len(job)) if propensity else np.ones(len(job))
        outreach = rng.random(len(job)) < truth["company"] * seen
        accept = rng.random(len(job)) < truth["candidate"]
        frame = pl.DataFrame(
            {
                "prediction_id": [f"p{i}" for i in range(len(job))],
                "request_id": np.repeat([f"r{i}" for i in range(lists)], size),
                "predicted_at": [self.start + timedelta(seconds=i) for i in range(len(job))],
                "model_version": "3",
                "candidate_id": [f"c{i}" for i in candidate],
                "job_id": [f"j{seed}-{i}" for i in job],
                "company_probability": given["company"],
                "candidate_probability": given["candidate"],
                "match_probability": given["company"] * given["candidate"],
                "company_label": outreach,
                "candidate_label": pl.Series([bool(a) if o else None for a, o in zip(accept, outreach, strict=True)]),
                "propensity": pl.Series(seen) if propensity else pl.Series([None] * len(job), dtype=pl.Float64),
                **{name: values.astype(np.float32) for name, values in features.items()},
            }
        )
        return Sample.of(frame, "test")

    def _features(self, rng: np.random.Generator, job: np.ndarray, candidate: np.ndarray) -> dict[str, np.ndarray]:
        people = np.random.default_rng(1)
        years = people.gamma(2.5, 3.0, self.people)[candidate]
        salary = (70_000 * np.exp(0.035 * years + people.normal(0, 0.25, self.people)[candidate])) * self.salary_factor
        salary = np.where(rng.random(len(job)) < self.monthly_share, salary / 12, salary)
        salary = np.where(rng.random(len(job)) < self.missing_salary, np.nan, salary)
        n_jobs = job.max() + 1
        needed = rng.choice([0.0, 2.0, 3.0, 5.0, 8.0], n_jobs)[job]
        paid = (80_000 * np.exp(rng.normal(0, 0.3, n_jobs)))[job]
        features = {
            "candidate_expected_salary_usd_per_year": salary,
            "candidate_experience_years": years,
            "job_min_experience_years": needed,
            "job_max_salary_usd_per_year": paid,
            "job_remote_policy": rng.choice([0.0, 1.0, 2.0], n_jobs, p=[0.3, 0.5, 0.2])[job],
            "candidate_new_skill_share": rng.binomial(8, self.new_skill_share, len(job)) / 8,
            "must_have_coverage": rng.binomial(4, np.repeat(0.4, len(job))) / 4,
            "salary_headroom_log": np.log(paid / salary),
            "experience_gap_years": years - needed,
        }
        features |= {f"job_trait_{i}": rng.normal(size=n_jobs)[job] for i in range(8)}
        features |= {f"candidate_trait_{i}": people.normal(size=self.people)[candidate] for i in range(8)}
        features |= {f"similarity_{i}": rng.beta(2, 8, n_jobs)[job] + rng.beta(2, 8, len(job)) for i in range(6)}
        return features

    def _scores(self, features: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """True probabilities and those the model gives: calibrated unless the taste changed."""
        headroom = np.nan_to_num(features["salary_headroom_log"])
        fit = 3 * (features["must_have_coverage"] - 0.4) + 4 * (features["similarity_0"] - 0.4)
        company = -1.2 + fit
        liking = 1.5 * headroom + features["candidate_trait_0"]
        given = {"company": _sigmoid(company), "candidate": _sigmoid(liking)}
        return {"company": given["company"], "candidate": _sigmoid(self.candidate_taste * liking)}, given


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
