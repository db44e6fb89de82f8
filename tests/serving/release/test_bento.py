"""A Bento, actually built: what it contains, and what it does not."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from home.settings import Settings
from matching.errors import EngineError, InputError, StorageError, TamperedModel
from matching.model.manifest import NOT_SERVED, verify
from matching.text.pay_rates import BUILT_IN_FILE
from serving.answers.loading import load_model
from serving.release import bento
from serving.release.bento import Bento
from serving.release.release import Release

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("bento-home"))


@pytest.fixture(scope="module")
def built(settings: Settings, golden_bundle: Path) -> Bento:
    return bento.build(settings, Release("tandem-small", "7", golden_bundle), lambda _: None)


def test_it_is_named_after_the_model_version_and_its_content(built: Bento) -> None:
    assert built.tag == f"tandem:7-{built.digest[:12]}"
    assert (built.path / "bento.yaml").read_text().startswith("service: serving.service:TandemMatch\nname: tandem\n")


def test_it_contains_the_verified_bundle_and_its_release(built: Bento) -> None:
    verify(built.path / "src" / "bundle", without=NOT_SERVED)
    assert '"model_version": "7"' in (built.path / "src" / "release.json").read_text()


def test_rows_of_the_holdout_are_left_out_and_the_model_starts_without_them(
    built: Bento, golden_bundle: Path, tmp_path: Path
) -> None:
    assert (golden_bundle / "reference.parquet").is_file()
    assert not list(built.path.rglob("reference.parquet"))
    load_model(Settings(home=tmp_path), built.path / "src" / "bundle").close()


def test_a_bento_that_lacks_any_other_file_does_not_start(built: Bento, tmp_path: Path) -> None:
    shutil.copytree(built.path / "src", tmp_path / "src")
    (tmp_path / "src" / "bundle" / "card.md").unlink()
    with pytest.raises(TamperedModel, match=r"bundle: card\.md changed"):
        load_model(Settings(home=tmp_path), tmp_path / "src" / "bundle")


def test_requirements_are_locked_and_name_no_index(built: Bento) -> None:
    lines = (built.path / "env" / "python" / "requirements.txt").read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert all("==" in line for line in pinned)
    names = {line.split("==")[0] for line in pinned}
    assert {"bentoml", "onnxruntime", "polars", "psutil"} <= names
    assert not {"mlflow", "prefect", "evidently", "pandas", "pytest"} & names
    text = "\n".join(lines)
    assert "index-url" not in text
    assert "find-links" not in text
    assert "://" not in text


def test_no_file_names_the_machine_it_was_built_on(built: Bento, settings: Settings) -> None:
    project = Path(bento.__file__).resolve().parents[2]
    for path in (path for path in built.path.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for place in (project, settings.root):
            assert str(place).encode() not in content, path


def test_pay_rates_of_ones_own_are_taken_along(golden_bundle: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(BUILT_IN_FILE.read_text(encoding="utf-8").replace("GBP = 0.8338", "GBP = 0.5"), encoding="utf-8")
    staging = tmp_path / "staging"
    staging.mkdir()
    bento._stage(staging, Release("tandem-small", "7", golden_bundle), own)
    served = load_model(Settings(home=tmp_path / "home"), staging / "bundle")
    assert served.pay_rates.per_euro["GBP"] == 0.5
    served.close()


def test_broken_pay_rates_stop_a_deployment(golden_bundle: Path, tmp_path: Path) -> None:
    broken = tmp_path / "own.toml"
    broken.write_text("date = 2026-01-01", encoding="utf-8")
    settings = Settings(home=tmp_path / "home", pay_rates=broken)
    with pytest.raises(InputError, match="holds no pay rates"):
        bento.build(settings, Release("tandem-small", "7", golden_bundle), lambda _: None)


def test_the_same_release_is_built_once(built: Bento, settings: Settings, golden_bundle: Path) -> None:
    lines: list[str] = []
    assert bento.build(settings, Release("tandem-small", "7", golden_bundle), lines.append) == built
    assert lines == [f"Bento {built.tag} is already built"]


def test_a_bento_that_was_changed_in_the_store_is_built_again(settings: Settings, golden_bundle: Path) -> None:
    release = Release("tandem-small", "8", golden_bundle)
    first = bento.build(settings, release, lambda _: None)
    (first.path / "src" / "bundle" / "match.onnx").write_bytes(b"damaged")
    assert bento.build(settings, release, lambda _: None) == first
    verify(first.path / "src" / "bundle", without=NOT_SERVED)


def test_a_project_without_a_lock_file_cannot_be_deployed(
    golden_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bento, "PROJECT", tmp_path)
    with pytest.raises(EngineError, match=r"holds no uv\.lock: deploy from a checkout"):
        bento._requirements(golden_bundle)


def test_without_uv_one_line_says_how_to_get_it(
    golden_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uv.lock").touch()
    monkeypatch.setattr(bento, "PROJECT", tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("UV", raising=False)
    with pytest.raises(EngineError, match="uv is not found: run `make setup`"):
        bento._requirements(golden_bundle)


def test_code_that_cannot_be_copied_is_a_storage_error(
    golden_bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bento, "PROJECT", tmp_path / "no project to copy")
    with pytest.raises(StorageError, match="free some space and deploy again"):
        bento.build(Settings(home=tmp_path), Release("tandem-small", "7", golden_bundle), lambda _: None)


def test_old_bentos_are_removed_but_not_the_ones_in_use(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    store = tmp_path / "bentoml" / "bentos" / bento.NAME
    for number in range(6):
        (store / f"{number}").mkdir(parents=True)
        os.utime(store / f"{number}", (number, number))
    assert sorted(bento.prune(settings, {"0"})) == ["1", "2"]
    assert sorted(path.name for path in store.iterdir()) == ["0", "3", "4", "5"]
