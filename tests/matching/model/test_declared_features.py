"""A bundle declares its features, imports nothing else, and loads without its problem."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import wraps
from pathlib import Path

import numpy as np
import pytest

import matching.problems
from matching.errors import InputError, ModelError
from matching.features import TFIDF
from matching.features.columns import FEATURE_GROUPS, FEATURE_INPUTS, FEATURE_NAMES
from matching.features.embeddings import EMBEDDING_INPUTS
from matching.features.pair_features import PairFeatures
from matching.features.table_features import TableFeatures
from matching.features.transformer import TransformerEncoder
from matching.model import declared_features
from matching.model.declared_features import FEATURES, DeclaredFeatures
from matching.model.match_model import MatchModel
from matching.training.fit import write
from tests.matching.encoders import write_tiny_encoder
from tests.matching.small_market import Trained

SECOND_PROBLEM = Path(__file__).parents[2] / "pipelines" / "second_problem"


@pytest.fixture(scope="module")
def folder(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    check = np.zeros((1, len(FEATURE_NAMES)), np.float32)
    write(trained.model, folder, source="marketplace", facts={}, check=check)
    return folder


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


@pytest.fixture
def mentoring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching.problems, "__path__", [*matching.problems.__path__, str(SECOND_PROBLEM)])


def test_the_bundle_declares_inputs_and_groups(folder: Path) -> None:
    declared, model = declared_features.read(folder), MatchModel.load(folder)
    assert declared.feature_set == "pair_features"
    assert (declared.inputs, declared.groups) == (FEATURE_INPUTS, FEATURE_GROUPS)
    assert list(model.groups) == list(FEATURE_GROUPS), "explanations list the groups in this order"
    assert (model.inputs, model.groups, model.text_encoder) == (declared.inputs, declared.groups, TFIDF)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is not a model: neither features\.json nor model\.json is in it: run"):
        declared_features.read(tmp_path)


def test_an_encoder_declares_its_name_and_its_inputs(tmp_path: Path) -> None:
    encoder = TransformerEncoder.load(write_tiny_encoder(tmp_path / "tiny"))
    declared = DeclaredFeatures.of(PairFeatures(encoder), wraps(PairFeatures)(lambda: PairFeatures(encoder)))
    declared.write(tmp_path)
    assert declared_features.read(tmp_path) == declared
    assert (declared.feature_set, declared.text_encoder) == ("pair_features", encoder.facts.name)
    assert declared.inputs == {**FEATURE_INPUTS, **EMBEDDING_INPUTS}


def test_a_model_loads_and_scores_without_problem_source_training_or_evaluation(folder: Path) -> None:
    program = f"""
import sys
from pathlib import Path
import numpy as np
from matching.data.dataset import Pairs
from matching.data.tables import CandidateProfile, JobProfile, frame
from matching.model.match_model import MatchModel
model = MatchModel.load(Path({str(folder)!r}))
one = np.zeros(1, np.int64)
people = frame(CandidateProfile, [{{"candidate_id": "c", "headline": "Go developer", "skills": []}}])
posts = frame(JobProfile, [{{"job_id": "j", "title": "Go developer"}}])
assert 0 < model.score(Pairs(people, posts, one, one)).match[0] < 1
rooms = ("problems", "sources", "training", "evaluation")
print([name for name in sys.modules if name.startswith(tuple(f"matching.{{room}}" for room in rooms))])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_bundle_made_before_the_file_existed_still_loads(trained: Trained, folder: Path, copy: Path) -> None:
    (copy / FEATURES).unlink()
    assert declared_features.read(copy) == declared_features.read(folder)
    pairs = trained.parts.holdout.pairs.take(np.arange(20))
    np.testing.assert_array_equal(MatchModel.load(copy).score(pairs).match, MatchModel.load(folder).score(pairs).match)


@pytest.mark.usefixtures("mentoring")
def test_features_made_of_functions_are_declared_by_import_path(tmp_path: Path) -> None:
    problem = matching.problems.load_problem("mentoring")
    declared = DeclaredFeatures.of(problem.features(), problem.features)
    assert declared.feature_set == "matching.problems.mentoring:features"
    declared.write(tmp_path)
    restored = declared_features.read(tmp_path).make()
    assert restored.feature_names == problem.features().feature_names
    assert declared.groups == {name: (name,) for name in restored.feature_names}


@pytest.mark.usefixtures("mentoring")
def test_a_bundle_of_functions_made_before_the_file_existed_is_restored_by_its_problem(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(json.dumps({"source": "mentoring", "encoder": {}}))
    assert declared_features.read(tmp_path).feature_set == "matching.problems.mentoring:features"
    for source, message in (
        ("gone", "gone.py, which makes the features, is missing"),
        ("a.b", "which is not a valid name"),
    ):
        (tmp_path / "model.json").write_text(json.dumps({"source": source, "encoder": {}}))
        with pytest.raises(ModelError, match=message):
            declared_features.read(tmp_path)


def test_a_factory_without_an_import_path_is_refused() -> None:
    empty = TableFeatures({}, {})
    with pytest.raises(InputError, match="a bundle cannot name what makes these features"):
        DeclaredFeatures.of(empty, lambda: empty)


@pytest.mark.parametrize(
    "path",
    [
        "os:getcwd",
        "matching.problems.marketplace:PROBLEM",
        "matching.problems.problem:field",
        "matching.features.pair_features:_floats",
        "matching.features.nowhere:features",
        "matching.features.pair_features:PairFeatures.fit",
        "matching.training.fit:write",
        "matching.problems.marketplace.os:getcwd",
        "unknown",
        "",
    ],
)
def test_only_a_public_factory_of_features_is_imported(copy: Path, path: str) -> None:
    state = json.loads((copy / FEATURES).read_text()) | {"feature_set": path}
    (copy / FEATURES).write_text(json.dumps(state))
    with pytest.raises(ModelError):
        MatchModel.load(copy)


def test_an_unsupported_format_is_refused(copy: Path) -> None:
    (copy / FEATURES).write_text(json.dumps({"format": 99}))
    with pytest.raises(ModelError, match="format 99"):
        MatchModel.load(copy)


def test_the_order_of_groups_comes_from_the_bundle(copy: Path) -> None:
    declared = declared_features.read(copy)
    replace(declared, groups=dict(reversed(declared.groups.items()))).write(copy)
    assert list(MatchModel.load(copy).groups) == list(reversed(declared.groups))
