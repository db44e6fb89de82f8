"""A transformer encoder as data files: texts to vectors with onnxruntime and a Rust tokenizer, without torch."""

import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from matching.arrays import Floats, Floats32
from matching.data.digests import file_digest
from matching.errors import MissingInput, ModelError, TamperedModel
from matching.onnx_session import open_session

FORMAT = 1
FACTS = "encoder.json"
GRAPH = "model.onnx"
TOKENIZER = "tokenizer.json"
FILES = (FACTS, GRAPH, TOKENIZER)
CACHED_VECTORS = 100_000  # at most about 400 MB, with 384 dimensions and texts of 256 tokens
MIN_FOR_THREADS = 32  # texts; for fewer, threads cost more than they save


@dataclass(frozen=True)
class EncoderFacts:
    """The content of `encoder.json`.

    Attributes:
        name: where the encoder comes from; informative only.
        dimensions: length of a vector.
        max_tokens: number of tokens of a text that are read, including those that mark its ends; the rest is cut off.
        pooling: how token vectors are combined; informative only, since the graph does it.
        prefix: put before every text, as some models require.
        sha256: digest of every other file, by name.
    """

    name: str
    dimensions: int
    max_tokens: int
    pooling: str
    prefix: str
    sha256: dict[str, str]

    def write(self, folder: Path) -> None:
        """Write `encoder.json`."""
        state = {"format": FORMAT, **asdict(self)}
        (folder / FACTS).write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "EncoderFacts":
        """Read `encoder.json` and compare the files beside it with their digests.

        Raises:
            MissingInput: the folder holds no exported encoder.
            ModelError: its format is not supported.
            TamperedModel: a file changed since its export.
        """
        for name in FILES:
            if not (folder / name).is_file():
                raise MissingInput(
                    f"{folder} holds no encoder, {name} is missing: make one with `tandem encoder export`"
                )
        state = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if state.pop("format", None) != FORMAT or state.keys() != cls.__dataclass_fields__.keys():
            raise ModelError(
                f"{folder / FACTS} has another format: export the encoder again with `tandem encoder export`"
            )
        facts = cls(**state)
        for name in (GRAPH, TOKENIZER):
            if file_digest(folder / name) != facts.sha256.get(name):
                raise TamperedModel(f"{folder / name} changed since its export: do not use it; export again")
        return facts


class TransformerEncoder:
    """Turns texts into vectors of unit length whose dot product is a cosine similarity.

    Every text passes through the network alone, without padding, so that its vector is the same to the last bit
    whatever else is encoded: a batch is summed in another order. On a CPU, a batch of long texts is no faster.

    Attributes:
        folder: where its files were read from.
        facts: the content of `encoder.json`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts = EncoderFacts.read(folder)
        self._network = _shared_network(folder, self.facts)

    @classmethod
    def load(cls, folder: Path) -> "TransformerEncoder":
        """Load what `tandem encoder export` wrote.

        Raises:
            MissingInput: the folder holds no exported encoder.
            ModelError: its format is not supported, a file changed, or the package `tokenizers` is not installed.
        """
        return cls(folder)

    def save(self, folder: Path) -> None:
        """Copy the files of the encoder into a folder, from which `load` reads them."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(self.folder / name, folder / name)

    def transform(self, texts: Sequence[str]) -> Floats32:
        """Encode texts, shape (n_texts, dimensions): rows of unit length, zero for a text without tokens.

        Vectors are cached: a repeated text is encoded once.
        """
        tokens = [self._network.tokens(self.facts.prefix, text) for text in texts]
        different = list(dict.fromkeys(row for row in tokens if row))
        if len(different) < MIN_FOR_THREADS:
            vectors = [self._network.vector(row) for row in different]
        else:
            with ThreadPoolExecutor(os.cpu_count()) as threads:
                vectors = list(threads.map(self._network.vector, different))
        by_tokens = dict(zip(different, vectors, strict=True))
        nothing = np.zeros(self.facts.dimensions, np.float32)
        rows = [by_tokens.get(row, nothing) for row in tokens]
        return np.stack(rows) if rows else np.empty((0, self.facts.dimensions), np.float32)


class _Network:
    """Tokenizer, graph, and a cache of vectors."""

    def __init__(self, folder: Path, max_tokens: int) -> None:
        self._tokenizer = _tokenizer(folder / TOKENIZER, max_tokens)
        self._session = open_session((folder / GRAPH).read_bytes(), memory_plan=False)  # texts have many lengths
        self._inputs = [given.name for given in self._session.get_inputs()]
        # Cached by tokens, not by text: tokens that were cut off take no memory.
        self.vector = lru_cache(CACHED_VECTORS)(self._run)

    def tokens(self, prefix: str, text: str) -> bytes:
        """Ids of a text's tokens, as bytes; empty if only the marks of its ends are left."""
        found = self._tokenizer.encode(text) if text.strip() else None
        if found is None or all(found.special_tokens_mask):
            return b""
        ids = self._tokenizer.encode(prefix + text).ids if prefix else found.ids
        return np.asarray(ids, dtype=np.uint32).tobytes()

    def _run(self, tokens: bytes) -> Floats32:
        numbers = np.frombuffer(tokens, dtype=np.uint32).astype(np.int64)[None]
        given = {
            "input_ids": numbers,
            "attention_mask": np.ones_like(numbers),
            "token_type_ids": np.zeros_like(numbers),
        }
        vector: Floats32 = self._session.run(None, {name: given[name] for name in self._inputs})[0][0]
        return vector


_NETWORKS: WeakValueDictionary[tuple[str, ...], _Network] = WeakValueDictionary()


def _shared_network(folder: Path, facts: EncoderFacts) -> _Network:
    """One network per set of files in this process: a training that loads the model it wrote encodes nothing twice."""
    key = (facts.sha256[GRAPH], facts.sha256[TOKENIZER], str(facts.max_tokens))
    network = _NETWORKS.get(key)
    if network is None:
        network = _NETWORKS[key] = _Network(folder, facts.max_tokens)
    return network


def cosine(left: Floats32, right: Floats32) -> Floats:
    """Cosine of each row of `left` with the same row of `right`, shape (n_rows,), to three decimals.

    Processors differ in the last bits of a vector; the trees of a model split rounded values alike.
    """
    return np.asarray(np.round((left.astype(np.float64) * right).sum(axis=1), 3))


def _tokenizer(path: Path, max_tokens: int) -> Any:
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise ModelError(
            "this model has a transformer encoder, but the package tokenizers is not installed: "
            "run `uv sync --frozen --group transformer`, or use make, which does"
        ) from error
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer
