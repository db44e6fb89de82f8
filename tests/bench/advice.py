"""Does advice keep its promise? Predicted against true gain on the simulated marketplace, with fresh candidates.

The spreads are measured on some candidates and jobs of the market, and evaluated on others, against other pools.

python tests/bench/advice.py [SEED ...]                 # the default marketplace
python tests/bench/advice.py --small [SEED ...]         # the small one of the tests
python tests/bench/advice.py --constants SEED           # also print the spreads, to become the default ones
"""

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from matching.advice.advice import Counterparts, advise, measure_spreads, read_profiles, true_gains
from matching.advice.gains import DEFAULT, Spreads
from matching.data.dataset import Dataset
from matching.data.splits import split
from matching.data.versions import newest_versions
from matching.model.match_model import MatchModel
from matching.problems.problem import Problem
from matching.sources.marketplace import SOURCE, Marketplace, MarketplaceConfig
from matching.training import fit

SMALL = MarketplaceConfig(n_candidates=1_600, n_jobs=360, n_impressions=60_000)
PEOPLE, POOL, TRIED = 100, 300, 3


def trained(dataset: Dataset, seed: int) -> tuple[MatchModel, object]:
    """A model of the dataset and the end of its training split."""
    parts = split(dataset, maturity=timedelta(days=14), seed=seed)
    fitted = fit.fit(parts.train, parts.calibration, seed=seed, problem=Problem(source=SOURCE))
    with tempfile.TemporaryDirectory() as folder:
        check = fitted.transform(parts.holdout.pairs.take(np.arange(10)))
        fit.write(fitted, Path(folder), source="marketplace", facts={}, check=check)
        return MatchModel.load(Path(folder)), parts.cuts.train_end


def show_gains(
    model: MatchModel, dataset: Dataset, tables: list[pl.DataFrame], spreads: Spreads, rng_seed: int
) -> None:
    """Print the promised and the true gain for each side and place of the advice."""
    rng = np.random.default_rng(rng_seed)
    assert dataset.truth is not None
    for side, table, others in (("candidate", *tables), ("job", *tables[::-1])):
        rows: list[tuple[int, str, float, float, float, float]] = []
        seen = others[np.sort(rng.choice(others.height, min(POOL, others.height), replace=False))]
        encode = model.encode_jobs if side == "candidate" else model.encode_candidates
        pool = Counterparts.of(seen, encode(seen))
        for profile in read_profiles(table[rng.choice(table.height, min(PEOPLE, table.height), replace=False)]):
            advice = advise(model, profile, pool, spreads, top_k=TRIED)
            true = true_gains(dataset.truth, profile, [one.change for one in advice.best], pool.compared)[1:]
            for place, (one, gain) in enumerate(zip(advice.best, true, strict=True), start=1):
                promise = one.gain
                rows.append((place, one.change.kind, promise.matches, promise.low, promise.high, float(gain)))
        gains = pl.DataFrame(rows, schema=["place", "kind", "promised", "low", "high", "true"], orient="row")
        _table(side, gains)


def _table(side: str, gains: pl.DataFrame) -> None:
    held = (pl.col("low") <= pl.col("true")) & (pl.col("true") <= pl.col("high"))
    gains = gains.with_columns(held=held)
    print(f"  {side:<22} {'n':>4} {'promised':>9} {'true':>7} {'ratio':>6} {'in interval':>12}")  # noqa: T201
    groups = [(f"{place}. change", gains.filter(place=place)) for place in range(1, TRIED + 1)]
    groups += [(kind, rows) for (kind,), rows in gains.group_by(["kind"], maintain_order=True)]
    for name, rows in groups:
        if rows.height:
            promised, true = (float(np.mean(rows[column].to_numpy())) for column in ("promised", "true"))
            share = float(np.mean(rows["held"].to_numpy()))
            print(f"  {name:<22} {rows.height:>4} {promised:>9.2f} {true:>7.2f} {true / promised:>6.2f} {share:>12.0%}")  # noqa: T201


def main() -> None:
    """Print the tables of each seed, with the model's own spreads and with the default ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="*", default=[31])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--constants", action="store_true")
    options = parser.parse_args()
    for seed in options.seeds:
        dataset = Marketplace(SMALL if options.small else MarketplaceConfig()).load(
            None, seed=seed, progress=lambda _: None
        )
        assert dataset.truth is not None
        model, until = trained(dataset, seed)
        known = [table.filter(pl.col("updated_at") < until) for table in (dataset.candidates, dataset.jobs)]
        tables = [newest_versions(table) for table in known]
        measured = [table[np.arange(0, table.height, 2)] for table in tables]
        fresh = [table[np.arange(1, table.height, 2)] for table in tables]
        own = measure_spreads(model, *measured, dataset.truth, seed=seed)
        if options.constants:
            own.write(Path())
            print(Path("advice.json").read_text())  # noqa: T201
        for name, spreads in (("the model's own spreads", own), ("the default spreads", DEFAULT)):
            print(f"seed {seed}, {name}")  # noqa: T201
            show_gains(model, dataset, fresh, spreads, seed)


if __name__ == "__main__":
    main()
