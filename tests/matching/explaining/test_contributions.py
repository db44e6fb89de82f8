"""Contributions are exact Shapley values of the served model: they add up to the score with any estimator."""

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from matching.arrays import Floats32
from matching.data.scores import Scores
from matching.explaining import contributions
from matching.explaining.contributions import Background, Contributions, Explainer
from matching.features.columns import FEATURE_GROUPS, FEATURE_NAMES
from matching.model.match_model import MatchModel
from matching.training import fit
from tests.matching.small_market import Trained


@pytest.fixture(scope="module")
def rows(trained: Trained) -> Floats32:
    """Feature rows of the holdout, some with missing values."""
    sample = np.linspace(0, len(trained.parts.holdout) - 1, 30).astype(np.int64)
    return trained.model.transform(trained.parts.holdout.pairs.take(sample))


@pytest.fixture(scope="module")
def background(trained: Trained) -> Background:
    features = trained.model.transform(trained.parts.calibration.pairs)
    return contributions.choose_background(features, seed=7)


@pytest.fixture(scope="module")
def served(trained: Trained, rows: Floats32, tmp_path_factory: pytest.TempPathFactory) -> MatchModel:
    folder = tmp_path_factory.mktemp("bundle")
    fit.write(trained.model, folder, source="marketplace", facts={}, check=rows)
    return MatchModel.load(folder)


def assert_adds_up(explained: tuple[Contributions, ...], scores: Scores, row: int) -> None:
    scored = {"company": scores.company, "candidate": scores.candidate, "match": scores.match}
    assert {one.target for one in explained} == {name for name, values in scored.items() if values is not None}
    for one in explained:
        values = scored[one.target]
        assert values is not None
        p = float(values[row])
        on_scale = np.log(p) if one.target == "match" else logit(p)
        assert one.probability == pytest.approx(p, abs=1e-6)
        assert one.score == pytest.approx(on_scale, abs=1e-5)
        assert one.base + sum(one.groups.values()) == pytest.approx(on_scale, abs=1e-5)


def test_contributions_of_the_served_model_add_up_to_its_scores(
    served: MatchModel, background: Background, rows: Floats32
) -> None:
    explainer, scores = Explainer(served, background, FEATURE_NAMES, FEATURE_GROUPS), served.score_features(rows)
    for row in range(len(rows)):
        assert_adds_up(explainer.explain(rows[row]), scores, row)


def test_the_model_in_memory_and_the_served_graph_have_the_same_contributions(
    trained: Trained, served: MatchModel, background: Background, rows: Floats32
) -> None:
    in_memory = Explainer(trained.model, background, FEATURE_NAMES, FEATURE_GROUPS)
    deployed, scores = Explainer(served, background, FEATURE_NAMES, FEATURE_GROUPS), trained.model.score_features(rows)
    for row in range(5):
        explained, other = in_memory.explain(rows[row]), deployed.explain(rows[row])
        assert_adds_up(explained, scores, row)
        for one, two in zip(explained, other, strict=True):
            assert one.groups == pytest.approx(two.groups, abs=1e-4)
            assert one.base == pytest.approx(two.base, abs=1e-4)


class Graph:
    """A one-sided model: a logistic regression, run by onnxruntime."""

    def __init__(self, model: Any, n_features: int) -> None:
        import onnxruntime
        from skl2onnx import to_onnx

        zeros = np.zeros((1, n_features), np.float32)
        graph = to_onnx(model, zeros, options={id(model): {"zipmap": False}}, target_opset={"": 21, "ai.onnx.ml": 3})
        self._session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])

    def score_features(self, features: Floats32) -> Scores:
        p = self._session.run(["probabilities"], {"X": features})[0][:, 1]
        return Scores(features, None, p, p)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_linear_model_is_explained_by_its_coefficients(rows: Floats32) -> None:
    from sklearn.linear_model import LogisticRegression

    X = np.nan_to_num(rows[:, :6])
    X = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1)
    names = tuple(f"x{n}" for n in range(6))
    groups = {"first": ("x0", "x3"), "second": ("x1",), "third": ("x2", "x4")}
    linear = LogisticRegression().fit(X, (X[:, 0] + X[:, 2] > 0).astype(int))
    background = Background(X[:8], np.full(8, 1 / 8))
    explainer, scores = Explainer(Graph(linear, 6), background, names, groups), Graph(linear, 6).score_features(X)
    for row in range(10, 20):
        explained = explainer.explain(X[row])
        assert_adds_up(explained, scores, row)
        (candidate,) = (one for one in explained if one.target == "candidate")
        terms = linear.coef_[0] * (X[row] - X[:8].mean(axis=0))
        expected = {"first": terms[0] + terms[3], "second": terms[1], "third": terms[2] + terms[4], "other": terms[5]}
        assert candidate.groups == pytest.approx(expected, abs=1e-4)


class Product:
    """A model with an interaction, whose Shapley values follow from their definition."""

    def score_features(self, features: Floats32) -> Scores:
        z = (features[:, 0] * features[:, 1] + 0.5 * features[:, 2] * features[:, 1] - 1).astype(np.float64)
        p = expit(z).astype(np.float32)
        return Scores(features, p, None, p)


def test_contributions_are_the_mean_over_all_orders_of_arrival() -> None:
    generator = np.random.default_rng(3)
    rows = generator.normal(size=(5, 3)).astype(np.float32)
    weight = np.array([0.4, 0.3, 0.2, 0.05, 0.05])
    x = generator.normal(size=3).astype(np.float32)
    groups = {"a": ("x0",), "b": ("x1",), "c": ("x2",)}

    def value(known: frozenset[int]) -> float:
        mixed = np.array([[x[n] if n in known else row[n] for n in range(3)] for row in rows], dtype=np.float32)
        company = Product().score_features(mixed).company
        assert company is not None
        return float(logit(company.astype(np.float64)) @ weight)

    expected = np.zeros(3)
    for order in permutations(range(3)):
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            expected[player] += (value(before | {player}) - value(before)) / 6
    explained = Explainer(Product(), Background(rows, weight), ("x0", "x1", "x2"), groups).explain(x)[0]
    assert list(explained.groups.values()) == pytest.approx(expected.tolist(), abs=1e-9)
    assert explained.base == pytest.approx(value(frozenset()), abs=1e-9)


def test_a_group_that_cannot_matter_adds_exactly_nothing(served: MatchModel, background: Background) -> None:
    columns = Explainer(served, background, FEATURE_NAMES, FEATURE_GROUPS).columns
    rows, x = background.rows.copy(), background.rows[0].copy()
    rows[:, columns["salary"]] = np.nan
    x[columns["salary"]] = np.nan
    rows[:, columns["company"]] = x[columns["company"]]
    for one in Explainer(served, Background(rows, background.weight), FEATURE_NAMES, FEATURE_GROUPS).explain(x):
        assert one.groups["salary"] == one.groups["company"] == 0.0
        assert one.base + sum(one.groups.values()) == pytest.approx(one.score, abs=1e-9)
    same = Explainer(served, Background(x[None, :], np.ones(1)), FEATURE_NAMES, FEATURE_GROUPS).explain(x)
    assert all(value == 0.0 for one in same for value in one.groups.values())


def test_every_feature_is_in_exactly_one_group(served: MatchModel, background: Background) -> None:
    columns = Explainer(served, background, FEATURE_NAMES, FEATURE_GROUPS).columns
    assert sorted(np.concatenate(list(columns.values())).tolist()) == list(range(len(FEATURE_NAMES)))
    assert "other" not in columns
    with pytest.raises(ValueError, match="two groups"):
        Explainer(served, background, FEATURE_NAMES, {"a": ("same_city",), "b": ("same_city",)})
    with pytest.raises(ValueError, match="too many"):
        Explainer(served, background, FEATURE_NAMES, {name: (name,) for name in FEATURE_NAMES})


def test_the_background_is_a_few_rounded_rows_and_a_bundle_restores_it(background: Background, tmp_path: Path) -> None:
    assert background.rows.shape == (contributions.BACKGROUND_ROWS, len(FEATURE_NAMES))
    assert background.weight.sum() == pytest.approx(1)
    assert len(np.unique(background.rows, axis=0)) == contributions.BACKGROUND_ROWS
    salary = background.rows[:, FEATURE_NAMES.index("candidate_expected_salary_usd_per_year")]
    assert all(np.isnan(value) or value % 1_000 == 0 for value in salary)
    assert contributions.read_background(tmp_path, FEATURE_NAMES) is None
    contributions.write_background(background, FEATURE_NAMES, tmp_path)
    back = contributions.read_background(tmp_path, FEATURE_NAMES)
    assert back is not None
    np.testing.assert_array_equal(back.rows, background.rows)
    assert contributions.read_background(tmp_path, FEATURE_NAMES[1:]) is None


def test_the_background_depends_on_the_seed_alone_and_is_small_for_few_rows(rows: Floats32) -> None:
    one, two = (contributions.choose_background(rows, seed=1) for _ in range(2))
    np.testing.assert_array_equal(one.rows, two.rows)
    assert len(contributions.choose_background(np.repeat(rows[:1], 5, axis=0), seed=1).rows) == 1
