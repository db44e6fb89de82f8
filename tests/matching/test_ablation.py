"""Trials on the training slice, and an ablation that finds what matters and what does not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matching import trial
from matching.ablation import ALL, LOGISTIC, Ablation, Finding, ablate, complete, groups_by_first_word
from matching.errors import InputError, UnusableData
from matching.trial import Added, InnerSlices
from tests.matching.market import SMALL, Trained

# Every split sees every feature: the fit does not depend on the seed.
QUICK = replace(SMALL, max_iter=10, learning_rate=0.15, max_leaf_nodes=6, max_features=1.0)
NOISE = ("noise_one", "noise_two")


@pytest.fixture(scope="module")
def slices(trained: Trained) -> InnerSlices:
    """The inner slices of every fourth list, with two columns of noise and a copy of one feature added."""
    train = trained.parts.train
    cut = trial.inner_slices(train.take(train.lists % 4 == 0))
    generator = np.random.default_rng(1)

    def more(features: Any) -> Any:
        noise = generator.normal(size=(len(features), 2))
        copied = features[:, [cut.names.index("must_have_rarity_coverage")]]
        return np.column_stack([features, noise, copied]).astype(np.float32)

    names = (*cut.names, *NOISE, "copy_of_rarity")
    return replace(cut, older_features=more(cut.older_features), newer_features=more(cut.newer_features), names=names)


def groups(slices: InnerSlices) -> dict[str, tuple[str, ...]]:
    skills = tuple(name for name in slices.names if name.startswith(("must", "nice", "skill", "text", "title", "head")))
    return {"noise": NOISE, "copy": ("copy_of_rarity",), "fit": skills}


@pytest.fixture(scope="module")
def found(slices: InnerSlices) -> Ablation:
    told: list[str] = []
    refits: list[Finding] = []
    result = ablate(slices, groups(slices), settings=QUICK, seed=1, told=told.append, finished=refits.append)
    assert told[0] == "refit 1 of 6: every group, with 3 seeds"
    assert [refit.name for refit in refits[:4]] == [ALL, "without noise", "without copy", "without fit"]
    return result


def test_the_inner_slices_are_cut_in_time_within_the_training_slice(trained: Trained) -> None:
    cut = trial.inner_slices(trained.parts.train)
    assert cut.older.time.max() < cut.newer.time.min()
    assert len(cut.older) + len(cut.newer) == len(trained.parts.train)
    assert len(cut.older) / len(trained.parts.train) == pytest.approx(0.75, abs=0.01)
    assert cut.newer.time.max() < trained.parts.calibration.time.min()
    assert not set(cut.older.lists) & set(cut.newer.lists)


def test_a_slice_of_one_moment_is_refused(trained: Trained) -> None:
    train = trained.parts.train
    with pytest.raises(UnusableData, match="cannot be cut in time once more"):
        trial.inner_slices(train.take(train.time == train.time[0]))


def test_the_loss_is_the_likelihood_of_everything_that_happened(slices: InnerSlices) -> None:
    class Constant:
        def predict_proba(self, X: Any) -> Any:
            return np.tile([0.7, 0.3], (len(X), 1))

    found = trial.losses(slices, lambda *_: Constant())
    newer = slices.newer
    seen = 0.3 * newer.propensity
    asked = ~np.isnan(newer.candidate)
    by_hand = -np.where(newer.company == 1, np.log(seen), np.log(1 - seen)).sum()
    by_hand -= np.where(newer.candidate[asked] == 1, np.log(0.3), np.log(0.7)).sum()
    assert found.mean() == pytest.approx(by_hand / len(newer))
    assert found.by_direction["candidate"] < found.by_direction["company"] * 10


def test_trees_and_logistic_regression_both_beat_a_constant(slices: InnerSlices) -> None:
    class Rate:
        def __init__(self, label: Any, propensity: Any) -> None:
            self.rate = label.sum() / propensity.sum()

        def predict_proba(self, X: Any) -> Any:
            return np.tile([1 - self.rate, self.rate], (len(X), 1))

    constant = trial.losses(slices, lambda _, label, propensity: Rate(label, propensity))
    for fit in (trial.trees(QUICK, seed=1), trial.logistic(seed=1)):
        found = trial.losses(slices, fit)
        assert found.by_direction["company"] < 0.95 * constant.by_direction["company"]


def test_logistic_regression_survives_features_that_are_missing_everywhere(slices: InnerSlices) -> None:
    some = frozenset({"salary_headroom_log", "noise_one"})
    found = trial.losses(slices, trial.logistic(seed=1), without=some)
    assert np.isfinite(found.mean())


def test_a_feature_left_out_cannot_be_learned_from(slices: InnerSlices) -> None:
    names = frozenset(slices.names) - {"noise_one"}
    alone = trial.losses(slices, trial.trees(QUICK, seed=1), without=names)
    full = trial.losses(slices, trial.trees(QUICK, seed=1))
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
    fit = [*groups(slices)["fit"], "copy_of_rarity"]
    others = ["salary_headroom_log", "candidate_experience_years", "experience_below_years", "same_country"]
    columns = [slices.names.index(name) for name in (*fit, *fit, *others)]
    twins = {"fit": fit, "twin": [f"twin_{name}" for name in fit]}
    twice = replace(
        slices,
        older_features=slices.older_features[:, columns],
        newer_features=slices.newer_features[:, columns],
        names=(*fit, *twins["twin"], *others),
    )
    result = ablate(twice, twins, settings=QUICK, seed=1)
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
    result = ablate(first, {"noise": NOISE}, settings=few, seed=1)
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


def test_groups_by_first_word_and_the_rest() -> None:
    assert groups_by_first_word(["wish_city", "same_city", "wish_size"]) == {
        "wish": ("wish_city", "wish_size"),
        "same": ("same_city",),
    }
    assert complete({"a": ["x"]}, ["x", "y", "z"]) == {"a": {"x"}, "other": {"y", "z"}}
    assert complete({}, ["x"]) == {"other": {"x"}}
    assert complete({"a": ["x"]}, ["x"]) == {"a": {"x"}}


@pytest.mark.parametrize(("wrong", "message"), [(["q"], "names q, which no feature"), ([], "is empty")])
def test_a_wrong_group_is_told(wrong: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        complete({"a": wrong}, ["x"])
