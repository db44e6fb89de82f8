"""Export of a sentence-transformers model to an encoder that runs without torch: only this module imports torch.

It runs in a separate environment, made by `scripts/encoder-tools.sh`: torch is large, and nothing else needs it.
"""

import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from matching.data.digests import file_digest
from matching.errors import InputError, MissingInput, ModelError, TandemError
from matching.features.transformer import GRAPH, TOKENIZER, EncoderFacts, TransformerEncoder

LEAST_COSINE = 0.9999
LARGEST_BYTES = 2_000_000_000  # of weights: the limit of an ONNX file
LONGEST_TOKENS = 512  # for a model that does not say how many tokens it reads
OPSET = 18

# Texts that tokenizers treat differently: short, long, mixed case, accents, other scripts, signs.
SAMPLES = (
    "Kubernetes",
    "k8s platform engineer, 7 years",
    "Senior C++ / C# Developer (.NET, node.js)",
    "Entwickler für Größeres in Łódź, naïve café",
    "инженер по данным",
    "データエンジニア 募集",
    "emoji 🚀 and zero\u200bwidth",
    "a",
    "I build services in Python and Go, run them on AWS, and lead a team of five people. " * 60,
)


def export(model_name: str, target: Path) -> float:
    """Export a model and compare its vectors with those of sentence-transformers.

    Args:
        model_name: folder of a sentence-transformers model, or its name on the hub, which needs the network.
        target: folder to write; must be new or empty.

    Returns:
        The smallest cosine between the vectors of both over `SAMPLES`.

    Raises:
        InputError: the target is not empty, or the model cannot be exported.
        ModelError: the vectors differ; nothing is written.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} is not empty: pass a new folder with --to, or empty this one")
    model = _loaded(model_name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as work:
        folder = Path(work) / "encoder"
        folder.mkdir()
        _write(model, model_name, folder)
        least = compare(model, TransformerEncoder.load(folder))
        folder.replace(target)
    return least


def compare(model: Any, encoder: TransformerEncoder) -> float:
    """Return the smallest cosine between the vectors of both over `SAMPLES`.

    Raises:
        ModelError: the cosine is below `LEAST_COSINE`.
    """
    wanted = model.encode(list(SAMPLES), batch_size=1, normalize_embeddings=True, show_progress_bar=False)
    least = float((np.asarray(wanted) * encoder.transform(SAMPLES)).sum(axis=1).min())
    if not least > LEAST_COSINE:
        raise ModelError(
            f"the exported encoder differs from the model: cosine {least:.5f}, at least {LEAST_COSINE} required; "
            "nothing was written: choose another model"
        )
    return least


def _loaded(model_name: str) -> Any:
    from sentence_transformers import SentenceTransformer

    if Path(model_name).is_dir() and not (Path(model_name) / "modules.json").is_file():
        raise MissingInput(f"{model_name} is not a sentence-transformers model: modules.json is missing")
    try:
        # Only safetensors: the older format of weights is a pickle, which runs code when it is read.
        model = SentenceTransformer(model_name, device="cpu", model_kwargs={"use_safetensors": True})
    except (OSError, ValueError) as error:
        raise InputError(
            f"{model_name} cannot be loaded ({str(error).splitlines()[0]}): pass the folder of a model, or with "
            "network access the name of a model on the hub"
        ) from error
    if sum(weight.nbytes for weight in model.parameters()) > LARGEST_BYTES:
        raise InputError(f"{model_name} has more than 2 GB of weights, too many for a CPU: choose a smaller model")
    if getattr(model.tokenizer, "backend_tokenizer", None) is None:
        raise InputError(f"the tokenizer of {model_name} cannot be written as {TOKENIZER}: choose another model")
    return model.eval()


def _write(model: Any, model_name: str, folder: Path) -> None:
    (folder / TOKENIZER).write_text(model.tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about itself
        dimensions = _write_graph(model, folder / GRAPH)
    EncoderFacts(
        name=Path(model_name).name if Path(model_name).is_dir() else model_name,
        dimensions=dimensions,
        max_tokens=min(model.max_seq_length or LONGEST_TOKENS, LONGEST_TOKENS),
        pooling=", ".join(type(module).__name__ for module in model),
        prefix=(model.prompts or {}).get(model.default_prompt_name) or "",
        sha256={name: file_digest(folder / name) for name in (GRAPH, TOKENIZER)},
    ).write(folder)


def _write_graph(model: Any, path: Path) -> int:
    """Write the graph from tokens to unit vectors of shape (n, dimensions), and return the dimensions."""
    import torch

    class Encoder(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        """All modules of the model in one call, with vectors of unit length."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            tokens = {"input_ids": input_ids, "attention_mask": attention_mask}
            if token_type_ids is not None:
                tokens["token_type_ids"] = token_type_ids
            return torch.nn.functional.normalize(self.model(tokens)["sentence_embedding"], dim=1)

    # Two rows and several tokens: the exporter would treat a size of 1 as a constant.
    example = model.tokenizer(["two texts of a", "length"], padding=True, return_tensors="pt")
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in example]
    arguments = tuple(example[name] for name in names)
    sizes = {0: torch.export.Dim("n"), 1: torch.export.Dim("tokens")}
    encoder = Encoder().eval()
    torch.onnx.export(
        encoder, arguments, path, input_names=names, output_names=["vectors"], opset_version=OPSET, dynamo=True,
        dynamic_shapes=tuple(sizes for _ in names), external_data=False, verbose=False,
    )  # fmt: skip
    _remove_paths(path)
    with torch.no_grad():
        return int(encoder(*arguments).shape[1])


def _remove_paths(path: Path) -> None:
    """Remove the exporter's notes on every node: thousands of lines with paths of this machine."""
    import onnx

    graph = onnx.load(path)
    for part in (graph, graph.graph, *graph.graph.node, *graph.graph.input, *graph.graph.output,
                 *graph.graph.value_info, *graph.graph.initializer):  # fmt: skip
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(graph, path)


def main(arguments: list[str]) -> int:
    """Run `python -m pipelines.transformer_export MODEL FOLDER`; print the smallest cosine, or the error."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    model_name, target = arguments
    if Path(model_name).is_dir():
        os.environ["HF_HUB_OFFLINE"] = "1"  # a folder needs no network
    try:
        print(f"{export(model_name, Path(target)):.7f}")  # noqa: T201 - read by the parent process
    except TandemError as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
