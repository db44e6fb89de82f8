"""The log: the events of all weeks in one table, assembled from compact arrays."""

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from matching.arrays import Array
from matching.data.progress import Progress
from matching.data.tables import Event, EventKind, polars_schema
from matching.sources.marketplace.config import MarketplaceConfig
from matching.sources.marketplace.outcomes import Outcomes, World, draw, draw_examined, rows_of
from matching.sources.marketplace.population import Population, moments
from matching.sources.marketplace.searches import POLICY, WEEK_SECONDS, Impressions, propensity, searches
from matching.sources.marketplace.truth import Sides
from matching.sources.marketplace.utilities import UtilityWeights

KINDS = (
    EventKind.IMPRESSION,
    EventKind.OUTREACH,
    EventKind.ACCEPT,
    EventKind.DECLINE,
    EventKind.INTERVIEW,
    EventKind.HIRE,
)
CHUNK = 500_000


@dataclass(frozen=True)
class Rows:
    """Events as compact arrays of shape (n,)."""

    candidate: Array
    job: Array
    kind: Array
    seconds: Array
    list_number: Array
    position: Array

    def take(self, rows: Array | slice) -> "Rows":
        """Keep the given events."""
        return Rows(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def simulate(population: Population, config: MarketplaceConfig, seed: int, progress: Progress) -> pl.DataFrame:
    """Simulate all weeks and return the events, schema of `Event`, sorted by time."""
    world = World(
        Sides.of(population.candidate_facts, population.job_facts, seed, population.limits), UtilityWeights(), seed
    )
    parts: list[Rows] = []
    first_list = 0
    for week in range(config.weeks):
        shown = searches(population, config, seed, week)
        examined = draw_examined(shown, config, seed)
        outcomes = draw(world, rows_of(population, shown), shown, examined)
        parts += _events(shown, outcomes, first_list)
        first_list += int(shown.list_number.max(initial=-1)) + 1
        progress(f"week {week + 1} of {config.weeks}")
    return _table(population, config, parts)


def _events(shown: Impressions, outcomes: Outcomes, first_list: int) -> list[Rows]:
    """Return the events of one week, one part per kind."""
    declined = outcomes.outreach & ~outcomes.accept & np.isfinite(outcomes.answered_at)
    steps = (
        (np.ones(len(shown), dtype=bool), shown.seconds),
        (outcomes.outreach, outcomes.outreach_at),
        (outcomes.accept, outcomes.answered_at),
        (declined, outcomes.answered_at),
        (outcomes.interview, outcomes.interview_at),
        (outcomes.hire, outcomes.hire_at),
    )
    parts = []
    for kind, (happened, seconds) in enumerate(steps):
        at = np.flatnonzero(happened)
        parts.append(
            Rows(
                candidate=shown.candidate[at].astype(np.int32),
                job=shown.job[at].astype(np.int32),
                kind=np.full(len(at), kind, dtype=np.int8),
                seconds=seconds[at].astype(np.int64),
                list_number=(first_list + shown.list_number[at]).astype(np.int32),
                position=shown.position[at].astype(np.int16),
            )
        )
    return parts


def _table(population: Population, config: MarketplaceConfig, parts: list[Rows]) -> pl.DataFrame:
    """Sort by time, drop what happens after the end of the log, and return the rest as rows of `Event`."""
    rows = Rows(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Rows)})
    parts.clear()
    order = np.lexsort((rows.position, rows.list_number, rows.kind, rows.seconds))
    order = order[rows.seconds[order] < config.weeks * WEEK_SECONDS]
    candidate_ids = population.protected["candidate_id"]
    names = (candidate_ids, population.jobs["job_id"])
    frames = [_frame(rows.take(order[i : i + CHUNK]), config, names) for i in range(0, len(order), CHUNK)]
    return pl.concat(frames) if frames else pl.DataFrame(schema=polars_schema(Event))


def _frame(rows: Rows, config: MarketplaceConfig, names: tuple[pl.Series, pl.Series]) -> pl.DataFrame:
    kinds = pl.Series([kind.value for kind in KINDS])
    lists = pl.Series(rows.list_number).cast(pl.String).str.zfill(8)
    columns = {
        "candidate_id": names[0].gather(rows.candidate),
        "job_id": names[1].gather(rows.job),
        "kind": kinds.gather(rows.kind),
        "time": moments(config, rows.seconds),
        "list_id": "l" + lists,
        "position": rows.position,
        "propensity": propensity(rows.position, config),
        "model_version": pl.repeat(POLICY, len(rows.kind), dtype=pl.String, eager=True),
    }
    return pl.DataFrame(columns).cast(dict(polars_schema(Event)))  # type: ignore[arg-type]
