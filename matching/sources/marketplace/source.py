"""The class of the source `marketplace`, which simulates its data."""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from matching.data.dataset import Dataset
from matching.data.progress import Progress
from matching.errors import InputError
from matching.sources.marketplace.config import MarketplaceConfig
from matching.sources.marketplace.log import simulate
from matching.sources.marketplace.population import populate
from matching.sources.marketplace.truth import MarketplaceTruth

NAME = "marketplace"


@dataclass(frozen=True)
class Marketplace:
    """A `matching.data.dataset.Source` that simulates its data.

    Attributes:
        config: size and time of the log.

    >>> small = Marketplace(MarketplaceConfig(n_candidates=400, n_jobs=40, n_impressions=1_000, weeks=4))
    >>> dataset = small.load(None, seed=7, progress=lambda message: None)
    >>> {kind: dataset.events.filter(kind=kind).height for kind in ("impression", "outreach")}
    {'impression': 1000, 'outreach': 16}
    """

    config: MarketplaceConfig = field(default_factory=MarketplaceConfig)

    def load(self, data: Path | None, *, seed: int, progress: Progress) -> Dataset:
        """Simulate the log.

        Args:
            data: must be None, because the marketplace reads no files.
            seed: seed of everything: profiles, hidden preferences, searches and outcomes.
            progress: called with a few words about each step.

        Raises:
            InputError: a folder was given.
        """
        if data is not None:
            raise InputError(
                "the source 'marketplace' simulates its data: leave --data out, or choose another --source"
            )
        population = populate(self.config, seed, self.config.weeks, progress)
        events = simulate(population, self.config, seed, progress)
        return Dataset(
            name=NAME,
            candidates=_by_time(population.candidates),
            jobs=_by_time(population.jobs),
            events=events,
            protected=population.protected,
            truth=MarketplaceTruth(seed),
        )


def _by_time(versions: pl.DataFrame) -> pl.DataFrame:
    return versions.sort("updated_at", versions.columns[0])
