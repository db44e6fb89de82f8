"""Export of a transformer encoder, in the environment that has torch."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from matching.errors import InputError, MissingInput, ModelError
from tandem.console import out, steps

PROJECT = Path(__file__).resolve().parents[2]
TOOLS = PROJECT / ".tandem-tools/encoder/bin/python"


def export_encoder(
    model: Annotated[str, typer.Argument(help="A sentence-transformers model: its folder, or its name on the hub.")],
    to: Annotated[Path, typer.Option(help="Folder to write, new or empty.")],
) -> None:
    """Export a sentence-transformers model for `train --text-encoder`; a name on the hub is downloaded from there."""
    export(model, to)


def export(model_name: str, target: Path) -> None:
    """Export a sentence-transformers model, and say what came of it.

    Args:
        model_name: folder of the model, or its name on the hub, which is then downloaded from there.
        target: folder to write, new or empty.

    Raises:
        MissingInput: the environment with torch is not there.
        InputError: the model or the target is wrong.
        ModelError: the exported form answers differently, or the export failed.
    """
    from matching.features.transformer import EncoderFacts

    with steps("exporting") as say:
        say(f"exporting {model_name} with torch")
        cosine = _run(_python(), model_name, target)
    facts = EncoderFacts.read(target)
    out.print(f"[bold]{target}[/bold]  {facts.dimensions} dimensions, reads {facts.max_tokens} tokens of a text")
    out.print(f"smallest cosine to sentence-transformers' own vectors: {cosine}")
    out.print(f"train with it: tandem train --text-encoder {target}")


def _python() -> str:
    """The Python that has torch: this one, or that of the tools."""
    if find_spec("torch") and find_spec("sentence_transformers"):
        return sys.executable
    if not TOOLS.is_file():
        raise MissingInput(
            "an export needs torch, which is not installed: run scripts/encoder-tools.sh, which installs it"
        )
    return str(TOOLS)


def _run(python: str, model_name: str, target: Path) -> str:
    """Export in a process of its own and return the smallest cosine it printed."""
    # Not the folder we stand in: a module of the user's there must not hide one of the tools.
    command = [python, "-P", "-m", "pipelines.transformer_export", model_name, str(target)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise InputError(why) if done.returncode == InputError.exit_code else ModelError(f"the export failed: {why}")
    return done.stdout.strip().splitlines()[-1]
