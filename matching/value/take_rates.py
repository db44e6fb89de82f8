"""Take rates: the shares of accepts that lead to interviews and hires, in a log whose newest accepts are still open."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from scipy import stats

from matching.arrays import Floats
from matching.data.tables import EventKind

HORIZON = timedelta(weeks=12)
TWO_SIDED_95 = 1.959964

_ACCEPTED = (EventKind.ACCEPT, EventKind.INTERVIEW, EventKind.HIRE)
_INTERVIEWED = (EventKind.INTERVIEW, EventKind.HIRE)


@dataclass(frozen=True)
class Rate:
    """The share of pairs that take one step within the horizon.

    Attributes:
        share: the estimate, 0 to 1.
        standard_error: standard error of the estimate.
        pairs: number of pairs that could take the step.
    """

    share: float
    standard_error: float
    pairs: int

    def draws(self, draws: int, seed: int) -> Floats:
        """Draw the share from a beta distribution with the mean and the standard error of the estimate, shape (draws,).

        Half a pair of each outcome is added (Jeffreys), so that a share of exactly 0 or 1 is uncertain too.
        """
        variance = self.standard_error**2
        p = self.share
        size = p * (1 - p) / variance if variance > 0 and 0 < p < 1 else float(self.pairs)
        return np.random.default_rng(seed).beta(p * size + 0.5, (1 - p) * size + 0.5, draws)


@dataclass(frozen=True)
class TakeRates:
    """What follows an accept.

    Attributes:
        interview: share of accepts that lead to an interview; None if the log has no interviews.
        hire: share of interviews that lead to a hire, or of accepts if the log has no interviews; None if it has no
            hires.
    """

    interview: Rate | None
    hire: Rate | None


def take_rates(events: pl.DataFrame, *, until: datetime, horizon: timedelta = HORIZON) -> TakeRates:
    """Estimate both rates from the events up to `until`.

    Pairs accepted shortly before `until` have not had the whole horizon: they count for as long as they were observed
    (Kaplan and Meier 1958, "Nonparametric estimation from incomplete observations").

    Args:
        events: schema of `Event`.
        until: time of the last event to use, UTC.
        horizon: longest time from the previous step to the next one.
    """
    known = events.filter(pl.col("time") <= until)
    kinds = set(known["kind"].unique())
    has_interviews = EventKind.INTERVIEW in kinds
    before_hire = _INTERVIEWED if has_interviews else _ACCEPTED
    return TakeRates(
        interview=_rate(known, _ACCEPTED, _INTERVIEWED, until, horizon) if has_interviews else None,
        hire=_rate(known, before_hire, (EventKind.HIRE,), until, horizon) if EventKind.HIRE in kinds else None,
    )


def _rate(
    events: pl.DataFrame,
    start: tuple[EventKind, ...],
    step: tuple[EventKind, ...],
    until: datetime,
    horizon: timedelta,
) -> Rate:
    """Return the share of pairs with a `start` that take the `step` within the horizon."""
    pairs = _first(events, start, "began").join(_first(events, step, "took"), on=["candidate_id", "job_id"], how="left")
    took = pairs["took"].is_not_null().to_numpy()
    days = (pairs["took"].fill_null(until) - pairs["began"]).dt.total_microseconds().to_numpy() / 86_400e6
    curve = stats.ecdf(stats.CensoredData(uncensored=days[took], right=days[~took])).cdf
    at = horizon / timedelta(days=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ends = curve.confidence_interval(confidence_level=0.95, method="linear")
    low, high = float(ends.low.evaluate(at)), float(ends.high.evaluate(at))
    spread = (high - low) / (2 * TWO_SIDED_95)
    return Rate(float(curve.evaluate(at)), spread if np.isfinite(spread) else 0.0, pairs.height)


def _first(events: pl.DataFrame, kinds: tuple[EventKind, ...], name: str) -> pl.DataFrame:
    """Return the time of the first event of these kinds for each pair."""
    chosen = events.filter(pl.col("kind").is_in(kinds))
    return chosen.group_by("candidate_id", "job_id").agg(pl.col("time").min().alias(name))
