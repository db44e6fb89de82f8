"""How often each hard limit applied, for an audit."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine, func, select

from store.database import reading
from store.predictions import filters
from store.schema import exclusions, microseconds, models, predictions


@dataclass(frozen=True)
class LimitCount:
    """How often a hard limit applied.

    Attributes:
        excluded: pairs it excluded from rankings; a pair may break several limits.
        relaxed: pairs of rankings that break it and were answered because the request relaxed it.
        scored: scored pairs that break it.
    """

    excluded: int = 0
    relaxed: int = 0
    scored: int = 0


def count_limits(engine: Engine, *, model_name: str, since: datetime | None = None) -> dict[str, LimitCount]:
    """Count the pairs that each hard limit applied to.

    Args:
        engine: an engine of `store.database.connect`.
        model_name: name of the registered model; all its versions count.
        since: only answers made at or after this time.

    Raises:
        StorageError: the database cannot be reached.
    """
    broken = select(predictions.c.broken_limits, predictions.c.ranked_from.is_(None).label("is_scored"), func.count())
    broken = broken.join(models, models.c.model == predictions.c.model).where(
        predictions.c.broken_limits.is_not(None), *filters(model_name, None, since, None)
    )
    out = select(exclusions.c.broken_limit, func.sum(exclusions.c.pairs))
    out = out.join(models, models.c.model == exclusions.c.model).where(models.c.name == model_name)
    if since is not None:
        out = out.where(exclusions.c.predicted_at >= microseconds(since))
    with reading(engine) as connection:
        answered = connection.execute(broken.group_by(predictions.c.broken_limits, "is_scored")).all()
        excluded = connection.execute(out.group_by(exclusions.c.broken_limit)).all()
    counts = {name: LimitCount(excluded=int(pairs)) for name, pairs in excluded}
    for names, is_scored, rows in answered:
        for name in names.split(","):
            one = counts.get(name, LimitCount())
            more = replace(one, scored=one.scored + rows) if is_scored else replace(one, relaxed=one.relaxed + rows)
            counts[name] = more
    return counts
