import numpy as np
import polars as pl
import pytest

from matching.errors import ModelError, UnusableData
from monitoring.windows import Sample, read_reference


def test_features_are_the_columns_behind_the_log(reference: Sample) -> None:
    assert reference.features[0] == "candidate_expected_salary_usd_per_year"
    assert "propensity" not in reference.features
    assert reference.requests == 400
    assert len(reference) == 10_000


def test_rows_of_a_ranked_list_belong_to_its_job(reference: Sample) -> None:
    assert reference.cluster_unit() == "job_id"
    assert len(np.unique(reference.clusters("job_id"))) == reference.frame["job_id"].n_unique()


def test_rows_of_a_list_of_jobs_belong_to_its_candidate(reference: Sample) -> None:
    swapped = Sample.of(reference.frame.rename({"job_id": "candidate_id", "candidate_id": "job_id"}), "test")
    assert swapped.cluster_unit() == "candidate_id"


def test_null_and_infinity_are_missing(reference: Sample) -> None:
    name = reference.features[1]
    frame = reference.frame.head(3).with_columns(pl.Series(name, [None, np.inf, 2.0], dtype=pl.Float32))
    assert np.isnan(Sample.of(frame, "test").matrix((name,))[:, 0]).tolist() == [True, True, False]


def test_a_missing_column_is_named(reference: Sample) -> None:
    with pytest.raises(ModelError, match=r"here: no column job_id; train"):
        Sample.of(reference.frame.drop("job_id"), "here")


def test_a_holdout_needs_no_prediction_ids(reference: Sample) -> None:
    bare = Sample.of(reference.frame.drop("prediction_id", "model_version"), "test")
    assert bare.features == reference.features


def test_an_empty_window_says_what_to_do(reference: Sample) -> None:
    with pytest.raises(UnusableData, match="send requests"):
        _ = Sample.of(reference.frame.clear(), "test").span


def test_an_unanswered_direction_has_no_probability(reference: Sample) -> None:
    frame = reference.frame.with_columns(pl.lit(None, dtype=pl.Float64).alias("company_probability"))
    assert Sample.of(frame, "test").probabilities == ("candidate_probability", "match_probability")


def test_a_bundle_without_a_reference_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelError, match="has no reference"):
        read_reference(tmp_path)
