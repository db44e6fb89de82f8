"""Parts of a holdout in which a model must be right as well: by what profiles state, and of those never seen before."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from matching.arrays import Booleans, Floats
from matching.data.labels import LabelledPairs
from matching.data.scores import Scores
from matching.evaluation import metrics

FEWEST_ROWS = 1_000
ROWS_PER_BIN = 250  # of fewer, chance alone parts a bin's rate from its prediction by .03 and more
NUMBER_BANDS = 3


@dataclass(frozen=True)
class SliceFigures:
    """How well calibrated one direction is in one slice.

    Attributes:
        name: such as `job.remote_policy = remote` or `new candidate`.
        direction: whose yes.
        rows: labelled rows.
        calibration_error: expected calibration error on outcomes, over bins of at least `ROWS_PER_BIN` rows.
        chance: calibration error that chance alone gives a perfectly calibrated model here, 95th percentile.
        enough: whether there are `FEWEST_ROWS` labelled rows.
    """

    name: str
    direction: str
    rows: int
    calibration_error: float
    chance: float
    enough: bool


def rows_by_slice(
    holdout: LabelledPairs, train: LabelledPairs, columns: tuple[str, ...]
) -> Iterator[tuple[str, Booleans]]:
    """Each slice's name and rows, shape (n_rows,).

    Args:
        holdout: the rows to part.
        train: what a new candidate or job was not seen in.
        columns: profile columns such as `job.remote_policy`; numbers are parted at their terciles.
    """
    for side, key in (("candidate", "candidate_id"), ("job", "job_id")):
        yield f"new {side}", unseen(holdout, train, side, key)
    for column in columns:
        side, name = column.split(".")
        yield from _by_value(column, _values(holdout, side, name))


def unseen(holdout: LabelledPairs, train: LabelledPairs, side: str, key: str) -> Booleans:
    """Booleans whose candidate (or job) is in no row of the training slice."""
    known = _values(train, side, key).unique()
    return np.asarray(~_values(holdout, side, key).is_in(known.implode()).to_numpy())


def calibration(
    holdout: LabelledPairs, scores: Scores, slices: list[tuple[str, Booleans]], *, seed: int
) -> tuple[SliceFigures, ...]:
    """Calibration of each direction in each slice.

    Args:
        holdout: the newest slice.
        scores: the model's answers for it.
        slices: name and rows, see `rows_by_slice`.
        seed: seed of the labels drawn to know what chance alone gives.
    """
    generator = np.random.default_rng(seed)
    found = []
    for name, rows in slices:
        for direction in holdout.directions():
            known = rows & ~np.isnan(holdout.label(direction))
            if not known.any():
                continue
            probability = np.asarray(scores.direction(direction), dtype=np.float64)[known]
            looked, weight = holdout.label_propensity(direction)[known], holdout.weight[known]
            label, count = holdout.label(direction)[known], int(known.sum())
            bins = int(np.clip(count // ROWS_PER_BIN, 1, metrics.CALIBRATION_BINS))
            drawn = [
                metrics.calibration_error(_drawn(generator, looked * probability), probability, looked, weight, bins)
                for _ in range(20)
            ]
            error = metrics.calibration_error(label, probability, looked, weight, bins)
            chance = float(np.quantile(drawn, 0.95))
            found.append(SliceFigures(name, str(direction), count, error, chance, count >= FEWEST_ROWS))
    return tuple(found)


def _drawn(generator: np.random.Generator, probability: Floats) -> Floats:
    return (generator.random(len(probability)) < probability).astype(np.float64)


def _values(rows: LabelledPairs, side: str, name: str) -> pl.Series:
    table, places = (
        (rows.pairs.candidates, rows.pairs.candidate_rows)
        if side == "candidate"
        else (rows.pairs.jobs, rows.pairs.job_rows)
    )
    return table[name].gather(places)


def _by_value(column: str, values: pl.Series) -> Iterator[tuple[str, Booleans]]:
    if values.dtype.is_numeric():
        values = _banded(values)
    for value in values.unique().sort(nulls_last=True).to_list():
        rows = values.is_null() if value is None else (values == value).fill_null(False)
        yield f"{column} = {'not stated' if value is None else value}", np.asarray(rows.to_numpy())


def _banded(values: pl.Series) -> pl.Series:
    """Numbers as the names of bands that hold about equally many."""
    cuts = sorted({float(values.quantile(n / NUMBER_BANDS) or 0.0) for n in range(1, NUMBER_BANDS)})
    edges = [f"{cut:g}" for cut in cuts]
    names = [f"up to {edges[0]}", *(f"{low} to {high}" for low, high in pairwise(edges)), f"above {edges[-1]}"]
    numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    band = np.searchsorted(cuts, numbers)
    return pl.Series([None if np.isnan(one) else names[place] for one, place in zip(numbers, band, strict=True)])
