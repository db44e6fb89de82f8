"""Slices of the holdout in which a model must be calibrated, too: by profile column, and of new candidates and jobs."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from matching.arrays import Booleans, Floats
from matching.data.labels import LabelledPairs
from matching.data.scores import Scores
from matching.evaluation import metrics

MIN_ROWS = 1_000
ROWS_PER_BIN = 250  # with fewer, chance alone separates the rate of a bin from its prediction by .03 and more
NUMBER_BANDS = 3


@dataclass(frozen=True)
class SliceFigures:
    """The calibration of one direction in one slice.

    Attributes:
        name: such as `job.remote_policy = remote` or `new candidate`.
        direction: `company` or `candidate`.
        rows: number of labelled rows.
        calibration_error: calibration error over bins of at least `ROWS_PER_BIN` rows.
        chance: calibration error that chance alone gives a perfectly calibrated model here, 95th percentile.
        enough: whether there are at least `MIN_ROWS` labelled rows.
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
    """Yield the name and the rows of each slice, shape (n_rows,).

    Args:
        holdout: the rows to divide.
        train: the train split; a candidate or job that is not in it is new.
        columns: profile columns such as `job.remote_policy`; numbers are cut at their terciles.
    """
    for side, key in (("candidate", "candidate_id"), ("job", "job_id")):
        yield f"new {side}", unseen(holdout, train, side, key)
    for column in columns:
        side, name = column.split(".")
        yield from _by_value(column, _values(holdout, side, name))


def unseen(holdout: LabelledPairs, train: LabelledPairs, side: str, key: str) -> Booleans:
    """Whether each row's candidate (or job) is new: in no row of the train split."""
    known = _values(train, side, key).unique()
    return np.asarray(~_values(holdout, side, key).is_in(known.implode()).to_numpy())


def calibration(
    holdout: LabelledPairs, scores: Scores, slices: list[tuple[str, Booleans]], *, seed: int
) -> tuple[SliceFigures, ...]:
    """Measure the calibration of each direction in each slice.

    Args:
        holdout: labelled pairs of the holdout.
        scores: the model's scores of them.
        slices: names and rows, see `rows_by_slice`.
        seed: seed of the labels that are drawn to measure chance.
    """
    generator = np.random.default_rng(seed)
    found = []
    for name, rows in slices:
        for direction in holdout.directions():
            known = rows & ~np.isnan(holdout.label(direction))
            if not known.any():
                continue
            probability = np.asarray(scores.direction(direction), dtype=np.float64)[known]
            propensity, weight = holdout.label_propensity(direction)[known], holdout.weight[known]
            label, count = holdout.label(direction)[known], int(known.sum())
            bins = int(np.clip(count // ROWS_PER_BIN, 1, metrics.CALIBRATION_BINS))
            drawn = [
                metrics.calibration_error(
                    _drawn(generator, propensity * probability), probability, propensity, weight, bins
                )
                for _ in range(20)
            ]
            error = metrics.calibration_error(label, probability, propensity, weight, bins)
            chance = float(np.quantile(drawn, 0.95))
            found.append(SliceFigures(name, str(direction), count, error, chance, count >= MIN_ROWS))
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
        yield f"{column} = {'not provided' if value is None else value}", np.asarray(rows.to_numpy())


def _banded(values: pl.Series) -> pl.Series:
    """Replace numbers with the names of bands of about equal size."""
    cuts = sorted({float(values.quantile(n / NUMBER_BANDS) or 0.0) for n in range(1, NUMBER_BANDS)})
    edges = [f"{cut:g}" for cut in cuts]
    names = [f"up to {edges[0]}", *(f"{low} to {high}" for low, high in pairwise(edges)), f"above {edges[-1]}"]
    numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    band = np.searchsorted(cuts, numbers)
    return pl.Series([None if np.isnan(one) else names[place] for one, place in zip(numbers, band, strict=True)])
