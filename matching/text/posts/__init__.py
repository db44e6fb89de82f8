"""Understanding a job post: its sections, what it requires and what would help, years and seniority."""
