"""The manifest: digests of a bundle's files, so that a bundle that differs from the registered one is refused."""

import json
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import Any

from matching.data.digests import file_digest
from matching.errors import ModelError, TamperedModel
from matching.model import REFERENCE

MANIFEST = "manifest.json"
# These files, and all in this folder, decide the scores; no other file does. Their joint digest names the model.
SCORING_FILES = ("model.json", "match.onnx")
SCORING_FOLDER = "features"
# Holdout rows with expected salaries: monitoring reads them; the service does not, and gets none.
NOT_SERVED = (REFERENCE,)


def model_digest(folder: Path) -> str:
    """Return the joint digest of the files that decide the scores; the same data and seed give the same digest.

    Raises:
        ModelError: a file is missing.
    """
    for name in SCORING_FILES:
        if not (folder / name).is_file():
            raise ModelError(f"{folder} is not a model: {name} is missing: run `make train`")
    features = (path for path in (folder / SCORING_FOLDER).rglob("*") if path.is_file())
    names = [*SCORING_FILES, *sorted(_name(folder, path) for path in features)]
    lines = [f"{name} {file_digest(folder / name)}" for name in names]
    return sha256("\n".join(lines).encode()).hexdigest()


def seal(folder: Path, facts: dict[str, Any]) -> str:
    """Write the manifest of all files in the folder; no file may change afterwards.

    Args:
        folder: the finished bundle.
        facts: what else to record, such as data hash, git commit and metrics.

    Returns:
        The digest of the manifest itself, which covers all files.
    """
    files = {_name(folder, path): file_digest(path) for path in _files(folder)}
    manifest = {"model_digest": model_digest(folder), "files": files, **facts}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    return file_digest(folder / MANIFEST)


def verify(folder: Path, expected: str | None = None, *, without: Collection[str] = ()) -> dict[str, Any]:
    """Check every file of a bundle against its manifest, and the manifest against `expected`.

    Args:
        folder: the bundle.
        expected: recorded digest of the manifest; not compared if None.
        without: files that may be absent; those that are present must be unchanged.

    Returns:
        The manifest.

    Raises:
        ModelError: there is no manifest.
        TamperedModel: a file is changed, missing or added.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelError(f"{folder} is not a model: {MANIFEST} is missing: run `make train`")
    if expected is not None and file_digest(path) != expected:
        raise TamperedModel(f"{path} is not the manifest that was registered: do not use this model; train again")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    recorded: dict[str, str] = manifest["files"]
    found = {_name(folder, file): file_digest(file) for file in _files(folder)}
    needed = recorded.keys() - (set(without) - found.keys())
    wrong = sorted(name for name in needed | found.keys() if recorded.get(name) != found.get(name))
    if wrong:
        raise TamperedModel(
            f"{folder}: {', '.join(wrong)} changed since training: do not use this model; "
            "fetch it again from the registry or run `make train`"
        )
    return manifest


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
