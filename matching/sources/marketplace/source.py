"""The source `marketplace`: the embedded default, a simulated marketplace with known truth."""

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
    """

    config: MarketplaceConfig = field(default_factory=MarketplaceConfig)

    def load(self, data: Path | None, *, seed: int, progress: Progress) -> Dataset:
        """Simulate the log.

        Args:
            data: must be None; the marketplace reads no file.
            seed: seed of everything: entities, hidden tastes, searches and outcomes.
            progress: told in a few words what is being done.

        Raises:
            InputError: a folder was given.
        """
        if data is not None:
            raise InputError(
                "the source 'marketplace' makes its own data: leave --data out, or choose another --source"
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
