"""Features from a transformer encoder, and models that contain one."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import wraps
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile, frame, polars_schema
from matching.errors import ModelError, TamperedModel
from matching.explaining.contributions import Explainer, choose_background
from matching.features import ENCODER_FOLDER
from matching.features.columns import FEATURE_GROUPS, FEATURE_INPUTS, FEATURE_NAMES
from matching.features.embeddings import EMBEDDING_INPUTS, EMBEDDING_NAMES
from matching.features.pair_features import PairFeatures
from matching.features.transformer import FILES, TransformerEncoder
from matching.model.manifest import SCORING_FOLDER, model_digest
from matching.model.match_model import MatchModel
from matching.problems.estimators import Trees
from matching.training.fit import FittedModel, fit, write
from tests.matching.encoders import WITHOUT_TORCH, real_encoder, write_tiny_encoder
from tests.matching.small_market import SMALL, Trained

ROWS = 6_000
ENCODER = Path(SCORING_FOLDER, ENCODER_FOLDER)
CANDIDATE = {
    "candidate_id": "c",
    "headline": "Senior Python developer",
    "resume": "I work with Kubernetes.",
    "skills": [],
    "wish_roles": ["Data engineer"],
}
JOB = {"job_id": "j", "title": "Backend developer", "description": "You need solid Python experience."}


@pytest.fixture(scope="module")
def fitted(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> FittedModel:
    """The model of the small market, fitted with the tiny encoder on some of the rows."""
    encoder = TransformerEncoder.load(write_tiny_encoder(tmp_path_factory.mktemp("source") / "tiny"))
    train, calibration = (part.take(np.arange(ROWS)) for part in (trained.parts.train, trained.parts.calibration))
    problem = replace(
        SMALL, features=wraps(PairFeatures)(lambda: PairFeatures(encoder)), estimator=Trees(max_iter=10, max_bins=63)
    )
    return fit(train, calibration, seed=7, problem=problem)


@pytest.fixture(scope="module")
def features(fitted: FittedModel) -> PairFeatures:
    assert isinstance(fitted.features, PairFeatures)
    return fitted.features


@pytest.fixture(scope="module")
def some(trained: Trained) -> Pairs:
    return trained.parts.holdout.pairs.take(np.arange(400))


@pytest.fixture(scope="module")
def folder(fitted: FittedModel, some: Pairs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write(fitted, folder, source="marketplace", facts={}, check=fitted.transform(some))
    return folder


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def embedded(features: PairFeatures, candidate: dict[str, object], job: dict[str, object]) -> dict[str, float]:
    one = np.zeros(1, np.int64)
    pairs = Pairs(frame(CandidateProfile, [candidate]), frame(JobProfile, [job]), one, one)
    values = dict(zip(features.feature_names, features.transform(pairs)[0].tolist(), strict=True))
    return {name: values[name] for name in EMBEDDING_NAMES}


def test_the_encoder_adds_its_features_after_all_others(fitted: FittedModel) -> None:
    assert fitted.features.feature_names == (*FEATURE_NAMES, *EMBEDDING_NAMES)
    assert fitted.features.inputs == {**FEATURE_INPUTS, **EMBEDDING_INPUTS}
    assert fitted.features.groups["text"] == (*FEATURE_GROUPS["text"], "embedding_similarity")
    assert sorted(chain(*fitted.features.groups.values())) == sorted(fitted.features.feature_names)
    assert PairFeatures().feature_names == FEATURE_NAMES
    assert PairFeatures().groups == FEATURE_GROUPS


def test_each_feature_is_the_cosine_of_its_texts(features: PairFeatures) -> None:
    encoder = features.text_encoder
    assert encoder is not None
    texts = ["Senior Python developer. I work with Kubernetes.", "Senior Python developer. Data engineer"]
    posts = ["Backend developer. You need solid Python experience.", "Backend developer"]
    cosines = (encoder.transform(texts) * encoder.transform(posts)).sum(axis=1)
    assert list(embedded(features, CANDIDATE, JOB).values()) == pytest.approx(cosines.tolist(), abs=5.1e-4)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("candidate.headline", "Junior Go engineer"),
        ("candidate.resume", "Java, Java and Java"),
        ("candidate.wish_roles", ["Lead"]),
        ("candidate.city", "Berlin"),
        ("job.title", "Frontend engineer"),
        ("job.description", "React and SQL"),
        ("job.must_have_skills", ["Go"]),
    ],
)
def test_a_feature_changes_with_its_inputs_and_with_nothing_else(
    features: PairFeatures, column: str, value: object
) -> None:
    side, name = column.split(".")
    before = embedded(features, CANDIDATE, JOB)
    candidate, job = dict(CANDIDATE), dict(JOB)
    (candidate if side == "candidate" else job)[name] = value  # type: ignore[assignment]
    after = embedded(features, candidate, job)
    moved = {feature for feature in EMBEDDING_NAMES if before[feature] != after[feature]}
    assert moved == {feature for feature, columns in EMBEDDING_INPUTS.items() if column in columns}


def test_the_similarity_to_a_side_without_text_is_missing_and_not_zero(features: PairFeatures) -> None:
    silent = CANDIDATE | {"headline": "", "resume": " ", "wish_roles": []}
    assert np.isnan(list(embedded(features, silent, JOB).values())).all()


def test_the_similarity_of_a_resume_pasted_from_the_job_is_missing(features: PairFeatures, trained: Trained) -> None:
    jobs = trained.dataset.jobs.select(polars_schema(JobProfile).names())
    post = jobs.sort(pl.col("description").str.len_chars(), descending=True).to_dicts()[0]
    pasted = embedded(features, CANDIDATE | {"resume": f"{post['title']} {post['description']}"}, post)
    assert np.isnan(pasted["embedding_similarity"])
    assert pasted["title_embedding_similarity"] == embedded(features, CANDIDATE, post)["title_embedding_similarity"]


def test_an_explanation_adds_them_to_existing_groups(fitted: FittedModel, some: Pairs) -> None:
    values = fitted.transform(some)
    explainer = Explainer(
        fitted, choose_background(values, seed=1), fitted.features.feature_names, fitted.features.groups
    )
    assert {len(FEATURE_NAMES) + place for place in range(2)} <= {
        *explainer.columns["text"],
        *explainer.columns["role"],
    }
    assert "other" not in explainer.columns


def test_the_bundle_contains_the_encoder(fitted: FittedModel, folder: Path) -> None:
    assert {file.name for file in (folder / ENCODER).iterdir()} == set(FILES)
    model = MatchModel.load(folder)
    assert model.text_encoder == "tiny"
    assert model.feature_names == fitted.features.feature_names
    assert isinstance(model.features, PairFeatures)
    assert model.features.text_encoder is not None
    assert model.features.text_encoder.folder == folder / ENCODER


def test_the_loaded_model_computes_the_same_features_to_the_last_bit(
    fitted: FittedModel, folder: Path, some: Pairs
) -> None:
    model = MatchModel.load(folder)
    expected = fitted.transform(some)
    scores = model.score(some)
    np.testing.assert_array_equal(scores.features, expected)
    assert len(np.unique(expected[:, -2:], axis=0)) > 20, "the test needs pairs with different features"
    np.testing.assert_allclose(scores.match, fitted.score_features(expected).match, atol=1e-5)
    for row in (0, 199, 399):
        np.testing.assert_array_equal(model.score(some.take(np.array([row]))).features[0], expected[row])


def test_it_scores_without_torch(folder: Path) -> None:
    code = WITHOUT_TORCH + (
        "from pathlib import Path\n"
        "from matching.model.match_model import MatchModel\nimport polars as pl\n"
        "from matching.data.tables import CandidateProfile, JobProfile, frame\n"
        "from matching.data.dataset import Pairs\nimport numpy as np\n"
        "one = np.zeros(1, np.int64)\n"
        f"pairs = Pairs(frame(CandidateProfile, [{CANDIDATE!r}]), frame(JobProfile, [{JOB!r}]), one, one)\n"
        "print(0 < MatchModel.load(Path(sys.argv[1])).score(pairs).match[0] < 1)"
    )
    answer = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "True", answer.stderr[-2000:]


def test_the_model_digest_depends_on_the_encoder(folder: Path, copy: Path) -> None:
    assert model_digest(copy) == model_digest(folder)
    state = json.loads((copy / ENCODER / "encoder.json").read_text())
    (copy / ENCODER / "encoder.json").write_text(json.dumps(state | {"prefix": "query: "}))
    assert model_digest(copy) != model_digest(folder)


def test_a_swapped_or_missing_encoder_is_refused(copy: Path) -> None:
    (copy / ENCODER / "model.onnx").write_bytes(b"swapped")
    with pytest.raises(TamperedModel, match=r"model\.onnx changed since its export"):
        MatchModel.load(copy)
    shutil.rmtree(copy / ENCODER)
    with pytest.raises(ModelError, match="other features"):
        MatchModel.load(copy)


@pytest.mark.transformer
def test_similar_titles_are_more_similar_than_unrelated_ones() -> None:
    features = PairFeatures(TransformerEncoder.load(real_encoder()))
    jobs = frame(JobProfile, [JOB | {"title": "Kubernetes platform engineer", "description": "Run our clusters."}])
    features.fit(frame(CandidateProfile, [CANDIDATE]), jobs)
    job = jobs.to_dicts()[0]
    texts = {"k8s": "k8s DevOps engineer", "wallets": "Solidity smart contract developer"}
    found = {name: embedded(features, CANDIDATE | {"headline": text}, job) for name, text in texts.items()}
    assert all(found["k8s"][name] > found["wallets"][name] + 0.1 for name in EMBEDDING_NAMES)


def test_no_candidates_give_no_vectors(features: PairFeatures) -> None:
    nobody = frame(CandidateProfile, [])
    assert isinstance(nobody, pl.DataFrame)
    assert len(features.encode_candidates(nobody).vectors["embedding_similarity"]) == 0
