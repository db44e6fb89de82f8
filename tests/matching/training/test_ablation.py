"""Trials on the training split, and an ablation that separates useful groups of features from useless ones."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from matching.errors import InputError, UnusableData
from matching.problems.estimators import Trees
from matching.training import trial
from matching.training.ablation import ALL, LOGISTIC, Ablation, Refit, ablate, complete
from matching.training.trial import AddedLoss, InnerSplit, Logistic
from tests.matching.small_market import SMALL, Trained

pytestmark = pytest.mark.slow

# Every split of a tree sees every feature, so the fit does not depend on the seed.
QUICK = Trees(max_iter=10, learning_rate=0.15, max_leaf_nodes=6, min_samples_leaf=30, max_features=1.0, max_bins=63)
NOISE = ("noise_one", "noise_two")


@pytest.fixture(scope="module")
def inner(trained: Trained) -> InnerSplit:
    """The inner split of every third list, with two columns of noise and a copy of one feature."""
    train = trained.parts.train
    cut = trial.inner_split(train.take(train.lists % 3 == 0), SMALL)
    generator = np.random.default_rng(2)

    def more(features: Any) -> Any:
        noise = generator.normal(size=(len(features), 2))
        copied = features[:, [cut.names.index("salary_headroom_log")]]
        return np.column_stack([features, noise, copied]).astype(np.float32)

    names = (*cut.names, *NOISE, "copy_of_salary")
    return replace(cut, older_features=more(cut.older_features), newer_features=more(cut.newer_features), names=names)


def groups(inner: InnerSplit) -> dict[str, tuple[str, ...]]:
    skills = tuple(
        name for name in inner.names if name.startswith(("must", "nice", "skill", "text", "title", "head", "role"))
    )
    return {"noise": NOISE, "copy": ("copy_of_salary",), "fit": skills}


@pytest.fixture(scope="module")
def found(inner: InnerSplit) -> Ablation:
    messages: list[str] = []
    refits: list[Refit] = []
    result = ablate(inner, groups(inner), estimator=QUICK, seed=1, progress=messages.append, finished=refits.append)
    assert messages[0] == "refit 1 of 6: every group, with 3 seeds"
    assert [refit.name for refit in refits[:4]] == [ALL, "without noise", "without copy", "without fit"]
    return result


def test_a_group_without_any_value_is_skipped(inner: InnerSplit) -> None:
    empty = ("post_age_days",)  # the simulator has no dates
    noise = replace(inner, names=(*NOISE, *empty), **_columns(inner, (*NOISE, *empty)))
    messages: list[str] = []
    found = ablate(noise, {"noise": NOISE, "empty": empty}, estimator=QUICK, seed=1, progress=messages.append)
    assert [one.name for one in found.groups] == ["without noise"]
    assert messages[0] == "skipped, without any value in this log: empty"
    assert found.dropped == (), "something must be left to learn from"


def _columns(inner: InnerSplit, names: tuple[str, ...]) -> dict[str, Any]:
    places = [inner.names.index(name) for name in names]
    return {part: getattr(inner, part)[:, places] for part in ("older_features", "newer_features")}


def test_the_inner_split_is_by_time_and_within_the_training_split(trained: Trained) -> None:
    cut = trial.inner_split(trained.parts.train, SMALL)
    assert cut.older.time.max() < cut.newer.time.min()
    assert len(cut.older) + len(cut.newer) == len(trained.parts.train)
    assert len(cut.older) / len(trained.parts.train) == pytest.approx(0.75, abs=0.01)
    assert cut.newer.time.max() < trained.parts.calibration.time.min()
    assert not set(cut.older.lists) & set(cut.newer.lists)
    assert set().union(*cut.groups.values()) == set(cut.names), "every feature is in a group"


def test_a_training_split_of_one_time_is_refused(trained: Trained) -> None:
    train = trained.parts.train
    with pytest.raises(UnusableData, match="cannot be split by time again"):
        trial.inner_split(train.take(train.time == train.time[0]), SMALL)


class Constant(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Predicts the same probability for every pair."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Constant":  # noqa: ARG002
        self.rate_ = float(np.average(y, weights=sample_weight))
        return self

    def predict_proba(self, X: Any) -> Any:
        return np.tile([1 - self.rate_, self.rate_], (len(X), 1))


class Thirty(Constant):
    """Predicts 30 % for every pair."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Thirty":  # noqa: ARG002
        self.rate_ = 0.3
        return self


def test_the_loss_is_the_likelihood_of_everything_that_happened(inner: InnerSplit) -> None:
    found = trial.losses(inner, lambda _: Thirty(), seed=1)
    newer = inner.newer
    observed = 0.3 * newer.propensity
    invited = ~np.isnan(newer.candidate)
    by_hand = -np.where(newer.company == 1, np.log(observed), np.log(1 - observed)).sum()
    by_hand -= np.where(newer.candidate[invited] == 1, np.log(0.3), np.log(0.7)).sum()
    assert found.mean() == pytest.approx(by_hand / len(newer))


def test_trees_and_logistic_regression_both_beat_a_constant(inner: InnerSplit) -> None:
    constant = trial.losses(inner, lambda _: Constant(), seed=1)
    for estimator in (QUICK, Logistic()):
        found = trial.losses(inner, estimator, seed=1)
        assert found.by_direction["company"] < 0.95 * constant.by_direction["company"]


def test_logistic_regression_accepts_features_that_are_missing_everywhere(inner: InnerSplit) -> None:
    some = frozenset({"salary_headroom_log", "noise_one"})
    found = trial.losses(inner, Logistic(), seed=1, without=some)
    assert np.isfinite(found.mean())


def test_a_feature_left_out_cannot_be_learned_from(inner: InnerSplit) -> None:
    names = frozenset(inner.names) - {"noise_one"}
    alone = trial.losses(inner, QUICK, seed=1, without=names)
    full = trial.losses(inner, QUICK, seed=1)
    assert trial.added(alone, full, seed=1).low > 0
    assert inner.newer_features[:, 0].any(), "the features themselves are untouched"


def test_noise_and_a_copy_are_dropped_and_useful_features_are_kept(found: Ablation) -> None:
    decisions = {refit.name: refit.decision for refit in found.groups}
    assert decisions["without noise"] == "drop"
    assert decisions["without copy"] == "drop"
    assert found.groups[1].added.mean == pytest.approx(0, abs=1e-12), "the original has the same values"
    assert decisions["without fit"] == "keep"
    assert set(found.dropped) >= {"noise", "copy"}
    assert found.without_dropped is not None
    assert found.without_dropped.added.is_noise
    fit = next(refit for refit in found.groups if refit.name == "without fit")
    assert fit.added.low > 0


def test_groups_that_substitute_for_each_other_are_not_both_dropped(inner: InnerSplit) -> None:
    fit = list(groups(inner)["fit"])
    others = ["salary_headroom_log", "candidate_experience_years", "experience_below_years", "distance"]
    columns = [inner.names.index(name) for name in (*fit, *fit, *others)]
    twins = {"fit": fit, "twin": [f"twin_{name}" for name in fit]}
    twice = replace(
        inner,
        older_features=inner.older_features[:, columns],
        newer_features=inner.newer_features[:, columns],
        names=(*fit, *twins["twin"], *others),
    )
    result = ablate(twice, twins, estimator=QUICK, seed=1)
    assert all(one.added.is_noise for one in result.groups[:2]), "neither is missed while the other is present"
    assert len(set(result.dropped) & set(twins)) == 1, "one of them is needed"


def test_the_spread_over_seeds_is_part_of_the_standard_error(inner: InnerSplit) -> None:
    few = replace(QUICK, max_iter=3, max_features=0.1)
    first = replace(
        inner,
        older_features=inner.older_features[:, -8:],
        newer_features=inner.newer_features[:, -8:],
        names=inner.names[-8:],
    )
    result = ablate(first, {"noise": NOISE}, estimator=few, seed=1)
    assert result.full.added.mean == 0
    assert result.full.added.standard_error > 1e-5
    assert all(one.added.standard_error > result.full.added.standard_error for one in result.groups)


def test_the_simpler_model_wins_only_if_it_is_no_worse(found: Ablation) -> None:
    assert found.logistic.name == LOGISTIC
    assert found.logistic.decision == ("wins" if found.logistic.added.is_noise else "loses")
    assert found.full.added.standard_error == pytest.approx(0, abs=1e-12), "the fit does not depend on the seed"
    assert found.refits()[0].name == ALL


@pytest.mark.parametrize(
    ("mean", "error", "noise"), [(0.1, 0.2, True), (0.2, 0.1, False), (-0.1, 0.01, True), (0.0, 0.0, True)]
)
def test_one_standard_error_decides(mean: float, error: float, noise: bool) -> None:
    assert AddedLoss(mean, mean - 1, mean + 1, error).is_noise is noise


def test_features_in_no_group_form_a_group() -> None:
    assert complete({"a": ["x"]}, ["x", "y", "z"]) == {"a": {"x"}, "other": {"y", "z"}}
    assert complete({}, ["x"]) == {"other": {"x"}}
    assert complete({"a": ["x"]}, ["x"]) == {"a": {"x"}}


@pytest.mark.parametrize(("wrong", "message"), [(["q"], "names q, which is no feature"), ([], "is empty")])
def test_a_wrong_group_is_refused(wrong: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        complete({"a": wrong}, ["x"])
