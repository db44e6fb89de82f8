"""Examples on the OpenAPI page. Each runs as shown against any deployed model."""

from typing import Any

from matching.data.tables import CandidateProfile, JobProfile
from store.predictions import EXAMPLE

ADA: dict[str, Any] = {
    "candidate_id": "example-candidate-1",
    "headline": "Senior backend engineer, Python and PostgreSQL",
    "resume": "Eight years of backend work: payment APIs in Python, PostgreSQL tuning, Kubernetes in production.",
    "skills": [{"name": "Python", "years": 8}, {"name": "PostgreSQL", "years": 6}, {"name": "Kubernetes", "years": 3}],
    "experience_years": 8,
    "city": "Austin",
    "region": "Texas",
    "country": "United States",
    "remote_wish": "hybrid",
    "wish_roles": ["Backend engineer"],
    "wish_stack": ["Python"],
    "wish_company_sizes": ["51-200", "201-1000"],
    "wish_industries": ["Fintech"],
    "expected_salary_usd_per_year": 150_000,
}
LIN: dict[str, Any] = {
    "candidate_id": "example-candidate-2",
    "headline": "Frontend developer, TypeScript and React",
    "skills": [{"name": "TypeScript", "years": 3}, {"name": "React", "years": 3}],
    "experience_years": 3,
    "city": "Denver",
    "region": "Colorado",
    "country": "United States",
    "remote_wish": "remote",
}
BACKEND: dict[str, Any] = {
    "job_id": "example-job-1",
    "title": "Senior backend engineer (Python)",
    "description": "You build and run the payment APIs of a growing fintech.",
    "must_have_skills": ["Python", "PostgreSQL"],
    "nice_to_have_skills": ["Kubernetes"],
    "min_experience_years": 5,
    "max_experience_years": 12,
    "city": "Austin",
    "region": "Texas",
    "country": "United States",
    "remote_policy": "hybrid",
    "min_salary_usd_per_year": 140_000,
    "max_salary_usd_per_year": 170_000,
    "company": "Example Payments",
    "industry": "Fintech",
    "company_size": "51-200",
}
FRONTEND: dict[str, Any] = {
    "job_id": "example-job-2",
    "title": "Frontend developer",
    "must_have_skills": ["React"],
    "remote_policy": "remote",
}

EXAMPLE_CANDIDATE = CandidateProfile.model_validate(ADA)
EXAMPLE_JOB = JobProfile.model_validate(BACKEND)

MATCH = {
    "one_pair": {"summary": "One pair", "value": {"pairs": [{"candidate": ADA, "job": BACKEND}]}},
    "two_pairs": {
        "summary": "Two candidates for one job",
        "value": {"pairs": [{"candidate": ADA, "job": BACKEND}, {"candidate": LIN, "job": BACKEND}]},
    },
}
RANK_CANDIDATES = {
    "given_candidates": {
        "summary": "Rank candidates from the request for a job",
        "value": {"job": BACKEND, "candidates": [ADA, LIN], "limit": 2},
    },
}
RANK_JOBS = {
    "given_jobs": {
        "summary": "Rank jobs from the request for a candidate",
        "value": {"candidate": LIN, "jobs": [BACKEND, FRONTEND], "limit": 2},
    },
}
PLAN_OUTREACH = {
    "given_profiles": {
        "summary": "Two jobs share two candidates; each is contacted once",
        "value": {"jobs": [BACKEND, FRONTEND], "candidates": [ADA, LIN], "limit": 1, "max_exposure": 1},
    },
}
EXPLAIN = {
    "a_pair": {"summary": "Explain a pair", "value": {"candidate": ADA, "job": BACKEND}},
}
ADVISE_CANDIDATE = {
    "given_jobs": {
        "summary": "Advise a candidate; examine jobs from the request",
        "value": {"candidate": LIN, "jobs": [BACKEND, FRONTEND], "limit": 3},
    },
}
ADVISE_JOB = {
    "given_candidates": {
        "summary": "Advise a company about a job; examine candidates from the request",
        "value": {"job": BACKEND, "candidates": [ADA, LIN], "limit": 3},
    },
}
FEEDBACK = {
    "one_outcome": {
        "summary": "The candidate accepted",
        "value": {"prediction_id": EXAMPLE, "outcome": "accept"},
    },
    "several_outcomes": {
        "summary": "Several outcomes; all are recorded or none",
        "value": [
            {"prediction_id": EXAMPLE, "outcome": "outreach"},
            {"prediction_id": EXAMPLE, "outcome": "accept"},
        ],
    },
}
