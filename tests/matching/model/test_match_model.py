import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from matching.data.dataset import Pairs
from matching.data.tables import Candidate, CandidateProfile, Direction, JobProfile, frame, personal_columns
from matching.errors import ModelError
from matching.features.columns import FEATURE_NAMES
from matching.model import GOLDEN_REQUESTS, golden_requests, reference
from matching.model.match_model import MatchModel
from matching.training.fit import write
from tests.matching.small_market import Trained


@pytest.fixture(scope="module")
def folder(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write(
        trained.model,
        folder,
        source="marketplace",
        facts={"note": "x"},
        check=np.zeros((1, len(FEATURE_NAMES)), np.float32),
    )
    return folder


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder, tmp_path / "copy")


def test_probabilities_are_probabilities_and_the_match_is_their_product(trained: Trained, folder: Path) -> None:
    scores = MatchModel.load(folder).score(trained.parts.holdout.pairs)
    assert scores.company is not None
    assert scores.candidate is not None
    assert ((scores.match > 0) & (scores.match < 1)).all()
    np.testing.assert_allclose(scores.match, scores.company * scores.candidate, rtol=1e-5)


def test_a_pair_scores_the_same_alone_and_among_many(trained: Trained, folder: Path) -> None:
    """Features to the last bit; onnxruntime sums the trees of a batch in another order."""
    model = MatchModel.load(folder)
    pairs = trained.parts.holdout.pairs
    together = model.score(pairs)
    for row in range(0, len(pairs), len(pairs) // 8):
        only = np.zeros(1, dtype=np.int64)
        profiles = pairs.candidates[[pairs.candidate_rows[row]]], pairs.jobs[[pairs.job_rows[row]]]
        alone = model.score(Pairs(*profiles, only, only))
        np.testing.assert_array_equal(alone.features[0], together.features[row])
        assert alone.match[0] == pytest.approx(together.match[row], rel=5e-5)


def test_no_pairs_give_no_scores(trained: Trained, folder: Path) -> None:
    assert len(MatchModel.load(folder).score(trained.parts.holdout.pairs.take(np.zeros(0, np.int64))).match) == 0


def test_no_file_of_a_model_is_a_pickle(folder: Path) -> None:
    for file in (path for path in folder.rglob("*") if path.is_file()):
        assert file.suffix in {".json", ".npz", ".onnx"}
        assert not file.read_bytes().startswith(b"\x80")
    with np.load(folder / "features" / "text.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"words", "spelling", "topics", "topic_vectors"}


def test_an_unsupported_format_is_refused(copy: Path) -> None:
    state = json.loads((copy / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps(state | {"format": 99}))
    with pytest.raises(ModelError, match="format 99"):
        MatchModel.load(copy)


def test_a_model_with_other_features_is_refused(copy: Path) -> None:
    state = json.loads((copy / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps(state | {"feature_names": ["x"]}))
    with pytest.raises(ModelError, match="other features"):
        MatchModel.load(copy)


def test_a_missing_file_is_named_in_the_error(copy: Path) -> None:
    (copy / "features" / "text.npz").unlink()
    with pytest.raises(ModelError, match=r"text\.npz.*run `make train`"):
        MatchModel.load(copy)


def test_golden_requests_contain_no_real_candidate_and_the_model_reproduces_their_scores(
    trained: Trained, folder: Path, tmp_path: Path
) -> None:
    model = MatchModel.load(folder)
    golden_requests.write(model, trained.dataset.jobs, tmp_path, seed=1)
    golden = json.loads((tmp_path / GOLDEN_REQUESTS).read_text())["cases"]
    resumes = set(trained.dataset.candidates["resume"])
    assert len(golden) == golden_requests.N_REQUESTS
    distinct = {request["scores"]["match"] for request in golden}
    assert len(distinct) > golden_requests.N_REQUESTS / 2, "equal scores would not reveal a different model"
    for request in golden:
        assert request["candidate"].get("resume", "") not in resumes
        assert set(request["scores"]) == {"company", "candidate", "match"}
    candidates = [CandidateProfile.model_validate(request["candidate"]).model_dump() for request in golden]
    jobs = [JobProfile.model_validate(request["job"]).model_dump() for request in golden]
    rows = np.arange(len(golden))
    again = model.score(Pairs(frame(CandidateProfile, candidates), frame(JobProfile, jobs), rows, rows))
    assert again.match.tolist() == [request["scores"]["match"] for request in golden]


def names(pairs: Pairs) -> list[str]:
    return pairs.candidates["candidate_id"].gather(pairs.candidate_rows).to_list()


def test_the_reference_is_the_holdout_with_the_models_own_predictions(trained: Trained, folder: Path) -> None:
    holdout = trained.parts.holdout
    scores = MatchModel.load(folder).score(holdout.pairs)
    table = reference.frame(holdout, scores, FEATURE_NAMES)
    assert table.height == len(holdout)
    assert table["match_probability"].to_numpy() == pytest.approx(scores.match)
    assert table["company_label"].sum() == holdout.label(Direction.COMPANY).sum()
    assert table["candidate_label"].null_count() == np.isnan(holdout.candidate).sum()
    assert not personal_columns(Candidate) & set(table.columns)
    assert not set(table["candidate_id"]) & set(trained.dataset.candidates["candidate_id"]), (
        "monitoring needs no identities"
    )
    assert table["candidate_id"].n_unique() == len(set(names(holdout.pairs)))
