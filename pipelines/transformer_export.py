"""Export of a sentence-transformers model as an encoder without torch: the one module that imports torch.

It runs in an environment of its own, made by `scripts/encoder-tools.sh`: torch is large and needed for nothing else.
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
LARGEST_BYTES = 2_000_000_000  # of weights: an ONNX file cannot hold more
LONGEST_TOKENS = 512  # where a model does not say how much of a text it reads
OPSET = 18

# Short, long, cased, accented, of other scripts, with signs: what tokenizers treat differently.
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
    """Export a model and compare it with sentence-transformers' own answers.

    Args:
        model_name: folder of a sentence-transformers model, or its name on the hub, which needs the network.
        target: folder to write; must not hold anything.

    Returns:
        The smallest cosine between the two forms over `SAMPLES`.

    Raises:
        InputError: the target is in use, or the model is none that can be exported.
        ModelError: the exported form answers differently; nothing is written.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} is in use: name a new folder with --to, or empty that one")
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
    """Smallest cosine between the vectors of both over `SAMPLES`.

    Raises:
        ModelError: it is below `LEAST_COSINE`.
    """
    wanted = model.encode(list(SAMPLES), batch_size=1, normalize_embeddings=True, show_progress_bar=False)
    least = float((np.asarray(wanted) * encoder.transform(SAMPLES)).sum(axis=1).min())
    if not least > LEAST_COSINE:
        raise ModelError(
            f"the exported encoder differs from sentence-transformers' own: cosine {least:.5f}, "
            f"at least {LEAST_COSINE} is needed: nothing was written; choose another model"
        )
    return least


def _loaded(model_name: str) -> Any:
    from sentence_transformers import SentenceTransformer

    if Path(model_name).is_dir() and not (Path(model_name) / "modules.json").is_file():
        raise MissingInput(f"{model_name} is no sentence-transformers model: it holds no modules.json")
    try:
        # Weights as safetensors only: the older form is a pickle, which runs code when it is read.
        model = SentenceTransformer(model_name, device="cpu", model_kwargs={"use_safetensors": True})
    except (OSError, ValueError) as error:
        raise InputError(
            f"{model_name} cannot be loaded ({str(error).splitlines()[0]}): name a folder that holds the model, or a "
            "model of the hub while the network is there"
        ) from error
    if sum(weight.nbytes for weight in model.parameters()) > LARGEST_BYTES:
        raise InputError(f"{model_name} has more than 2 GB of weights: choose a smaller model, scores come from a CPU")
    if getattr(model.tokenizer, "backend_tokenizer", None) is None:
        raise InputError(f"{model_name} has no tokenizer that can be written as {TOKENIZER}: choose another model")
    return model.eval()


def _write(model: Any, model_name: str, folder: Path) -> None:
    (folder / TOKENIZER).write_text(model.tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about itself
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
    """Write tokens -> unit vectors, shape (n, dimensions), and return the dimensions."""
    import torch

    class Encoder(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        """All modules of the model in one call, and unit length whether or not the model asks for it."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            given = {"input_ids": input_ids, "attention_mask": attention_mask}
            if token_type_ids is not None:
                given["token_type_ids"] = token_type_ids
            return torch.nn.functional.normalize(self.model(given)["sentence_embedding"], dim=1)

    # Two rows and several tokens: the exporter takes a size of 1 for a constant.
    example = model.tokenizer(["two texts of a", "length"], padding=True, return_tensors="pt")
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in example]
    arguments = tuple(example[name] for name in names)
    sizes = {0: torch.export.Dim("n"), 1: torch.export.Dim("tokens")}
    encoder = Encoder().eval()
    torch.onnx.export(
        encoder, arguments, path, input_names=names, output_names=["vectors"], opset_version=OPSET, dynamo=True,
        dynamic_shapes=tuple(sizes for _ in names), external_data=False, verbose=False,
    )  # fmt: skip
    _forget_where(path)
    with torch.no_grad():
        return int(encoder(*arguments).shape[1])


def _forget_where(path: Path) -> None:
    """Remove what the exporter noted of every node: thousands of lines of this machine's paths."""
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
        os.environ["HF_HUB_OFFLINE"] = "1"  # a folder needs no network: none is touched
    try:
        print(f"{export(model_name, Path(target)):.7f}")  # noqa: T201 - the answer to the process that started this one
    except TandemError as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
