"""Training of the salary model: boosted trees for the quartiles of the expected salary, written as ONNX and JSON.

The median is the mean of trees of several sizes, fitted to the log of the salary. Each person is weighted by the salary
that their columns suggest, so that an error of one dollar counts the same for everybody. Gender, age and ethnicity are
no inputs: no profile holds them.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingRegressor, VotingRegressor

from matching.advice.salary.encoder import SalaryEncoder
from matching.advice.salary.inputs import SalaryInputs, candidate_inputs
from matching.advice.salary.model import FORMAT, SalaryModel, uncrossed
from matching.arrays import Floats, Floats32
from matching.data.versions import newest_versions
from matching.errors import ModelError, UnusableData

QUANTILES = (0.25, 0.50, 0.75)
FEWEST_ROWS = 200
LARGEST_DIFFERENCE = 1e-5


@dataclass(frozen=True)
class SalarySettings:
    """Settings of the trees; see scikit-learn's `HistGradientBoostingRegressor`.

    Attributes:
        max_iter: number of trees in each boosted model.
        learning_rate: learning rate of each boosted model.
        max_leaf_nodes: leaves per tree of the models for the median, which is their mean: one model of absolute error
            for each value.
        squared_leaf_nodes: the same for models of squared error, which join this mean: they make other errors and take
            a third of the time.
        quartile_leaf_nodes: leaves per tree of the models for the quartiles; larger trees put the quartiles too close
            together.
        min_samples_leaf: smallest number of people in a leaf.
        max_features: share of the columns that each split may choose from.
        fewest_people: a name that fewer people have is no column, because rare names identify people.
        most_names: largest number of columns for each field of names.
    """

    max_iter: int = 150
    learning_rate: float = 0.1
    max_leaf_nodes: tuple[int, ...] = (24, 32, 40)
    squared_leaf_nodes: tuple[int, ...] = (12,)
    quartile_leaf_nodes: int = 8
    min_samples_leaf: int = 20
    max_features: float = 0.15
    fewest_people: int = 20
    most_names: int = 150


IN_TRAINING = SalarySettings(
    max_iter=150, learning_rate=0.08, max_leaf_nodes=(16,), squared_leaf_nodes=(), max_features=0.3
)
"""Lighter settings, for the salary model of a bundle."""


@dataclass(frozen=True)
class FittedSalary:
    """A fitted model in memory.

    Attributes:
        encoder: turns inputs into columns.
        models: by quantile, a regression of the log of the salary.
        settings: settings of the trees.
    """

    encoder: SalaryEncoder
    models: dict[float, Any]
    settings: SalarySettings

    def log_quantiles(self, X: Floats32) -> Floats:
        """Return the logs of the quantiles from scikit-learn, shape (n, n_quantiles); they may cross."""
        return np.column_stack([model.predict(X) for model in self.models.values()])


def fit_candidates(candidates: pl.DataFrame, *, seed: int, settings: SalarySettings | None = None) -> FittedSalary:
    """Fit on the newest version of each candidate with an expected salary.

    Args:
        candidates: schema of `Candidate`, only versions known before the end of the training split.
        seed: seed of the trees.
        settings: settings of the trees; `IN_TRAINING` if None.

    Raises:
        UnusableData: fewer than 200 candidates have an expected salary.
    """
    newest = newest_versions(candidates)
    known = newest.filter(pl.col("expected_salary_usd_per_year").is_not_null())
    salary = known["expected_salary_usd_per_year"].to_numpy()
    return fit(candidate_inputs(known), salary, seed=seed, settings=settings or IN_TRAINING)


def fit(
    inputs: SalaryInputs,
    salary: Floats,
    *,
    seed: int,
    settings: SalarySettings | None = None,
    quantiles: tuple[float, ...] = QUANTILES,
) -> FittedSalary:
    """Fit the quantiles of the salary.

    Args:
        inputs: what is known about n people.
        salary: shape (n,), all in one currency and for one period.
        seed: seed of the trees.
        settings: settings of the trees; `SalarySettings()` if None.
        quantiles: which quantiles to fit, ascending.

    Raises:
        UnusableData: there are fewer than 200 people.
    """
    settings = settings or SalarySettings()
    if len(salary) < FEWEST_ROWS:
        raise UnusableData(f"{len(salary)} people have a salary: a salary model needs {FEWEST_ROWS}; train without one")
    target = np.log(salary)
    encoder = SalaryEncoder.fit(inputs, target, fewest_people=settings.fewest_people, most_names=settings.most_names)
    X = encoder.transform(inputs)
    X = np.where(np.isnan(X).all(axis=0), np.float32(0), X)  # scikit-learn cannot bin an empty column
    weights = _expected_pay(X, target, settings, seed)
    models = {
        quantile: _averaged(settings, seed).fit(X, target, sample_weight=weights)
        if quantile == 0.5
        else _trees(settings, settings.quartile_leaf_nodes, seed, loss="quantile", quantile=quantile).fit(X, target)
        for quantile in quantiles
    }
    return FittedSalary(encoder, models, settings)


def _expected_pay(X: Floats32, log_salary: Floats, settings: SalarySettings, seed: int) -> Floats:
    """Return a first estimate of each salary, scaled to mean 1, shape (n,).

    A log error with this weight is an error in dollars, to first order. The estimate depends on X alone: weights that
    depend on the salary itself would pull the median up.
    """
    trees = HistGradientBoostingRegressor(
        max_iter=max(settings.max_iter // 4, 1), max_leaf_nodes=8, max_features=0.3, early_stopping=False,
        random_state=seed,
    )  # fmt: skip
    estimate = np.exp(trees.fit(X, log_salary).predict(X))
    return np.asarray(estimate / estimate.mean(), dtype=np.float64)


def _averaged(settings: SalarySettings, seed: int) -> VotingRegressor:
    """Return the model of the median: the mean of trees of several sizes and two losses, each with its own seed."""
    absolute = [(leaves, "absolute_error") for leaves in settings.max_leaf_nodes]
    squared = [(leaves, "squared_error") for leaves in settings.squared_leaf_nodes]
    members = enumerate(absolute + squared)
    return VotingRegressor(
        [(f"trees{place}", _trees(settings, leaves, seed + place, loss=loss)) for place, (leaves, loss) in members]
    )


def _trees(settings: SalarySettings, leaves: int, seed: int, **loss: Any) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        max_iter=settings.max_iter,
        learning_rate=settings.learning_rate,
        max_leaf_nodes=leaves,
        min_samples_leaf=settings.min_samples_leaf,
        max_features=settings.max_features,
        early_stopping=False,
        random_state=seed % 2**32,
        **loss,
    )


def write(fitted: FittedSalary, folder: Path, *, check: Floats32) -> None:
    """Write `salary.onnx` and `salary.json` into an existing folder.

    Args:
        fitted: the result of `fit`.
        folder: the bundle.
        check: encoded rows for which the written model must return what scikit-learn returns.

    Raises:
        ModelError: the written model returns something else.
    """
    state = {
        "format": FORMAT,
        "quantiles": list(fitted.models),
        "numbers": fitted.encoder.numbers,
        "columns": fitted.encoder.columns,
        "settings": asdict(fitted.settings),
    }
    (folder / "salary.onnx").write_bytes(_graph(fitted, check.shape[1]))
    (folder / "salary.json").write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
    expected, got = np.exp(uncrossed(fitted.log_quantiles(check))), SalaryModel(folder).quantiles_of_columns(check)
    difference = float(np.abs(got / expected - 1).max(initial=0.0))
    if difference > LARGEST_DIFFERENCE:
        raise ModelError(
            f"the salary model as ONNX differs from scikit-learn by {difference:.1e}: please report this as a bug"
        )


def _graph(fitted: FittedSalary, n_columns: int) -> bytes:
    """Return one graph, from `features`, float32 (n, n_columns), to the log of each quantile, `q0` and on, (n, 1)."""
    from onnx import TensorProto, checker, compose, helper
    from skl2onnx import to_onnx

    nodes: list[Any] = []
    constants: list[Any] = []
    outputs = [f"q{place}" for place in range(len(fitted.models))]
    opsets = {"": 21, "ai.onnx.ml": 3}
    for output, model in zip(outputs, fitted.models.values(), strict=True):
        whole = to_onnx(model, np.zeros((1, n_columns), np.float32), target_opset=opsets)
        part = compose.add_prefix(whole, f"{output}.").graph
        nodes += [helper.make_node("Identity", ["features"], [part.input[0].name]), *part.node]
        nodes.append(helper.make_node("Identity", [part.output[0].name], [output]))
        constants += part.initializer
    graph = helper.make_graph(
        nodes,
        "tandem-salary",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", n_columns])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", 1]) for output in outputs],
        constants,
    )
    versions = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    model = helper.make_model(graph, opset_imports=versions, ir_version=10, producer_name="tandem")
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
