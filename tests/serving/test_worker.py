"""What BentoML's worker runs, called in this process: which model it serves, and when it is ready."""

import json
import shutil
from pathlib import Path

import pytest

from matching.errors import MissingInput
from serving.contract import examples
from tests.serving.calling import bentoml_service, worker


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_a_worker_with_a_model_is_healthy(bundle: Path, tmp_path: Path, path: str) -> None:
    with worker(bundle, tmp_path) as send:
        assert send("GET", path).status_code == 200


def test_a_changed_model_is_not_served(bundle: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    changed = Path(shutil.copytree(bundle, tmp_path / "bundle"))
    state = json.loads((changed / "model.json").read_text())
    (changed / "model.json").write_text(json.dumps(state | {"source": "elsewhere"}))
    with worker(changed, tmp_path) as send:
        assert send("GET", "/livez").status_code == 200
        assert send("GET", "/readyz").status_code == 503
        refused = send("POST", "/v1/match", json=examples.MATCH["one_pair"]["value"])
        shutil.copy(bundle / "model.json", changed)
        assert send("GET", "/readyz").status_code == 503, "a refused model is not loaded again"
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "not_ready"
    assert "not ready: TamperedModel: " in caplog.text
    assert "model.json" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_worker_whose_database_was_down_becomes_ready_when_it_is_back(bundle: Path, tmp_path: Path) -> None:
    in_the_way = tmp_path / "log"
    in_the_way.write_text("a file where the folder of the log must be")
    with worker(bundle, tmp_path) as send:
        assert send("GET", "/readyz").status_code == 503
        in_the_way.unlink()
        assert send("GET", "/readyz").status_code == 200
        assert send("POST", "/v1/match", json=examples.MATCH["one_pair"]["value"]).status_code == 200


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder from which the service seems to run."""
    folder = tmp_path / "src"
    (folder / "serving").mkdir(parents=True)
    monkeypatch.setattr(bentoml_service(), "__file__", str(folder / "serving" / "service.py"))
    return folder


def test_the_bundle_of_a_bento_comes_before_that_of_the_variable(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_BUNDLE", "/elsewhere")
    assert bentoml_service().bundle_folder() == Path("/elsewhere")
    (code / "bundle").mkdir()
    assert bentoml_service().bundle_folder() == code / "bundle"


@pytest.mark.usefixtures("code")
def test_without_a_bundle_one_line_says_what_to_do() -> None:
    with pytest.raises(MissingInput, match=r"no model to serve: .*`make deploy`.*TANDEM_BUNDLE"):
        bentoml_service().bundle_folder()
