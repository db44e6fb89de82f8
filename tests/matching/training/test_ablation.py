"""Trials on the training slice, and an ablation that finds what matters and what does not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from matching.errors import InputError, UnusableData
from matching.problems.estimators import Trees
from matching.training import trial
from matching.training.ablation import ALL, LOGISTIC, Ablation, Finding, ablate, complete
from matching.training.trial import Added, InnerSlices, Logistic
from tests.matching.small_market import SMALL, Trained

pytestmark = pytest.mark.slow

# Every split sees every feature: the fit does not depend on the seed.
QUICK = Trees(max_iter=10, learning_rate=0.15, max_leaf_nodes=6, min_samples_leaf=30, max_features=1.0)
NOISE = ("noise_one", "noise_two")


@pytest.fixture(scope="module")
def slices(trained: Trained) -> InnerSlices:
    """The inner slices of every third list, with two columns of noise and a copy of one feature added."""
    train = trained.parts.train
    cut = trial.inner_slices(train.take(train.lists % 3 == 0), SMALL)
    generator = np.random.default_rng(1)

    def more(features: Any) -> Any:
        noise = generator.normal(size=(len(features), 2))
        copied = features[:, [cut.names.index("salary_headroom_log")]]
        return np.column_stack([features, noise, copied]).astype(np.float32)

    names = (*cut.names, *NOISE, "copy_of_salary")
    return replace(cut, older_features=more(cut.older_features), newer_features=more(cut.newer_features), names=names)


def groups(slices: InnerSlices) -> dict[str, tuple[str, ...]]:
    skills = tuple(
        name for name in slices.names if name.startswith(("must", "nice", "skill", "text", "title", "head", "role"))
    )
    return {"noise": NOISE, "copy": ("copy_of_salary",), "fit": skills}


@pytest.fixture(scope="module")
def found(slices: InnerSlices) -> Ablation:
    told: list[str] = []
    refits: list[Finding] = []
    result = ablate(slices, groups(slices), estimator=QUICK, seed=1, told=told.append, finished=refits.append)
    assert told[0] == "refit 1 of 6: every group, with 3 seeds"
    assert [refit.name for refit in refits[:4]] == [ALL, "without noise", "without copy", "without fit"]
    return result


def test_a_group_without_a_value_is_passed_over(slices: InnerSlices) -> None:
    empty = ("post_age_days",)  # the simulator states no dates
    noise = replace(slices, names=(*NOISE, *empty), **_columns(slices, (*NOISE, *empty)))
    told: list[str] = []
    found = ablate(noise, {"noise": NOISE, "empty": empty}, estimator=QUICK, seed=1, told=told.append)
    assert [one.name for one in found.groups] == ["without noise"]
    assert told[0] == "passed over, without a value in this log: empty"
    assert found.dropped == (), "something must be left to learn from"


def _columns(slices: InnerSlices, names: tuple[str, ...]) -> dict[str, Any]:
    places = [slices.names.index(name) for name in names]
    return {part: getattr(slices, part)[:, places] for part in ("older_features", "newer_features")}


def test_the_inner_slices_are_cut_in_time_within_the_training_slice(trained: Trained) -> None:
    cut = trial.inner_slices(trained.parts.train, SMALL)
    assert cut.older.time.max() < cut.newer.time.min()
    assert len(cut.older) + len(cut.newer) == len(trained.parts.train)
    assert len(cut.older) / len(trained.parts.train) == pytest.approx(0.75, abs=0.01)
    assert cut.newer.time.max() < trained.parts.calibration.time.min()
    assert not set(cut.older.lists) & set(cut.newer.lists)
    assert set().union(*cut.groups.values()) == set(cut.names), "every feature is in a group"


def test_a_slice_of_one_moment_is_refused(trained: Trained) -> None:
    train = trained.parts.train
    with pytest.raises(UnusableData, match="cannot be cut in time once more"):
        trial.inner_slices(train.take(train.time == train.time[0]), SMALL)


class Constant(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Says the same of everyone."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Constant":  # noqa: ARG002
        self.rate_ = float(np.average(y, weights=sample_weight))
        return self

    def predict_proba(self, X: Any) -> Any:
        return np.tile([1 - self.rate_, self.rate_], (len(X), 1))


class Thirty(Constant):
    """Says 30 % whatever it has seen."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Thirty":  # noqa: ARG002
        self.rate_ = 0.3
        return self


def test_the_loss_is_the_likelihood_of_everything_that_happened(slices: InnerSlices) -> None:
    found = trial.losses(slices, lambda _: Thirty(), seed=1)
    newer = slices.newer
    seen = 0.3 * newer.propensity
    asked = ~np.isnan(newer.candidate)
    by_hand = -np.where(newer.company == 1, np.log(seen), np.log(1 - seen)).sum()
    by_hand -= np.where(newer.candidate[asked] == 1, np.log(0.3), np.log(0.7)).sum()
    assert found.mean() == pytest.approx(by_hand / len(newer))


def test_trees_and_logistic_regression_both_beat_a_constant(slices: InnerSlices) -> None:
    constant = trial.losses(slices, lambda _: Constant(), seed=1)
    for estimator in (QUICK, Logistic()):
        found = trial.losses(slices, estimator, seed=1)
        assert found.by_direction["company"] < 0.95 * constant.by_direction["company"]


def test_logistic_regression_survives_features_that_are_missing_everywhere(slices: InnerSlices) -> None:
    some = frozenset({"salary_headroom_log", "noise_one"})
    found = trial.losses(slices, Logistic(), seed=1, without=some)
    assert np.isfinite(found.mean())


def test_a_feature_left_out_cannot_be_learned_from(slices: InnerSlices) -> None:
    names = frozenset(slices.names) - {"noise_one"}
    alone = trial.losses(slices, QUICK, seed=1, without=names)
    full = trial.losses(slices, QUICK, seed=1)
    assert trial.added(alone, full, seed=1).low > 0
    assert slices.newer_features[:, 0].any(), "the features themselves are untouched"


def test_noise_and_a_copy_are_dropped_and_what_matters_is_kept(found: Ablation) -> None:
    verdicts = {finding.name: finding.verdict for finding in found.groups}
    assert verdicts["without noise"] == "drop"
    assert verdicts["without copy"] == "drop"
    assert found.groups[1].added.mean == pytest.approx(0, abs=1e-12), "its twin says the same"
    assert verdicts["without fit"] == "keep"
    assert set(found.dropped) >= {"noise", "copy"}
    assert found.without_dropped is not None
    assert found.without_dropped.added.is_noise
    fit = next(finding for finding in found.groups if finding.name == "without fit")
    assert fit.added.low > 0


def test_groups_that_stand_in_for_each_other_are_not_both_dropped(slices: InnerSlices) -> None:
    fit = list(groups(slices)["fit"])
    others = ["salary_headroom_log", "candidate_experience_years", "experience_below_years", "distance"]
    columns = [slices.names.index(name) for name in (*fit, *fit, *others)]
    twins = {"fit": fit, "twin": [f"twin_{name}" for name in fit]}
    twice = replace(
        slices,
        older_features=slices.older_features[:, columns],
        newer_features=slices.newer_features[:, columns],
        names=(*fit, *twins["twin"], *others),
    )
    result = ablate(twice, twins, estimator=QUICK, seed=1)
    assert all(one.added.is_noise for one in result.groups[:2]), "neither is missed while the other is there"
    assert len(set(result.dropped) & set(twins)) == 1, "either will do, but not neither"


def test_what_seeds_differ_by_is_part_of_the_standard_error(slices: InnerSlices) -> None:
    few = replace(QUICK, max_iter=3, max_features=0.1)
    first = replace(
        slices,
        older_features=slices.older_features[:, -8:],
        newer_features=slices.newer_features[:, -8:],
        names=slices.names[-8:],
    )
    result = ablate(first, {"noise": NOISE}, estimator=few, seed=1)
    assert result.full.added.mean == 0
    assert result.full.added.standard_error > 1e-5
    assert all(one.added.standard_error > result.full.added.standard_error for one in result.groups)


def test_the_simpler_model_wins_only_where_it_is_not_worse(found: Ablation) -> None:
    assert found.logistic.name == LOGISTIC
    assert found.logistic.verdict == ("wins" if found.logistic.added.is_noise else "loses")
    assert found.full.added.standard_error == pytest.approx(0, abs=1e-12), "seeds change nothing here"
    assert found.findings()[0].name == ALL


@pytest.mark.parametrize(
    ("mean", "error", "noise"), [(0.1, 0.2, True), (0.2, 0.1, False), (-0.1, 0.01, True), (0.0, 0.0, True)]
)
def test_one_standard_error_decides(mean: float, error: float, noise: bool) -> None:
    assert Added(mean, mean - 1, mean + 1, error).is_noise is noise


def test_features_in_no_group_form_one() -> None:
    assert complete({"a": ["x"]}, ["x", "y", "z"]) == {"a": {"x"}, "other": {"y", "z"}}
    assert complete({}, ["x"]) == {"other": {"x"}}
    assert complete({"a": ["x"]}, ["x"]) == {"a": {"x"}}


@pytest.mark.parametrize(("wrong", "message"), [(["q"], "names q, which no feature"), ([], "is empty")])
def test_a_wrong_group_is_told(wrong: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        complete({"a": wrong}, ["x"])
