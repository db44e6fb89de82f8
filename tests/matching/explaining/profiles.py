"""A candidate and a job with a value for most groups of features."""

ADA = {
    "candidate_id": "c",
    "headline": "Senior backend engineer",
    "skills": [{"name": "Python"}, {"name": " SQL "}, {"name": "Go"}, {"name": "AWS"}, {"name": "Rust"}],
    "experience_years": 2.0,
    "city": "Austin",
    "region": "Texas",
    "country": "United States",
    "remote_wish": "remote",
    "wish_stack": ["Python", "Rust"],
    "wish_industries": ["Fintech"],
    "wish_company_sizes": ["1-10"],
    "expected_salary_usd_per_year": 98_000.0,
}
POST = {
    "job_id": "j",
    "title": "Backend developer",
    "must_have_skills": ["python", "SQL", "go", "AWS", "Kubernetes"],
    "nice_to_have_skills": ["Kafka"],
    "min_experience_years": 5.0,
    "max_experience_years": 9.0,
    "city": "Austin",
    "region": "Texas",
    "country": "United States",
    "remote_policy": "remote",
    "min_salary_usd_per_year": 80_000.0,
    "max_salary_usd_per_year": 90_000.0,
    "industry": "fintech",
    "company_size": "11-50",
}
