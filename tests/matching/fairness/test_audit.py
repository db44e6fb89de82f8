"""The audit counts correctly and detects an unfair model, and protected attributes never reach a score."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from matching.data.dataset import Dataset
from matching.data.labels import LabelledPairs
from matching.data.scores import Scores
from matching.data.splits import split
from matching.data.tables import Candidate, Job, ProtectedAttributes, frame, polars_schema
from matching.fairness.audit import measure_fairness
from matching.fairness.ranked_pool import MIN_MEMBERS
from matching.fairness.report import FairnessReport
from matching.fairness.stability import STABLE
from matching.features.columns import FEATURE_INPUTS
from matching.problems.estimators import Trees
from matching.training.fit import FittedModel, fit
from tests.matching.small_market import SMALL, Trained

PROTECTED = set(ProtectedAttributes.model_fields) - {"candidate_id"}


@pytest.fixture(scope="module")
def report(trained: Trained) -> FairnessReport:
    return measure(trained, trained.dataset.protected)


def measure(trained: Trained, protected: pl.DataFrame) -> FairnessReport:
    return measure_fairness(
        trained.model,
        trained.parts.holdout,
        protected,
        truth=trained.dataset.truth,
        seed=7,
    )


def test_swapped_names_and_gendered_words_hardly_change_the_rankings(report: FairnessReport) -> None:
    assert report.stability.changed_share > 0.9
    assert report.stability.candidates >= STABLE
    assert report.stability.jobs >= STABLE
    assert report.stability.is_stable


def test_shares_add_up_and_small_groups_are_flagged(report: FairnessReport) -> None:
    sums = report.groups.group_by("side", "attribute", "k", "ranking").agg(pl.col("pool_share", "top_share").sum())
    assert np.allclose(sums.select("pool_share", "top_share").to_numpy(), 1)
    assert {"unknown", "woman", "man"} <= set(report.groups.filter(pl.col("attribute") == "gender")["group"])
    assert (report.groups["is_enough"] == (report.groups["members"] >= MIN_MEMBERS)).all()
    assert report.groups["is_enough"].any()
    assert not report.groups["is_enough"].all()


def test_const_sort_meets_every_minimum_and_fairness_costs_ranking_quality(report: FairnessReport) -> None:
    by = {(row["attribute"], row["ranking"], row["k"]): row for row in report.measures.to_dicts()}
    for attribute in PROTECTED:
        model, truth = by[attribute, "model", 25], by[attribute, "truth", 25]
        assert model["infeasible_share"] > 0
        assert truth["ndcg_at_10"] == pytest.approx(1)
        for method in ("det_greedy", "det_cons", "det_const_sort"):
            assert by[attribute, method, 25]["infeasible_share"] < model["infeasible_share"] / 2
            assert by[attribute, method, 25]["ndkl"] < model["ndkl"]
            assert by[attribute, method, 25]["ndcg_at_10"] < model["ndcg_at_10"]
        assert by[attribute, "det_const_sort", 25]["infeasible_share"] == 0


def test_experience_is_a_proxy_of_age(report: FairnessReport) -> None:
    age = report.proxies.filter(pl.col("attribute") == "age_band").sort("auc")
    assert age["auc"].to_list()[-1] > 0.8
    assert any("experience" in feature for feature in age["features"].to_list()[-1])


def test_every_figure_has_a_flat_name_and_is_finite(report: FairnessReport) -> None:
    flat = report.flat()
    assert flat["fairness.stability.candidates"] == report.stability.candidates
    row = report.measures.row(0, named=True)
    name = f"fairness.{row['side']}.{row['attribute']}.{row['ranking']}.ndkl_at_{row['k']}"
    assert flat[name] == row["ndkl"]
    assert all(np.isfinite(value) for value in flat.values())
    assert set(report.to_dict()) == {"groups", "measures", "proxies", "stability"}


class OneFeature:
    """A model that ranks by one feature alone."""

    def __init__(self, model: FittedModel, column: str) -> None:
        self.features, self.transform = model.features, model.transform
        self._column = model.features.feature_names.index(column)

    def score_features(self, features: NDArray[np.float32]) -> Scores:
        score = np.nan_to_num(features[:, self._column]) / 100
        return Scores(features, score, None, score)


def test_a_model_that_ranks_by_age_is_detected(trained: Trained) -> None:
    unfair = OneFeature(trained.model, "candidate_experience_years")
    found = measure_fairness(
        unfair,
        trained.parts.holdout,
        trained.dataset.protected,
        truth=None,
        seed=7,
    )
    shown = found.groups.filter(pl.col("k") == 10, pl.col("ranking") == "model")
    by_group = {row["group"]: row for row in shown.to_dicts() if row["attribute"] == "age_band"}
    # Every list has the same first ten. A small group may be absent by chance, a large one may not.
    assert by_group["25-34"]["skew"] == -np.inf < by_group["25-34"]["chance_low"]
    assert by_group["under 25"]["skew"] == -np.inf == by_group["under 25"]["chance_low"]
    measured = found.measures.filter(pl.col("attribute") == "age_band", pl.col("k") == 10)
    by = {row["ranking"]: row for row in measured.to_dicts()}
    assert by["model"]["exposure_ratio"] == 0
    assert by["model"]["infeasible_share"] > 0.8  # from place 2 on, one candidate of 25 to 34 years is due
    assert by["det_greedy"]["infeasible_share"] < 0.5
    assert by["det_const_sort"]["infeasible_share"] == 0
    assert measured["ndcg_at_10"].is_nan().all()
    assert "truth" not in by


def test_without_protected_attributes_only_stability_is_measured(trained: Trained) -> None:
    found = measure(trained, frame(ProtectedAttributes))
    assert not found.proxies.height
    assert set(found.groups["side"]) <= {"jobs"}
    assert found.stability.is_stable


def test_protected_attributes_are_no_inputs_of_features() -> None:
    inputs = {column for columns in FEATURE_INPUTS.values() for column in columns}
    assert not {column.split(".")[-1] for column in inputs} & PROTECTED
    for record in (Candidate, Job):
        assert not set(polars_schema(record)) & PROTECTED


def test_other_protected_attributes_leave_the_scores_unchanged(trained: Trained) -> None:
    few = trained.parts.holdout.take(np.arange(500))
    scores = [_scores_of(dataset, few) for dataset in (trained.dataset, _permuted(trained.dataset))]
    assert scores[0].tobytes() == scores[1].tobytes()


def _permuted(dataset: Dataset) -> Dataset:
    mixed = dataset.protected.with_columns(pl.col(name).shuffle(seed=1) for name in PROTECTED)
    assert not mixed.equals(dataset.protected)
    return replace(dataset, protected=mixed)


def _scores_of(dataset: Dataset, rows: LabelledPairs) -> NDArray[np.float32]:
    parts = split(dataset, maturity=timedelta(days=14), seed=7)
    few = (part.take(np.arange(0, len(part), 25)) for part in (parts.train, parts.calibration))
    model = fit(*few, seed=7, problem=replace(SMALL, estimator=Trees(max_iter=5, max_bins=63)))
    return model.score_features(model.transform(rows.pairs)).match
