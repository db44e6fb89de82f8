from pathlib import Path

import pytest

from matching.errors import ModelError, TamperedModel
from matching.model import manifest


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    for inner in ("plots", "features"):
        (folder / inner).mkdir(parents=True)
    for name in (*manifest.SCORING_FILES, "features/text.npz", "card.md", "plots/a.png"):
        (folder / name).write_bytes(name.encode())
    return folder


def test_an_unchanged_bundle_passes_and_returns_its_facts(bundle: Path) -> None:
    sealed = manifest.seal(bundle, {"git_commit": "abc"})
    assert manifest.verify(bundle, sealed)["git_commit"] == "abc"


@pytest.mark.parametrize("name", ["match.onnx", "card.md", "plots/a.png"])
def test_a_changed_file_is_refused_and_named(bundle: Path, name: str) -> None:
    manifest.seal(bundle, {})
    (bundle / name).write_bytes(b"swapped")
    with pytest.raises(TamperedModel, match=name):
        manifest.verify(bundle)


def test_a_missing_or_added_file_is_refused(bundle: Path) -> None:
    manifest.seal(bundle, {})
    (bundle / "extra").write_text("x")
    (bundle / "card.md").unlink()
    with pytest.raises(TamperedModel, match=r"card\.md, extra"):
        manifest.verify(bundle)


def test_an_optional_file_must_be_unchanged_and_no_other_may_be_absent(bundle: Path) -> None:
    manifest.seal(bundle, {})
    (bundle / "plots/a.png").write_bytes(b"swapped")
    with pytest.raises(TamperedModel, match=r"plots/a\.png changed"):
        manifest.verify(bundle, without=("plots/a.png",))
    (bundle / "plots/a.png").unlink()
    manifest.verify(bundle, without=("plots/a.png",))
    (bundle / "card.md").unlink()
    with pytest.raises(TamperedModel, match=r"card\.md changed"):
        manifest.verify(bundle, without=("plots/a.png",))


def test_a_bundle_sealed_again_after_a_change_is_refused_by_the_recorded_digest(bundle: Path) -> None:
    sealed = manifest.seal(bundle, {})
    (bundle / "match.onnx").write_bytes(b"swapped")
    manifest.seal(bundle, {})
    with pytest.raises(TamperedModel, match="not the manifest that was registered"):
        manifest.verify(bundle, sealed)


def test_the_model_digest_depends_only_on_the_files_that_decide_scores(bundle: Path) -> None:
    before = manifest.model_digest(bundle)
    (bundle / "card.md").write_text("other words")
    assert manifest.model_digest(bundle) == before
    (bundle / "features" / "text.npz").write_bytes(b"other numbers")
    assert manifest.model_digest(bundle) != before


def test_a_folder_that_is_no_model_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="make train"):
        manifest.verify(tmp_path)
    with pytest.raises(ModelError, match="make train"):
        manifest.model_digest(tmp_path)
