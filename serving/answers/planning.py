"""Plans of outreach: lists for several jobs at once, so that the same few candidates are not asked by all of them."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matching.arrays import Booleans, Rows
from matching.data.tables import JobProfile
from matching.features.encoding import Encoded
from matching.market import policies
from matching.model.match_model import MatchModel
from matching.rules import hard_limits
from matching.rules.hard_limits import CandidateLimits, HardLimit
from serving.api.errors import Detail, Problem, invalid
from serving.api.requests import MAX_PLANNED_PAIRS, PlanOutreachRequest
from serving.api.sides import Profile, Side
from store.profiles import StoredProfiles


def members(
    record: type[Profile], stored: StoredProfiles, given: Sequence[Profile] | None, names: Sequence[str] | None
) -> Side:
    """Return the given profiles, or the stored ones of these names, each once and in this order; raises Problem."""
    side = Side(record, stored)
    kind = "job" if record is JobProfile else "candidate"
    for place, profile in enumerate(given or ()):
        _require_new(side.add(profile, None, f"{kind}s[{place}]") == place, f"{kind}s[{place}].{side.key}")
    for place, name in enumerate(names or ()):
        field = f"{kind}_ids[{place}]"
        if name not in stored.row_of:
            detail = Detail(field=field, problem="No stored profile has this id")
            raise Problem(404, "unknown_profile", "a profile that the request names is not stored", [detail])
        _require_new(side.add(None, name, field) == place, field)
    return side


def check_size(n_jobs: int, n_candidates: int) -> None:
    """Refuse a plan of more pairs than one request may score; raises Problem."""
    if n_jobs * n_candidates > MAX_PLANNED_PAIRS:
        most = MAX_PLANNED_PAIRS // n_candidates
        what = f"send at most {most} jobs" if most else "name fewer candidates"
        fewer = f"jobs x candidates are too many for one plan: {what}"
        known = Detail(field="jobs", problem=f"{n_jobs} x {n_candidates}: {fewer}", limit=MAX_PLANNED_PAIRS)
        raise invalid([known])


def ruled_out(candidates: CandidateLimits, jobs: pl.DataFrame, n_candidates: int) -> dict[HardLimit, Booleans]:
    """Tell which pairs break which hard limit; arrays have shape (n_jobs, n_candidates)."""
    rows = np.repeat(np.arange(jobs.height), n_candidates)
    people = np.tile(np.arange(n_candidates), jobs.height)
    flags = hard_limits.broken(candidates, hard_limits.encode_jobs(jobs), people, rows)
    return {limit: broken.reshape(jobs.height, n_candidates) for limit, broken in flags.items()}


def lists(
    model: MatchModel,
    candidates: Encoded,
    jobs: Encoded,
    shape: tuple[int, int],
    asked: PlanOutreachRequest,
    *,
    flags: dict[HardLimit, Booleans],
) -> list[Rows]:
    """Score every pair and plan the lists; only one number a pair is kept, features of one job at a time.

    Args:
        model: the model.
        candidates: all candidates.
        jobs: all jobs.
        shape: how many jobs and candidates.
        asked: length of the lists, exposure and method.
        flags: pairs that break a hard limit, as `ruled_out` gives them; none is in a list.
    """
    matrix = _matrix(model, candidates, jobs, shape)
    out = np.any(list(flags.values()), axis=0)
    matrix[out] = np.nan
    return policies.policy(asked.method, asked.max_exposure)(matrix, asked.limit)


def _matrix(model: MatchModel, candidates: Encoded, jobs: Encoded, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Match probabilities, shape (n_jobs, n_candidates); raises Problem where the model gives no number."""
    everyone = np.arange(shape[1])
    matrix = np.empty(shape, dtype=np.float32)
    for row in range(shape[0]):
        matrix[row] = model.score_encoded(candidates, jobs, everyone, np.full_like(everyone, row)).match
    if not np.isfinite(matrix).all():
        raise Problem(500, "model_failure", "the model gave no number: report the request_id of this answer's header")
    return matrix


def _require_new(is_new: bool, field: str) -> None:
    if not is_new:
        raise invalid([Detail(field=field, problem="This id was given before", limit="different ids")])
