"""Companions: the files of a bundle that do not decide scores, for explanations, intervals, advice and salaries."""

from pathlib import Path

import polars as pl

from matching.advice.advice import measure_spreads
from matching.advice.salary import training as salary_training
from matching.advice.salary.inputs import candidate_inputs
from matching.data.dataset import Dataset
from matching.data.progress import Progress
from matching.data.splits import Splits
from matching.data.versions import newest_versions
from matching.errors import UnusableData
from matching.explaining import contributions
from matching.model import support
from matching.model.match_model import MatchModel

CHECKED_SALARIES = 500


def write(
    model: MatchModel, splits: Splits, dataset: Dataset, folder: Path, *, seed: int, progress: Progress = lambda _: None
) -> None:
    """Write `background.json` and `support.json`, and if the data allows it, `salary.*` and `advice.json`.

    Args:
        model: the loaded model.
        splits: the splits of the log; the calibration split gives the intervals.
        dataset: the tables; only versions from before the end of the training split are read.
        folder: the bundle.
        seed: seed of everything random.
        progress: receives what the bundle will lack, and why.
    """
    features = model.transform(splits.calibration.pairs)
    background = contributions.choose_background(features, seed=seed)
    contributions.write_background(background, model.feature_names, folder)
    support.write(support.fit_all(model.score_features(features), splits.calibration), folder)
    candidates, jobs = (_known(table, splits) for table in (dataset.candidates, dataset.jobs))
    try:
        fitted = salary_training.fit_candidates(candidates, seed=seed)
    except UnusableData as error:
        progress(f"no salary model, so advice will not mention salaries of the market: {error}")
    else:
        check = candidate_inputs(candidates.head(CHECKED_SALARIES))
        salary_training.write(fitted, folder, check=fitted.encoder.transform(check))
    if dataset.truth is not None:
        spreads = measure_spreads(model, newest_versions(candidates), newest_versions(jobs), dataset.truth, seed=seed)
        spreads.write(folder)


def _known(table: pl.DataFrame, splits: Splits) -> pl.DataFrame:
    return table.filter(pl.col("updated_at") <= splits.cuts.train_end)
