"""Files of a bundle beside those that decide scores: what explains them, how sure they are, what advice needs."""

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
    model: MatchModel, parts: Splits, dataset: Dataset, folder: Path, *, seed: int, progress: Progress = lambda _: None
) -> None:
    """Write `background.json`, `support.json`, and where the data allows `salary.*` and `advice.json`.

    Args:
        model: the loaded model.
        parts: the slices; the calibration slice tells how sure a probability is.
        dataset: the tables; only versions known before the end of the training slice are read.
        folder: the bundle.
        seed: seed of every draw.
        progress: told what the bundle will lack, and why.
    """
    features = model.transform(parts.calibration.pairs)
    background = contributions.choose_background(features, seed=seed)
    contributions.write_background(background, model.feature_names, folder)
    support.write(support.fit_all(model.score_features(features), parts.calibration), folder)
    candidates, jobs = (_known(table, parts) for table in (dataset.candidates, dataset.jobs))
    try:
        fitted = salary_training.fit_candidates(candidates, seed=seed)
    except UnusableData as error:
        progress(f"no salary model, advice is without the market's salary: {error}")
    else:
        check = candidate_inputs(candidates.head(CHECKED_SALARIES))
        salary_training.write(fitted, folder, check=fitted.encoder.transform(check))
    if dataset.truth is not None:
        spreads = measure_spreads(model, newest_versions(candidates), newest_versions(jobs), dataset.truth, seed=seed)
        spreads.write(folder)


def _known(table: pl.DataFrame, parts: Splits) -> pl.DataFrame:
    return table.filter(pl.col("updated_at") <= parts.cuts.train_end)
