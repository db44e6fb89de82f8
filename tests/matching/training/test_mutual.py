"""Best of both learns from pseudo-labels without a leak, and models the match itself."""

from dataclasses import replace

import numpy as np
import pytest

from matching.data.labels import LabelledPairs
from matching.errors import UnusableData
from matching.evaluation import metrics
from matching.problems.estimators import Trees
from matching.training import mutual
from matching.training.mutual import BestOfBoth, fit_best_of_both, pseudo_labels
from tests.matching.small_market import SMALL, Trained

QUICK = replace(SMALL, estimator=Trees(max_iter=25, max_bins=63, min_samples_leaf=30))


@pytest.fixture(scope="module")
def both(trained: Trained) -> BestOfBoth:
    return fit_best_of_both(trained.model, trained.parts.train, trained.parts.calibration, seed=7, problem=QUICK)


def three(rows: LabelledPairs, **columns: list[float]) -> LabelledPairs:
    return replace(rows.take(np.arange(3)), **{name: np.array(values) for name, values in columns.items()})


def test_every_row_is_a_yes_and_a_no_with_a_weight_for_each(trained: Trained) -> None:
    rows = three(
        trained.parts.train, company=[1, 0, 1], candidate=[1, np.nan, np.nan], propensity=[1, 0.5, 1], weight=[1, 2, 1]
    )
    at, label, weight = pseudo_labels(rows, np.array([0.4, 0.2, 0.9]))
    assert at.tolist() == [0, 1, 0, 1], "a row without an answer is left out"
    assert label.tolist() == [1, 1, 0, 0]
    examined = 0.5 * 0.8 / (1 - 0.5 * 0.2)
    by_hand = [0.25 + 0.75 * 0.4, 2 * 0.75 * 0.2, 0.75 * 0.6, 2 * (0.25 * examined + 0.75 * 0.8)]
    np.testing.assert_allclose(weight, by_hand)


def test_it_learns_the_match_and_leaves_the_directions_unchanged(trained: Trained, both: BestOfBoth) -> None:
    holdout = trained.parts.holdout
    features = both.transform(holdout.pairs)
    product, learned = trained.model.score_features(features), both.score_features(features)
    np.testing.assert_array_equal(learned.company, product.company)
    np.testing.assert_array_equal(learned.candidate, product.candidate)
    known = ~np.isnan(holdout.match())
    y, propensity = holdout.match()[known], holdout.propensity[known]
    losses = [metrics.log_losses(y, p[known].astype(float), propensity).mean() for p in (learned.match, product.match)]
    constant = metrics.log_losses(y, np.full(len(y), y.sum() / propensity.sum()), propensity).mean()
    assert losses[0] < 0.95 * constant
    assert losses[0] < 1.05 * losses[1]
    assert np.abs(learned.match - product.match).max() > 0.01, "it is not the product"


def test_out_of_fold_scores_of_a_list_do_not_depend_on_its_outcomes(trained: Trained) -> None:
    rows = trained.parts.train.take(np.arange(8_000))
    X = trained.model.transform(rows.pairs)
    of_list = rows.lists == rows.lists[4_000]
    other_past = replace(rows, company=np.where(of_list, 1 - rows.company, rows.company))
    before, after = (mutual._out_of_fold(one, X, seed=7, problem=QUICK).match for one in (rows, other_past))
    np.testing.assert_array_equal(before[of_list], after[of_list])
    assert (before != after).any(), "other lists learn from it"


def test_a_one_sided_model_is_refused(trained: Trained) -> None:
    one = replace(trained.model, models=dict(list(trained.model.models.items())[:1]))
    with pytest.raises(UnusableData, match="use the product"):
        fit_best_of_both(one, trained.parts.train, trained.parts.calibration, seed=7, problem=QUICK)
