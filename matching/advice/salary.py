"""What the market pays for a profile: quartiles of the salary that people like this one state.

Names (skills, roles, places) become columns of 0 and 1, and boosted trees of several sizes, fitted to the median of the
log of the salary, are averaged. People count by what they are likely to earn, so that an error of one dollar weighs the
same for everybody. Gender, age and ethnicity are no inputs: they are in no profile. It is written as ONNX
and JSON, without pickle.
"""

import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtr
from sklearn.ensemble import HistGradientBoostingRegressor, VotingRegressor

from matching.arrays import Floats, Floats32, Integers
from matching.data.versions import newest_versions
from matching.errors import ModelError, UnusableData
from matching.features.tfidf import TOKEN
from matching.onnx_session import open_session

FORMAT = 1
FILES = ("salary.onnx", "salary.json")
QUANTILES = (0.25, 0.50, 0.75)
FEWEST_ROWS = 200
LARGEST_DIFFERENCE = 1e-5
QUARTILE_OF_NORMAL = 0.6744897501960817
PRIOR_PEOPLE = 10.0  # a name's difference in pay starts at none, as if so many people had said so
NARROWEST = 0.01  # of the log of a salary: an interval is never narrower, so that a standing is finite


@dataclass(frozen=True)
class SalaryInputs:
    """What is known of n people, whatever the source.

    Attributes:
        numbers: values by name, shape (n,), not negative; NaN where not known.
        names: lists of names by field, length n: skills, roles, places.
    """

    numbers: dict[str, Floats]
    names: dict[str, list[list[str]]]

    def take(self, rows: Integers) -> "SalaryInputs":
        """Keep some of the people."""
        numbers = {field: values[rows] for field, values in self.numbers.items()}
        return SalaryInputs(numbers, {field: [values[row] for row in rows] for field, values in self.names.items()})


@dataclass(frozen=True)
class SalarySettings:
    """Settings of the trees; see scikit-learn's `HistGradientBoostingRegressor`.

    Attributes:
        max_iter: trees of each boosted model.
        learning_rate: of each.
        max_leaf_nodes: of the boosted models of absolute error that are averaged for the median, one each.
        squared_leaf_nodes: of models of squared error that are averaged in: they err elsewhere, at a third of the time.
        quartile_leaf_nodes: of the models of the other quantiles; large trees make their interval too narrow.
        fewest_people: a name fewer people have is no column: rare names identify people.
        most_names: columns of each field.
    """

    max_iter: int = 300
    learning_rate: float = 0.05
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
"""Lighter settings, for the time that a training has."""


class SalaryEncoder:
    """Turns inputs into columns.

    They are the numbers, their logs, and for each field of names: 0 and 1 for each name, how many names there are, and
    the mean of what its names go with in pay.

    Attributes:
        numbers: names of the numbers.
        columns: by field, the names that are columns, each with its mean difference in the log of the salary.
    """

    def __init__(self, numbers: list[str], columns: dict[str, dict[str, float]]) -> None:
        self.numbers = numbers
        self.columns = columns

    @classmethod
    def fit(cls, inputs: SalaryInputs, log_salary: Floats, settings: SalarySettings) -> "SalaryEncoder":
        """Choose the names that become columns: the most frequent ones, none that only few people have."""
        above = log_salary - log_salary.mean()
        columns = {}
        for field, rows in sorted(inputs.names.items()):  # as JSON keeps them
            people: Counter[str] = Counter()
            pay: Counter[str] = Counter()
            for row, value in zip(rows, above.tolist(), strict=True):
                for name in set(_plain(row)):
                    people[name] += 1
                    pay[name] += value
            known = sorted(people, key=lambda name: (-people[name], name))[: settings.most_names]
            kept = sorted(name for name in known if people[name] >= settings.fewest_people)
            columns[field] = {name: pay[name] / (people[name] + PRIOR_PEOPLE) for name in kept}
        return cls(list(inputs.numbers), columns)

    def transform(self, inputs: SalaryInputs) -> Floats32:
        """Return the columns, shape (n, n_columns)."""
        numbers = [inputs.numbers[name] for name in self.numbers]
        blocks = [*numbers, *(np.log1p(values) for values in numbers)]
        for field, known in self.columns.items():
            place = {name: column for column, name in enumerate(known)}
            block = np.zeros((len(inputs.names[field]), len(known) + 2))
            for row, names in enumerate(inputs.names[field]):
                held = [name for name in dict.fromkeys(_plain(names)) if name in place]
                block[row, [place[name] for name in held]] = 1.0
                block[row, -2:] = len(names), np.mean([known[name] for name in held]) if held else 0.0
            blocks.extend(block.T)
        return np.column_stack(blocks).astype(np.float32)


@dataclass(frozen=True)
class FittedSalary:
    """A fitted model in memory: one regression of the log of the salary per quantile."""

    encoder: SalaryEncoder
    models: dict[float, Any]
    settings: SalarySettings

    def log_quantiles(self, X: Floats32) -> Floats:
        """Logs of the quantiles with scikit-learn itself, shape (n, n_quantiles)."""
        return np.column_stack([model.predict(X) for model in self.models.values()])


def candidate_inputs(candidates: pl.DataFrame) -> SalaryInputs:
    """Read the inputs from rows of `CandidateProfile`."""
    skills = [[skill["name"] for skill in row] for row in candidates["skills"].to_list()]
    return SalaryInputs(
        numbers={"experience_years": _numbers(candidates["experience_years"])},
        names={
            "skills": skills,
            "headline": [re.findall(TOKEN, headline.lower()) for headline in candidates["headline"].to_list()],
            "wish_roles": candidates["wish_roles"].to_list(),
            **{place: _single(candidates[place]) for place in ("city", "region", "country", "remote_wish")},
        },
    )


def fit_candidates(candidates: pl.DataFrame, *, seed: int, settings: SalarySettings | None = None) -> FittedSalary:
    """Fit on the newest version of each candidate who states an expectation.

    Args:
        candidates: schema of `Candidate`, only versions known before the training cut.
        seed: seed of the trees.
        settings: settings of the trees; lighter ones than for a survey where left out.

    Raises:
        UnusableData: fewer than 200 candidates state an expected salary.
    """
    newest = newest_versions(candidates)
    stated = newest.filter(pl.col("expected_salary_usd_per_year").is_not_null())
    salary = stated["expected_salary_usd_per_year"].to_numpy()
    return fit(candidate_inputs(stated), salary, seed=seed, settings=settings or IN_TRAINING)


def fit(
    inputs: SalaryInputs,
    salary: Floats,
    *,
    seed: int,
    settings: SalarySettings | None = None,
    quantiles: tuple[float, ...] = QUANTILES,
) -> FittedSalary:
    """Fit the quantiles of the salary, shape (n,) in any one currency and period; raises UnusableData."""
    settings = settings or SalarySettings()
    if len(salary) < FEWEST_ROWS:
        raise UnusableData(
            f"{len(salary)} people state a salary: a salary model needs {FEWEST_ROWS}; train without one"
        )
    target = np.log(salary)
    encoder = SalaryEncoder.fit(inputs, target, settings)
    X = encoder.transform(inputs)
    X = np.where(np.isnan(X).all(axis=0), np.float32(0), X)  # a column without any value cannot be binned
    weights = _likely_pay(X, target, settings, seed)
    models = {
        quantile: _averaged(settings, seed).fit(X, target, sample_weight=weights)
        if quantile == 0.5
        else _trees(settings, settings.quartile_leaf_nodes, seed, loss="quantile", quantile=quantile).fit(X, target)
        for quantile in quantiles
    }
    return FittedSalary(encoder, models, settings)


def _likely_pay(X: Floats32, log_salary: Floats, settings: SalarySettings, seed: int) -> Floats:
    """A first guess of each salary, mean 1, shape (n,).

    As weights of |log error| they make it |error| to first order. The guess depends on X only: weights that knew the
    salary itself would pull the median up.
    """
    trees = HistGradientBoostingRegressor(
        max_iter=max(settings.max_iter // 4, 1), max_leaf_nodes=8, max_features=0.3, early_stopping=False,
        random_state=seed,
    )  # fmt: skip
    guess = np.exp(trees.fit(X, log_salary).predict(X))
    return np.asarray(guess / guess.mean(), dtype=np.float64)


def _averaged(settings: SalarySettings, seed: int) -> VotingRegressor:
    """The median: trees of several sizes and two losses, each with its own seed."""
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
        random_state=seed,
        **loss,
    )


def write(fitted: FittedSalary, folder: Path, *, check: Floats32) -> None:
    """Write `salary.onnx` and `salary.json` into a folder that exists.

    Args:
        fitted: what `fit` returned.
        folder: the bundle.
        check: rows of the encoder on which the written model must answer as scikit-learn does.

    Raises:
        ModelError: the written model answers differently.
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
    expected, got = np.exp(_ordered(fitted.log_quantiles(check))), SalaryModel(folder).quantiles_of_columns(check)
    difference = float(np.abs(got / expected - 1).max(initial=0.0))
    if difference > LARGEST_DIFFERENCE:
        raise ModelError(f"the salary model's ONNX form differs by {difference:.1e}: please report this as a bug")


def _graph(fitted: FittedSalary, n_columns: int) -> bytes:
    """One graph: `features` float32 (n, n_columns) -> the log of each quantile, `q0`, `q1`, ..., float32 (n, 1)."""
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


class SalaryModel:
    """Quartiles of what the market pays, from data files.

    Attributes:
        encoder: inputs to columns.
        shares: the quantiles it knows, ascending.
    """

    def __init__(self, folder: Path) -> None:
        state = json.loads((folder / "salary.json").read_text(encoding="utf-8"))
        if state.get("format") != FORMAT:
            raise ModelError(f"salary.json has format {state.get('format')}, this version reads {FORMAT}: train again")
        self.encoder = SalaryEncoder(state["numbers"], state["columns"])
        self.shares: tuple[float, ...] = tuple(state["quantiles"])
        self._session = open_session((folder / "salary.onnx").read_bytes())

    @classmethod
    def load(cls, folder: Path) -> "SalaryModel | None":
        """Load the salary model of a bundle; None where it has none; raises ModelError."""
        there = [(folder / name).is_file() for name in FILES]
        if not any(there):
            return None
        if not all(there):
            raise ModelError(f"{FILES[there.index(False)]} is missing beside {FILES[there.index(True)]}: train again")
        return cls(folder)

    def quantiles(self, inputs: SalaryInputs) -> Floats:
        """Salaries that the given shares of people like these stay below, shape (n, n_quantiles)."""
        return self.quantiles_of_columns(self.encoder.transform(inputs))

    def quantiles_of_columns(self, X: Floats32) -> Floats:
        """Quantiles of encoded rows, shape (n, n_quantiles), in the unit of the training."""
        if not len(X):
            return np.empty((0, len(self.shares)))
        answers = self._session.run(None, {"features": X})
        return np.exp(_ordered(np.column_stack([answer.ravel() for answer in answers]).astype(np.float64)))


def standing(salary: float, quartiles: Floats) -> float:
    """Share of people like this one who state less, 0 to 1.

    Log-normal on each side of the median, through the quartiles.

    Args:
        salary: the expectation.
        quartiles: shape (3,), the lower quartile, the median and the upper quartile.
    """
    low, middle, high = np.log(quartiles)
    gap = np.log(salary) - middle
    width = max(high - middle if gap > 0 else middle - low, NARROWEST)
    return float(ndtr(QUARTILE_OF_NORMAL * gap / width))


def _ordered(log_quantiles: Floats) -> Floats:
    """Quantiles fitted apart may cross: each is at least the one before."""
    return np.sort(log_quantiles, axis=1)


def _plain(names: list[str]) -> list[str]:
    return [name.strip().lower() for name in names]


def _numbers(values: pl.Series) -> Floats:
    return np.array([np.nan if value is None else value for value in values.to_list()], dtype=np.float64)


def _single(values: pl.Series) -> list[list[str]]:
    return [[] if value is None else [value] for value in values.to_list()]
