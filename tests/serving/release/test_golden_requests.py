"""Golden requests over HTTP: what passes, and which differences are reported."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matching.data.scores import Scores
from matching.errors import GoldenMismatch, ModelError
from matching.model.match_model import MatchModel
from serving.release import golden_requests
from serving.release.ports import free_port
from tests.serving.calling import listening
from tests.serving.conftest import load


@pytest.fixture(scope="module")
def address(golden_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app = load(golden_bundle, tmp_path_factory.mktemp("golden-home"))
    with listening(app) as address:
        yield address
    app.state.served.close()


def test_a_service_that_answers_as_in_training_passes(address: str, golden_bundle: Path) -> None:
    assert golden_requests.check(address, golden_requests.read(golden_bundle)) <= golden_requests.TOLERANCE


@pytest.mark.parametrize("name", golden_requests.SCORES)
def test_a_score_that_differs_is_reported_with_its_request(name: str, address: str, golden_bundle: Path) -> None:
    cases = golden_requests.read(golden_bundle)
    expected = cases[2].scores[name]
    assert expected is not None
    cases[2] = replace(cases[2], scores=cases[2].scores | {name: expected + 2e-6})
    with pytest.raises(GoldenMismatch, match=rf"golden request 2: {name} was 0\.\d{{9}} in training and is 0\.\d{{9}}"):
        golden_requests.check(address, cases)


@pytest.mark.parametrize("wrong", [None, float("nan")])
def test_a_missing_or_undefined_score_is_a_mismatch(wrong: float | None, address: str, golden_bundle: Path) -> None:
    cases = golden_requests.read(golden_bundle)
    cases[0] = replace(cases[0], scores=cases[0].scores | {"company": wrong})
    with pytest.raises(GoldenMismatch, match="golden request 0: company"):
        golden_requests.check(address, cases)


def test_a_direction_that_the_model_lacks_is_compared_as_absent(
    address: str, golden_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = MatchModel.score_features

    def one_sided(model: MatchModel, features: Any) -> Scores:
        scores = score(model, features)
        return Scores(features, None, scores.candidate, scores.match)

    monkeypatch.setattr(MatchModel, "score_features", one_sided)
    cases = golden_requests.read(golden_bundle)
    one_sided_cases = [replace(case, scores=case.scores | {"company": None}) for case in cases]
    assert golden_requests.check(address, one_sided_cases) <= golden_requests.TOLERANCE
    with pytest.raises(GoldenMismatch, match=r"golden request 0: company was 0\.\d{9} in training and is absent"):
        golden_requests.check(address, cases)


def test_a_refused_request_is_a_mismatch(address: str, golden_bundle: Path) -> None:
    cases = golden_requests.read(golden_bundle)
    cases[1] = replace(cases[1], pair={"candidate": cases[1].pair["candidate"]})
    with pytest.raises(GoldenMismatch, match="golden request 1 was refused with status 422"):
        golden_requests.check(address, cases)


def test_no_answer_is_a_mismatch(golden_bundle: Path) -> None:
    with pytest.raises(GoldenMismatch, match="golden request 0 got no answer"):
        golden_requests.check(f"http://127.0.0.1:{free_port()}", golden_requests.read(golden_bundle))


@pytest.mark.parametrize(
    "content", [None, "", "[]", {"cases": []}, {"cases": [{"candidate": {}, "job": {}, "scores": {"company": 0.5}}]}]
)
def test_a_bundle_without_golden_requests_is_refused(content: Any, tmp_path: Path) -> None:
    if content is not None:
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "golden.json").write_text(text)
    with pytest.raises(ModelError, match="train again"):
        golden_requests.read(tmp_path)
