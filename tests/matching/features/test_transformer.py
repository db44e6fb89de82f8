"""Transformer encoders: a tiny one everywhere, and a real one (mark `transformer`) where it was exported."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from matching.errors import MissingInput, ModelError, TamperedModel
from matching.features.transformer import FACTS, FILES, GRAPH, MIN_FOR_THREADS, TransformerEncoder, cosine
from tests.matching.encoders import DIMENSIONS, MAX_TOKENS, WITHOUT_TORCH, WORDS, real_encoder, write_tiny_encoder

TEXTS = [
    "Senior Go developer",
    "k8s platform engineer, 7 years",
    "инженер по данным 🚀",
    "",
    "I build services in Python and run them on AWS. " * 80,
]


@pytest.fixture(scope="module", params=["tiny", pytest.param("real", marks=pytest.mark.transformer)])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TransformerEncoder:
    if request.param == "real":
        return TransformerEncoder.load(real_encoder())
    return TransformerEncoder.load(write_tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_encoder(tmp_path / "encoder")


def test_vectors_have_unit_length(encoder: TransformerEncoder) -> None:
    vectors = encoder.transform(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.facts.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 0, 1], atol=1e-6)


def test_a_text_has_the_same_vector_alone_and_among_many(encoder: TransformerEncoder) -> None:
    """To the last bit, with and without threads and cache."""
    many = [f"{text} {WORDS[place % len(WORDS)]}" for place in range(MIN_FOR_THREADS) for text in TEXTS[:2]]
    together = encoder.transform(many)
    for place in (0, 1, 17, len(many) - 1):
        encoder._network.vector.cache_clear()
        np.testing.assert_array_equal(encoder.transform([many[place]])[0], together[place])


def test_a_repeated_text_is_encoded_once(encoder: TransformerEncoder) -> None:
    encoder._network.vector.cache_clear()
    encoder.transform(TEXTS * 3)
    TransformerEncoder.load(encoder.folder).transform(TEXTS)
    assert encoder._network.vector.cache_info().misses == len([text for text in TEXTS if text])


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b\u200b"])
def test_a_text_without_words_has_a_zero_vector(encoder: TransformerEncoder, text: str) -> None:
    assert not encoder.transform([text]).any()


def test_no_texts_give_no_rows(encoder: TransformerEncoder) -> None:
    assert encoder.transform([]).shape == (0, encoder.facts.dimensions)


def test_a_long_text_is_read_up_to_the_limit_of_tokens(encoder: TransformerEncoder) -> None:
    start = "python " * encoder.facts.max_tokens
    same, other = encoder.transform([start, start + "java linux"]), encoder.transform(["java " + start])
    np.testing.assert_array_equal(same[0], same[1])
    assert not np.array_equal(same[0], other[0])


def test_any_text_has_a_finite_vector(encoder: TransformerEncoder) -> None:
    odd = ["🚀" * 50, "\u202eabc\u202c", "x" * 100_000, "\x00\ufffd", "ﷺ" * 1_000, "العربية", "#+." * 30]
    vectors = encoder.transform(odd)
    assert np.isfinite(vectors).all()


@pytest.mark.transformer
def test_different_words_for_the_same_thing_are_similar() -> None:
    names = ["k8s", "Kubernetes", "Solidity", "ReactJS developer", "React frontend engineer", "Accountant"]
    k8s, kubernetes, solidity, react, frontend, accountant = TransformerEncoder.load(real_encoder()).transform(names)
    assert k8s @ kubernetes > k8s @ solidity
    assert react @ frontend > 0.6
    assert react @ accountant < 0.4


def test_cosine_is_computed_per_row_and_rounded_to_three_decimals() -> None:
    left = np.array([[0.6, 0.8], [1, 0], [0, 0]], np.float32)
    right = np.array([[0.8, 0.6], [0, 1], [1, 0]], np.float32)
    assert cosine(left, right).tolist() == [0.96, 0.0, 0.0]


@pytest.mark.parametrize("name", FILES)
def test_a_folder_without_one_of_its_files_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(MissingInput, match=f"{name} is missing: make one with `tandem encoder export`"):
        TransformerEncoder.load(folder)


def test_a_changed_file_is_refused(folder: Path) -> None:
    (folder / GRAPH).write_bytes((folder / GRAPH).read_bytes() + b"x")
    with pytest.raises(TamperedModel, match=r"model\.onnx changed since its export"):
        TransformerEncoder.load(folder)


@pytest.mark.parametrize("change", [{"format": 99}, {"colour": "red"}])
def test_another_format_is_refused(folder: Path, change: dict[str, object]) -> None:
    state = json.loads((folder / FACTS).read_text())
    (folder / FACTS).write_text(json.dumps(state | change))
    with pytest.raises(ModelError, match="has another format"):
        TransformerEncoder.load(folder)


def test_without_the_tokenizers_package_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write_tiny_encoder(tmp_path / "other", seed=8)  # with the same files, the loaded network would be shared
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ModelError, match="uv sync --frozen --group transformer"):
        TransformerEncoder.load(other)


def test_it_runs_where_neither_torch_nor_the_hub_can_be_imported(encoder: TransformerEncoder) -> None:
    code = WITHOUT_TORCH + (
        "from pathlib import Path\n"
        "from matching.features.transformer import TransformerEncoder\n"
        "print(TransformerEncoder.load(Path(sys.argv[1])).transform(['Senior Go developer']).shape[1])"
    )
    command = [sys.executable, "-c", code, str(encoder.folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == str(encoder.facts.dimensions), answer.stderr[-2000:]


def test_the_tiny_encoder_matches_its_description(folder: Path) -> None:
    facts = TransformerEncoder.load(folder).facts
    assert (facts.dimensions, facts.max_tokens) == (DIMENSIONS, MAX_TOKENS)
