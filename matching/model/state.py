"""The state of a part of a model: a JSON file of the bundle, whose `format` says which versions can read it."""

import json
from pathlib import Path
from typing import Any

from matching.errors import ModelError


def read_state(file: Path, supported: int) -> dict[str, Any]:
    """Read a file of the format that this version supports.

    Raises:
        ModelError: the file has another format.
    """
    state: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if state.get("format") != supported:
        raise ModelError(f"{file} has format {state.get('format')}, this version reads {supported}: run `make train`")
    return state
