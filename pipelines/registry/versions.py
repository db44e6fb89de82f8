"""Registered versions: their facts, their files, and the registration of a sealed bundle."""

import json
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from matching.errors import ModelError, TamperedModel
from matching.model import GOLDEN_REQUESTS
from pipelines.registry import audit, next_steps
from pipelines.registry.client import Connection
from pipelines.registry.failures import explain, explained
from pipelines.registry.runs import fitting
from pipelines.registry.stored import StoredVersion

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

PASSED = "passed"
_BUNDLE = "bundle"
_SOURCE, _DIGEST, _MANIFEST = "tandem.source", "tandem.digest", "tandem.manifest"
# The packages that scoring imports. MLflow would take up to 14 s per model to infer them.
_SCORING_PACKAGES = ("numpy", "scipy", "scikit-learn", "onnxruntime", "polars", "pydantic", "pydantic-settings")


@dataclass(frozen=True)
class RegisteredModel:
    """One registered version.

    Attributes:
        name: name of the registered model.
        version: number of the version.
        run_id: the run that created it.
        source: name of the data source.
        digest: digest of the model's core files.
        manifest_digest: digest of the manifest that lists every file of the bundle.
        trained_at: time of its registration, UTC.
        promoted_at: time it last became champion, UTC; None if it never did.
        location: URI of its files.
        gate: the recorded verdict of the gate, with the champion it was compared with.
        tags: tags recorded with the version.
    """

    name: str
    version: str
    run_id: str
    source: str
    digest: str
    manifest_digest: str
    trained_at: datetime
    promoted_at: datetime | None
    location: str
    gate: str
    tags: Mapping[str, str]

    @property
    def passed_gate(self) -> bool:
        """Whether the recorded verdict of the gate is that it passed."""
        return self.gate.startswith(PASSED)

    @classmethod
    def of(cls, stored: StoredVersion, trail: list[audit.Move]) -> "RegisteredModel":
        """Combine the version as stored with the trail of the champion."""
        promoted = [move.at for move in trail if move.to_version == stored.version and move.action != "found"]
        return cls(
            name=stored.name,
            version=stored.version,
            run_id=stored.run_id,
            source=stored.tags.get(_SOURCE, ""),
            digest=stored.tags.get(_DIGEST, ""),
            manifest_digest=stored.tags.get(_MANIFEST, ""),
            trained_at=datetime.fromtimestamp(stored.created_at_ms / 1000, UTC),
            promoted_at=datetime.fromisoformat(promoted[-1]) if promoted else None,
            location=stored.location,
            gate=_verdict(stored, trail),
            tags=stored.tags,
        )


def _verdict(stored: StoredVersion, trail: list[audit.Move]) -> str:
    """Return the verdict of the gate from the tags; for versions older than that tag, from the trail."""
    verdict = stored.tags.get("tandem.gate")
    if verdict is not None:
        against = stored.tags.get("tandem.compared_with", "none")
        compared = "without a champion to compare with" if against == "none" else f"compared with version {against}"
        return f"{verdict}, {compared}"
    whys = [move.why for move in trail if move.to_version == stored.version and move.action == "promote"]
    return next(
        (PASSED + why.removeprefix("passed the gate") for why in whys if why.startswith("passed the gate")),
        "no verdict",
    )


class Versions:
    """The registered versions of one model.

    Args:
        connection: whose registry.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._settings = connection.settings
        self._name = connection.settings.model_name

    def all(self) -> list[RegisteredModel]:
        """Every version, newest first."""
        if not self._connection.exists():
            return []
        trail = audit.moves(self._settings, self._name, audit.CHAMPION)
        with explained(self._settings.root):
            return [RegisteredModel.of(found, trail) for found in self._connection.reader.versions(self._name)]

    def get(self, version: str, trail: list[audit.Move] | None = None) -> RegisteredModel:
        """One version.

        Args:
            version: its number.
            trail: the champion's trail, if it has been read already.

        Raises:
            ModelError: there is no such version.
        """
        with explained(self._settings.root):
            found = self._connection.reader.version(self._name, version) if self._connection.exists() else None
        if found is None:
            known = ", ".join(model.version for model in self.all())
            step = f"run `{next_steps.train(self._settings.source)}`"
            if not known:
                raise ModelError(f"{self._name} has no version {version}, and no other either: {step}")
            raise ModelError(
                f"{self._name} has no version {version} (registered: {known}): choose one of these, or {step}"
            )
        if trail is None:
            trail = audit.moves(self._settings, self._name, audit.CHAMPION)
        return RegisteredModel.of(found, trail)

    def register(self, run_id: str, bundle: Path, *, tags: Mapping[str, str]) -> str:
        """Log a sealed bundle as a pyfunc model and register it; the same model is registered only once.

        Args:
            run_id: the run that created it.
            bundle: the sealed folder.
            tags: tags to record with the version, such as data hash and git commit.

        Returns:
            Number of the version.

        Raises:
            TamperedModel: the bundle has changed since it was sealed.
            StorageError: the disk is full.
        """
        from matching.data.digests import file_digest
        from matching.model import manifest

        client = self._connection.client
        with explained(self._settings.root):
            digest: str = manifest.verify(bundle)["model_digest"]
            for known in self._connection.reader.versions(self._name):
                if known.tags.get(_DIGEST) == digest:
                    return known.version
            model_id = _log_model(run_id, bundle)
            _make_name(client, self._name)
            card = bundle / "card.md"
            description = fitting(card.read_text(encoding="utf-8")) if card.exists() else None
            sealed = file_digest(bundle / manifest.MANIFEST)
            # The transaction that creates the version also writes the digests: no version exists without them.
            made = client.create_model_version(
                self._name,
                f"models:/{model_id}",
                run_id,
                tags={**tags, _SOURCE: self._settings.source, _DIGEST: digest, _MANIFEST: sealed},
                model_id=model_id,
                description=description,
            )
            if description:
                client.update_registered_model(self._name, description)
            return str(made.version)

    def fetch(self, version: str, into: Path) -> Path:
        """Copy the bundle of a version, and verify every file against the recorded digests.

        Args:
            version: its number.
            into: folder to copy the bundle into; replaces a bundle in it.

        Returns:
            The bundle's folder.

        Raises:
            ModelError: there is no such version, or its files are gone.
            TamperedModel: a file differs from what was registered.
            StorageError: the disk is full.
        """
        return self.copy(self.get(version), into)

    def copy(self, model: RegisteredModel, into: Path) -> Path:
        """Do the work of `fetch` for a version that has already been read."""
        from matching.model import manifest

        target = into / _BUNDLE
        into.mkdir(parents=True, exist_ok=True)
        with explained(self._settings.root), tempfile.TemporaryDirectory(dir=into) as scratch:
            copied = self._download(model, Path(scratch))
            recorded = manifest.verify(copied, model.manifest_digest)
            if not model.manifest_digest or recorded["model_digest"] != model.digest:
                raise TamperedModel(
                    f"{model.name} version {model.version} is not the model that was registered: do not use it"
                )
            shutil.rmtree(target, ignore_errors=True)
            copied.rename(target)
        return target

    def _download(self, model: RegisteredModel, into: Path) -> Path:
        bundle = into / "data" / _BUNDLE
        location = urlparse(model.location)
        if location.scheme == "file":
            # As MLflow does it, without the seconds that its import takes.
            source = Path(url2pathname(location.path)) / "data" / _BUNDLE
            if source.is_dir():
                shutil.copytree(source, bundle)
        else:
            self._download_through_mlflow(model, into)
        if not (bundle / "manifest.json").is_file():
            message = f"the files of {model.name} version {model.version} are gone from {self._settings.mlflow_folder}"
            raise ModelError(
                f"{message}: restore them from a backup or run `{next_steps.train(self._settings.source)}`"
            )
        return bundle

    def _download_through_mlflow(self, model: RegisteredModel, into: Path) -> None:
        client = self._connection.client
        import mlflow
        from mlflow.exceptions import MlflowException

        try:
            mlflow.artifacts.download_artifacts(
                artifact_uri=f"models:/{model.name}/{model.version}",
                dst_path=str(into),
                tracking_uri=client.tracking_uri,
            )
        except (MlflowException, FileNotFoundError) as error:
            if explain(error, self._settings.root):
                raise


def _make_name(client: "MlflowClient", name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _log_model(run_id: str, bundle: Path) -> str:
    """Log a bundle as pyfunc with signature and example; return the identifier of the logged model."""
    import mlflow

    pyfunc = _pyfunc()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / _BUNDLE
        shutil.copytree(bundle, folder)
        with mlflow.start_run(run_id=run_id):
            info = pyfunc.log_model(
                name="model",
                loader_module="pipelines.pyfunc_loader",
                data_path=str(folder),
                signature=_signature(bundle),
                input_example=_example(bundle),
                pip_requirements=[f"{name}=={installed_version(name)}" for name in _SCORING_PACKAGES],
            )
    return str(info.model_id)


def _pyfunc() -> Any:
    with warnings.catch_warnings():
        # At import, MLflow warns about type hints of its own classes.
        warnings.filterwarnings("ignore", message=".*Any type hint is inferred as AnyType", category=UserWarning)
        import mlflow.pyfunc

        return mlflow.pyfunc


def _signature(bundle: Path) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    from pipelines import pyfunc_loader

    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(kind, name, required=required) for name, kind, required in pyfunc_loader.input_columns()
    ]
    scores = _golden_request(bundle)["scores"]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec("float", name) for name in ("match", "company", "candidate") if scores.get(name) is not None
    ]
    return ModelSignature(Schema(inputs), Schema(outputs))


def _example(bundle: Path) -> "pd.DataFrame":
    """Return the first golden request as the one-row frame that `predict` takes."""
    import pandas as pd

    from pipelines import pyfunc_loader

    return pd.DataFrame([pyfunc_loader.flatten(_golden_request(bundle))])


def _golden_request(bundle: Path) -> dict[str, Any]:
    case: dict[str, Any] = json.loads((bundle / GOLDEN_REQUESTS).read_text(encoding="utf-8"))["cases"][0]
    return case
