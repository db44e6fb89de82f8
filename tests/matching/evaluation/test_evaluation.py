from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from matching.data.tables import Direction
from matching.evaluation.baselines import CalibratedBaseline, Popularity, fit_baselines
from matching.evaluation.evaluation import (
    BEST_ACHIEVABLE,
    MATCH,
    MODEL,
    TRUTH,
    Evaluation,
    evaluate,
    importance,
    sample_pools,
)
from matching.fairness.audit import measure_fairness
from matching.rules.hard_limits import eligible
from tests.matching.small_market import Trained

BASELINES = ("popularity", "rules", "TF-IDF")


@pytest.fixture(scope="module")
def baselines(trained: Trained) -> dict[str, CalibratedBaseline]:
    parts = trained.parts
    features = trained.model.features
    return fit_baselines(
        parts.train, parts.calibration, features.transform(parts.calibration.pairs), features.feature_names
    )


@pytest.fixture(scope="module")
def evaluation(trained: Trained, baselines: dict[str, CalibratedBaseline]) -> Evaluation:
    return evaluate(trained.model, baselines, trained.parts.holdout, truth=trained.dataset.truth, seed=1)


def test_the_truth_ranks_perfectly_and_the_model_ranks_below_the_best_achievable(evaluation: Evaluation) -> None:
    figures = {name: evaluation.find(MATCH, name) for name in (MODEL, BEST_ACHIEVABLE, TRUTH)}
    assert figures[TRUTH].ndcg_candidates == pytest.approx(1)
    assert figures[TRUTH].ndcg_jobs == pytest.approx(1)
    for figure in ("ndcg_candidates", "ndcg_jobs"):
        model, best_achievable = (getattr(figures[name], figure) for name in (MODEL, BEST_ACHIEVABLE))
        assert model < best_achievable < 1
    assert figures[MODEL].auc < figures[TRUTH].auc


def test_the_model_beats_every_baseline(evaluation: Evaluation) -> None:
    model = evaluation.find(MATCH, MODEL)
    for name in BASELINES:
        baseline = evaluation.find(MATCH, name)
        assert model.ndcg_candidates > 1.05 * baseline.ndcg_candidates
        assert model.ndcg_jobs > 1.05 * baseline.ndcg_jobs
        assert model.log_loss < baseline.log_loss


def test_a_model_with_random_scores_has_bad_figures(trained: Trained, baselines: dict[str, CalibratedBaseline]) -> None:
    class Random:
        features = trained.model.features
        transform = trained.model.transform

        def score_features(self, features: np.ndarray) -> object:
            scores = trained.model.score_features(features)
            noise = np.random.default_rng(0).random(len(features)).astype(np.float32)
            return replace(scores, company=noise, candidate=noise, match=noise)

    figures = evaluate(Random(), baselines, trained.parts.holdout, truth=None, seed=1).find(MATCH, MODEL)  # type: ignore[arg-type]
    assert figures.auc == pytest.approx(0.5, abs=0.06)
    assert figures.calibration_error > 0.1
    assert np.isnan(figures.ndcg_candidates)


def test_figures_have_names_and_undefined_ones_are_left_out(evaluation: Evaluation) -> None:
    flat = evaluation.flat()
    assert "match.model.auc" in flat
    assert "company.best_achievable.ndcg_jobs" in flat
    assert all(np.isfinite(list(flat.values())))


def test_popularity_counts_only_the_train_split(trained: Trained) -> None:
    popularity = Popularity.fit(trained.parts.train)
    ids = set(trained.parts.train.pairs.candidates["candidate_id"].gather(trained.parts.train.pairs.candidate_rows))
    assert popularity.rates[Direction.COMPANY].keys() == ids
    holdout = trained.parts.holdout
    rates = popularity(Direction.COMPANY, holdout.pairs, np.empty((len(holdout), 0), np.float32))
    names = holdout.pairs.candidates["candidate_id"].to_numpy()[holdout.pairs.candidate_rows]
    unseen = np.array([name not in ids for name in names])
    assert unseen.any()
    assert (rates[unseen] == popularity.prior[Direction.COMPANY]).all()


def test_importance_is_high_for_features_that_matter_and_zero_for_the_others(trained: Trained) -> None:
    losses = importance(trained.model, trained.parts.holdout, seed=1)["company"]
    skills = sum(losses[name] for name in losses if name.startswith(("must_have", "skill", "text")))
    wishes = sum(losses[name] for name in losses if name.startswith("wish"))
    assert skills > 3 * abs(wishes), "companies decide by skills and never see a candidate's wishes"
    assert losses["job_new_skill_share"] == pytest.approx(0, abs=1e-3)


def test_pairs_that_break_a_hard_limit_are_not_ranked_and_the_fairness_report_still_works(trained: Trained) -> None:
    holdout = trained.parts.holdout
    stays = (pl.int_range(pl.len()) % 2 == 0).replace_strict({True: False, False: None}, return_dtype=pl.Boolean)
    pairs = replace(holdout.pairs, candidates=holdout.pairs.candidates.with_columns(would_relocate=stays))
    limited = replace(holdout, pairs=pairs)
    for by in ("job", "candidate"):
        whole, ranked = (sample_pools(limited, 1, by=by, whole=whole) for whole in (True, False))
        assert 0 < len(ranked) < len(whole)
        assert eligible(ranked.pairs).all()
    report = measure_fairness(trained.model, limited, trained.dataset.protected, truth=None, seed=1)
    assert report.flat()
