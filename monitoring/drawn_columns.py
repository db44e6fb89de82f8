"""The columns of a sample that a report draws: features, probabilities and outcomes, no ids."""

import numpy as np
import polars as pl

from matching.data.tables import Direction
from monitoring.windows import Sample

MAX_DRAWN_ROWS = 5_000


def drawn_columns(sample: Sample, seed: int) -> pl.DataFrame:
    """Return the columns to draw, in at most `MAX_DRAWN_ROWS` random rows: Evidently takes seconds per 100,000."""
    frame = sample.frame
    if frame.height > MAX_DRAWN_ROWS:
        rows = np.random.default_rng(seed).choice(frame.height, MAX_DRAWN_ROWS, replace=False)
        frame = frame[np.sort(rows)]
    seen = pl.col("propensity").cast(pl.Float64).fill_null(1.0)
    outcomes = [
        column
        for direction in Direction
        for column in (
            pl.col(f"{direction}_label").cast(pl.Float64).alias(f"{direction} yes"),
            # Evidently takes scores from 0 to 1 as probabilities only where the outcome is a word.
            pl.col(f"{direction}_label").replace_strict({True: "yes", False: "no"}).alias(f"{direction} outcome"),
            pl.when(pl.col(f"{direction}_label").is_not_null())
            .then(pl.col(f"{direction}_probability") * (seen if direction is Direction.COMPANY else 1.0))
            .alias(f"{direction} yes expected"),
        )
    ]
    numbers = [pl.col(name).cast(pl.Float64) for name in (*sample.features, *sample.probabilities)]
    return frame.select(*numbers, *outcomes)
