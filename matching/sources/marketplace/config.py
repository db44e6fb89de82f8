"""What is simulated: sizes, weeks, and how long candidates and jobs stay."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from matching.errors import InputError

CANDIDATE_LIFE_WEEKS = 26.0
"""Mean of the exponential time that a candidate stays active."""
EDIT_WEEKS = 30.0
"""Mean of the exponential time until a candidate edits the profile."""
JOB_LIFE_WEEKS = (2.0, 8.0)
"""Bounds of the uniform time that a job stays open."""
GROUPS = 8
"""A candidate can be shown for a job in only one of this many weeks, so that no pair is shown twice."""


@dataclass(frozen=True)
class MarketplaceConfig:
    """Size and time of one simulated log.

    Attributes:
        n_candidates: candidates who are active at some time during the log.
        n_jobs: jobs that are open at some time during the log.
        n_impressions: target number of impressions; there are fewer if a small market runs out of candidates.
        weeks: length of the log.
        list_length: candidates shown in one search.
        start: first moment of the log, UTC.
        position_bias: the propensity of a position is position ** -position_bias.
        pool_length: candidates that a search ranks, as a multiple of `list_length`.
        limit_share: share of the candidates who have each kind of hard limit (`matching.rules.hard_limits`).
    """

    n_candidates: int = 4_000
    n_jobs: int = 800
    n_impressions: int = 120_000
    weeks: int = 26
    list_length: int = 25
    start: datetime = datetime(2026, 1, 5, tzinfo=UTC)
    position_bias: float = 0.5
    pool_length: int = 10
    limit_share: float = 0.0

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise InputError("start has no time zone: give a UTC time")
        sizes = (self.n_candidates, self.n_jobs, self.n_impressions, self.weeks, self.list_length, self.pool_length)
        if min(sizes) < 1:
            raise InputError("every size of a marketplace must be at least 1")
        if not 0 <= self.limit_share <= 1:
            raise InputError("limit_share must be from 0 to 1")

    @property
    def end(self) -> datetime:
        """First moment after the log."""
        return self.start + timedelta(weeks=self.weeks)

    def lists_in_week(self, week: int) -> int:
        """Number of searches in one week; the sum over all weeks is `n_impressions / list_length`."""
        total = max(1, round(self.n_impressions / self.list_length))
        return (week + 1) * total // self.weeks - week * total // self.weeks
