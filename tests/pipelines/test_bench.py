"""The bench times trees of the champion's size, also where its log never states a feature."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl

from matching.model.match_model import MatchModel
from matching.problems import load_problem
from tandem.commands import bench
from tests.pipelines.conftest import QUICK


def test_the_trees_have_the_settings_of_the_champion_not_those_of_the_problem(bundle: Path) -> None:
    model = MatchModel.load(bundle)
    assert bench._unfitted(model).get_params() == QUICK.estimator(seed=0).get_params()
    assert bench._unfitted(model).max_iter != load_problem("tables").estimator(seed=0).max_iter
    model.facts = {"settings": {"C": 1.0}}
    assert bench._unfitted(model).get_params() == load_problem("tables").estimator(seed=0).get_params()


def test_a_feature_that_no_pair_states_does_not_stop_it(bundle: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(bundle, tmp_path / "bundle"))
    names = MatchModel.load(folder).feature_names
    rows = np.random.default_rng(1).random((200, len(names) + 1)).astype(np.float32)
    rows[:, 0] = np.nan
    pl.DataFrame(rows, schema=[*names, "match_probability"], orient="row").write_parquet(folder / "reference.parquet")
    assert [name for name, _ in bench._forms(folder, 1)] == ["scikit-learn, 1 row", "ONNX, 1 row"]
