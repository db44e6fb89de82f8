"""The reference of a model: its own holdout, with its own predictions, in the form of the prediction log."""

from pathlib import Path

import numpy as np
import polars as pl

from matching.arrays import Floats, Floats32
from matching.data.labels import LabelledPairs
from matching.data.scores import Scores
from matching.model import REFERENCE

REFERENCE_ROWS = 50_000


def frame(holdout: LabelledPairs, scores: Scores, feature_names: tuple[str, ...]) -> pl.DataFrame:
    """Return the holdout in the form of the prediction log; see `docs/decisions/0001-the-first-complete-path.md`.

    Candidates get pseudonyms: monitoring needs to know which rows are of the same candidate, but not of whom.

    Args:
        holdout: labelled pairs of the holdout.
        scores: the model's scores for them.
        feature_names: columns of the feature matrix in `scores`.
    """
    pairs = holdout.pairs
    columns = {
        "request_id": holdout.lists.astype(str),
        "predicted_at": pl.Series(holdout.time).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        "candidate_id": _pseudonyms(pairs.candidates["candidate_id"].gather(pairs.candidate_rows)),
        "job_id": pairs.jobs["job_id"].gather(pairs.job_rows),
        "company_probability": _column(scores.company, len(holdout)),
        "candidate_probability": _column(scores.candidate, len(holdout)),
        "match_probability": _column(scores.match, len(holdout)),
        "company_label": _label(holdout.company),
        "candidate_label": _label(holdout.candidate),
        "propensity": holdout.propensity,
    }
    features = {name: scores.features[:, column] for column, name in enumerate(feature_names)}
    return pl.DataFrame(columns | features)


def write(holdout: LabelledPairs, scores: Scores, feature_names: tuple[str, ...], folder: Path) -> None:
    """Write `reference.parquet` into a bundle: the newest `REFERENCE_ROWS` rows, with the rest of their lists."""
    first = max(len(holdout) - REFERENCE_ROWS, 0)
    whole = np.flatnonzero(holdout.time >= holdout.time[first])
    kept = Scores(
        scores.features[whole],
        None if scores.company is None else scores.company[whole],
        None if scores.candidate is None else scores.candidate[whole],
        scores.match[whole],
    )
    frame(holdout.take(whole), kept, feature_names).write_parquet(folder / REFERENCE)


def _pseudonyms(ids: pl.Series) -> pl.Series:
    return "reference-" + ids.rank("dense").cast(pl.String)


def _column(values: Floats32 | None, length: int) -> pl.Series:
    return pl.Series([None] * length, dtype=pl.Float64) if values is None else pl.Series(values.astype(np.float64))


def _label(values: Floats) -> pl.Series:
    return pl.Series(values).fill_nan(None).cast(pl.Boolean)
