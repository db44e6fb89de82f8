"""Fitting: the written model equals the fitted one, depends on data and seed alone, and learns from no other split."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matching.data.labels import LabelledPairs
from matching.data.tables import Direction
from matching.errors import UnusableData
from matching.features.columns import FEATURE_NAMES
from matching.features.pair_features import PairFeatures
from matching.model.manifest import model_digest
from matching.model.match_model import MatchModel
from matching.problems.estimators import Trees
from matching.training.fit import FittedModel, fit, fit_features, write
from tests.matching.small_market import SMALL, Trained

N_FEATURES = len(FEATURE_NAMES)
QUICK = replace(SMALL, estimator=Trees(max_iter=8, max_bins=63))


def save(model: FittedModel, folder: Path) -> Path:
    write(model, folder, source="marketplace", facts={}, check=np.zeros((1, N_FEATURES), np.float32))
    return folder


def test_the_written_model_returns_what_scikit_learn_returns(trained: Trained, tmp_path: Path) -> None:
    X = trained.model.transform(trained.parts.holdout.pairs)
    expected = trained.model.score_features(X)
    got = MatchModel.load(save(trained.model, tmp_path)).score(trained.parts.holdout.pairs)
    np.testing.assert_array_equal(got.features, X)
    for direction in Direction:
        want, have = expected.direction(direction), got.direction(direction)
        assert want is not None
        assert have is not None
        np.testing.assert_allclose(have, want, atol=1e-5)
    np.testing.assert_allclose(got.match, expected.match, atol=1e-5)


def test_data_and_seed_decide_the_digest(trained: Trained, tmp_path: Path) -> None:
    parts = trained.parts
    some = parts.train.take(parts.train.lists % 3 == 0)
    folders = [
        save(fit(some, parts.calibration, seed=seed, problem=QUICK), tmp_path / str(number))
        for number, seed in enumerate((1, 1, 2))
    ]
    first, again, other = map(model_digest, folders)
    assert first == again
    assert first != other


def test_correcting_position_bias_brings_probabilities_nearer_to_the_truth(trained: Trained) -> None:
    """The company's probability applies to examined pairs, and most pairs of the log were not examined."""
    truth = trained.dataset.truth
    assert truth is not None
    parts = trained.parts
    blind = [replace(rows, propensity=np.ones(len(rows))) for rows in (parts.train, parts.calibration)]
    naive = fit(blind[0], blind[1], seed=7, problem=SMALL)
    true = truth.probability(Direction.COMPANY, parts.holdout.pairs)
    errors = []
    for model in (trained.model, naive):
        scores = model.score_features(model.transform(parts.holdout.pairs))
        assert scores.company is not None
        errors.append(np.abs(scores.company.mean() - true.mean()))
    assert errors[0] < 0.25 * true.mean()
    assert errors[1] > 2 * errors[0]


def test_a_one_sided_log_gives_a_model_of_one_direction(trained: Trained, tmp_path: Path) -> None:
    def one_sided(rows: LabelledPairs) -> LabelledPairs:
        return replace(rows, company=np.full(len(rows), np.nan))

    model = fit(one_sided(trained.parts.train), one_sided(trained.parts.calibration), seed=1, problem=QUICK)
    loaded = MatchModel.load(save(model, tmp_path))
    assert loaded.directions == (Direction.CANDIDATE,)
    scores = loaded.score(trained.parts.holdout.pairs)
    assert scores.company is None
    np.testing.assert_array_equal(scores.match, scores.candidate)


@pytest.mark.parametrize(("value", "word"), [(0.0, "'no'"), (1.0, "'yes'")])
def test_a_direction_with_one_answer_only_is_refused(trained: Trained, value: float, word: str) -> None:
    rows = replace(trained.parts.train, company=np.full(len(trained.parts.train), value))
    with pytest.raises(UnusableData, match=f"direction 'company' has .* {word}"):
        fit(rows, trained.parts.calibration, seed=1, problem=QUICK)


def test_a_log_without_labels_is_refused(trained: Trained) -> None:
    nothing = np.full(len(trained.parts.train), np.nan)
    with pytest.raises(UnusableData, match="no direction has labels"):
        fit(
            replace(trained.parts.train, company=nothing, candidate=nothing),
            trained.parts.calibration,
            seed=1,
            problem=SMALL,
        )


def test_the_feature_set_learns_nothing_from_profiles_outside_the_training_split(trained: Trained) -> None:
    train = trained.parts.train
    seen = pl.Series(np.isin(np.arange(train.pairs.jobs.height), train.pairs.job_rows))
    assert not seen.all()
    marked = train.pairs.jobs.with_columns(
        title=pl.when(seen).then("title").otherwise(pl.lit("leakleak leakleak")),
        must_have_skills=pl.when(seen).then("must_have_skills").otherwise(pl.lit(["leakleak"])),
    )
    encoder = fit_features(replace(train, pairs=replace(train.pairs, jobs=marked)), SMALL)
    assert isinstance(encoder, PairFeatures)
    assert isinstance(trained.model.features, PairFeatures)
    assert encoder.vocabularies.words.terms_ == trained.model.features.vocabularies.words.terms_
    assert encoder.vocabularies.skills.by_name == trained.model.features.vocabularies.skills.by_name
    np.testing.assert_array_equal(encoder.vocabularies.words.idf_, trained.model.features.vocabularies.words.idf_)


def test_the_text_of_one_person_never_enters_the_model(trained: Trained) -> None:
    """Not even if the profile was edited often: all versions count as one person."""
    pairs = trained.parts.train.pairs
    rows = np.unique(pairs.candidate_rows)[:40]
    one = pairs.candidates[rows].with_columns(candidate_id=pl.lit("one"), resume=pl.lit("adalovelace 4917012345"))
    marked = pl.concat([one, pairs.candidates])
    shifted = replace(pairs, candidates=marked, candidate_rows=np.r_[np.arange(40), pairs.candidate_rows + 40])
    again = replace(shifted, job_rows=np.r_[pairs.job_rows[:40], pairs.job_rows])
    encoder = fit_features(replace(trained.parts.train, pairs=again), SMALL)
    assert isinstance(encoder, PairFeatures)
    terms = (
        encoder.vocabularies.words.terms_
        + encoder.vocabularies.spelling.terms_
        + encoder.vocabularies.topics.terms.terms_
    )
    assert not [term for term in terms if "adalovelace" in term or "4917012345" in term]
