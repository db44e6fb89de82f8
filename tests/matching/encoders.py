"""Transformer encoders for tests: a real one, where it was exported, and a tiny one with the same files."""

import os
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from matching.data.digests import file_digest
from matching.features.transformer import GRAPH, TOKENIZER, EncoderFacts

DIMENSIONS = 8
MAX_TOKENS = 24
TEXT = (
    "senior junior lead backend frontend developer engineer data python java go sql kubernetes react linux berlin"
    " i am and in the of with years work hello my name is nice to have you need solid experience"
)
WORDS = TEXT.split()


# The start of a program in which the packages that export a model cannot be imported.
WITHOUT_TORCH = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in 'torch transformers sentence_transformers huggingface_hub onnx skl2onnx'.split():
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
"""


def real_encoder() -> Path:
    """The encoder that `scripts/encoder-tools.sh --test-encoder` exported."""
    named = os.environ.get("TANDEM_TEST_ENCODER")
    if not named:
        pytest.fail("TANDEM_TEST_ENCODER names no exported encoder: run scripts/encoder-tools.sh --test-encoder")
    return Path(named)


def write_tiny_encoder(folder: Path, *, seed: int = 7) -> Path:
    """Write an encoder whose network averages a table of word vectors: every part but the weights is real."""
    folder.mkdir(parents=True)
    (folder / GRAPH).write_bytes(_graph(seed))
    _tokenizer().save(str(folder / TOKENIZER))
    EncoderFacts(
        name="tiny",
        dimensions=DIMENSIONS,
        max_tokens=MAX_TOKENS,
        pooling="mean",
        prefix="",
        sha256={name: file_digest(folder / name) for name in (GRAPH, TOKENIZER)},
    ).write(folder)
    return folder


def _tokenizer() -> Tokenizer:
    vocabulary = {word: number for number, word in enumerate(("[UNK]", "[CLS]", "[SEP]", *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return tokenizer


def _graph(seed: int) -> bytes:
    table = np.random.default_rng(seed).normal(size=(len(WORDS) + 3, DIMENSIONS)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["tokens"]),
        helper.make_node("ReduceMean", ["tokens"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("LpNormalization", ["mean"], ["vectors"], axis=1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "tokens"])],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", DIMENSIONS])],
        [numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())
