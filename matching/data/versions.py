"""The newest version of each profile."""

import polars as pl


def newest_versions(profiles: pl.DataFrame) -> pl.DataFrame:
    """Keep the newest version of each profile, in the order of their ids.

    Of two versions with the same time, the later row counts.

    Args:
        profiles: schema of `Candidate` or of `Job`.

    >>> from datetime import UTC, datetime
    >>> times = [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
    >>> profiles = pl.DataFrame({"job_id": ["b", "a", "a"], "title": ["Go", "old", "new"], "updated_at": times})
    >>> newest_versions(profiles).select("job_id", "title").rows()
    [('a', 'new'), ('b', 'Go')]
    """
    key = "candidate_id" if "candidate_id" in profiles.columns else "job_id"
    ordered = profiles.sort(key, "updated_at", maintain_order=True)
    return ordered.unique(key, keep="last", maintain_order=True)
