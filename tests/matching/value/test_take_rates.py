"""Take rates of a log whose newest accepts have not had the whole horizon."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from matching.data.tables import EventKind
from matching.value.take_rates import take_rates
from tests.matching.small_market import Trained


def answered(n: int, hires: float, seed: int) -> pl.DataFrame:
    """Accepts over 20 weeks; a share of them become hires after an exponential time with a mean of 4 weeks."""
    generator = np.random.default_rng(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    began = generator.uniform(0, 140, n)
    took = np.flatnonzero(generator.random(n) < hires)
    after = began[took] + generator.exponential(28, len(took))
    days = np.concatenate([began, after])
    pair = np.concatenate([np.arange(n), took]).astype(str)
    kinds = [str(EventKind.ACCEPT)] * n + [str(EventKind.HIRE)] * len(took)
    times = [start + timedelta(days=float(day)) for day in days]
    return pl.DataFrame({"candidate_id": pair, "job_id": pair, "kind": kinds, "time": times}).sort("time")


def test_accepts_that_are_too_recent_do_not_lower_the_rate_of_hires() -> None:
    until = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=140)
    within_horizon = 0.3 * (1 - np.exp(-3))
    shares, inside = [], 0
    for seed in range(30):
        rates = take_rates(answered(600, 0.3, seed), until=until)
        assert rates.interview is None
        assert rates.hire is not None
        shares.append(rates.hire.share)
        low, high = np.quantile(rates.hire.draws(500, seed), [0.05, 0.95])
        inside += int(low < within_horizon < high)
    counted = answered(600, 0.3, 0).filter((pl.col("kind") == "hire") & (pl.col("time") <= until)).height / 600
    assert np.mean(shares) == pytest.approx(within_horizon, abs=0.01)
    assert counted < within_horizon - 0.04, "a plain count of hires is too low"
    assert inside >= 22


def test_rates_ignore_later_events(trained: Trained) -> None:
    until = trained.parts.cuts.calibration_end
    early = trained.dataset.events.filter(pl.col("time") <= until)
    assert take_rates(early, until=until) == take_rates(trained.dataset.events, until=until)


def test_a_rate_of_zero_is_still_uncertain() -> None:
    events = answered(50, 0.0, 1)
    one = events.head(1).with_columns(candidate_id=pl.lit("x"), kind=pl.lit("hire"))
    until = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=140)
    rate = take_rates(pl.concat([events, one]).sort("time"), until=until).hire
    assert rate is not None
    assert 0 < rate.draws(300, 1).std() < 0.2
