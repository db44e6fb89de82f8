"""Runs, registered versions and aliases: the one module that talks to MLflow.

Order of a training: log, register, move the alias. A process killed in between leaves a run that `reap_orphans` closes,
or a complete version without an alias; never half a version.
"""

import dataclasses
import json
import logging
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from home import lock
from home.process import Process
from home.settings import LOOPBACK, Settings
from matching.data.digests import file_digest
from matching.errors import GateRefused, ModelError, NoChampion, StorageError, TamperedModel
from matching.model import manifest
from pipelines import pyfunc_loader
from pipelines.environment import mlflow_variables, provide
from pipelines.registry import audit
from pipelines.registry.failures import explain, explained

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

Alias = Literal["champion", "challenger"]
CHAMPION: Literal["champion"] = "champion"
CHALLENGER: Literal["challenger"] = "challenger"
_ALIAS_WAIT_SECONDS = 30.0
_BUNDLE = "bundle"
_SOURCE, _DIGEST, _MANIFEST = "tandem.source", "tandem.digest", "tandem.manifest"
# MLflow answers a missing alias of a known model with the second.
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
# What `matching` imports to score; explicit, since inferring them takes MLflow up to 14 s a model.
_SCORING_PACKAGES = ("numpy", "scipy", "scikit-learn", "onnxruntime", "polars", "pydantic", "pydantic-settings")
_SQLITE_HEADER = b"SQLite format 3\x00"


@dataclass(frozen=True)
class RegisteredModel:
    """One registered version.

    Attributes:
        name: name of the registered model.
        version: number of the version.
        run_id: the run that made it.
        source: name of the data source.
        digest: digest of the model's core files.
        manifest_digest: digest of the manifest that lists every file of the bundle.
        trained_at: when it was registered, UTC.
        promoted_at: when it last became champion, UTC; None where it never did.
        tags: everything else recorded with the version.
    """

    name: str
    version: str
    run_id: str
    source: str
    digest: str
    manifest_digest: str
    trained_at: datetime
    promoted_at: datetime | None
    tags: Mapping[str, str]


def connect(settings: Settings) -> "MlflowClient":
    """A client of this home's registry; makes the database where there is none.

    Raises:
        StorageError: the disk is full or cannot be written to.
    """
    provide(mlflow_variables())
    with explained(settings.root):
        settings.make_root()
        settings.mlflow_folder.mkdir(parents=True, exist_ok=True)
        _require_database(settings.mlflow_folder / "mlflow.db")
        import mlflow

        # It says at every new home that it makes its tables; its own set-up at import would undo an earlier setting.
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        mlflow.set_tracking_uri(settings.mlflow_uri)
        mlflow.set_registry_uri(settings.mlflow_uri)
        return mlflow.MlflowClient(settings.mlflow_uri, settings.mlflow_uri)


def _require_database(file: Path) -> None:
    """Tell a damaged file at once: MLflow would try for over a minute and then name neither file nor remedy."""
    if not file.exists() or not file.stat().st_size:
        return
    with file.open("rb") as opened:
        is_database = opened.read(len(_SQLITE_HEADER)) == _SQLITE_HEADER
    if not is_database:
        raise StorageError(f"{file} is damaged: put back a copy of it, or move {file.parent} away and run `make train`")


def exists(settings: Settings) -> bool:
    """Whether anything was ever logged in this home; cheap, imports nothing."""
    return (settings.mlflow_folder / "mlflow.db").exists()


def _experiment(settings: Settings, client: "MlflowClient", of: str = "") -> str:
    """Identifier of the experiment of the source; made where there is none."""
    name = f"{settings.model_name}-{of}" if of else settings.model_name
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    location = (settings.mlflow_folder / "artifacts" / name).as_uri()
    return str(client.create_experiment(name, artifact_location=location))


@contextmanager
def recorded_run(settings: Settings, tags: Mapping[str, str], *, of: str = "") -> Iterator[str]:
    """Record a run from its start to its end, however it ends.

    A run ends FINISHED (also where the gate refused: it reached its verdict), FAILED on an error, KILLED on Ctrl-C.

    Args:
        settings: whose registry.
        tags: what is known at the start.
        of: what the run is of, where it is no training; such runs have an experiment of their own.

    Yields:
        Identifier of the run.
    """
    client = connect(settings)
    with explained(settings.root):
        process = {"tandem.process": json.dumps(Process.current().facts())}
        run = client.create_run(_experiment(settings, client, of), tags={**tags, **process})
    run_id = str(run.info.run_id)
    try:
        yield run_id
    except GateRefused:
        client.set_terminated(run_id, "FINISHED")
        raise
    except BaseException as error:
        # On a full disk this fails too; the next training closes the run.
        with suppress(Exception):
            client.set_terminated(run_id, "FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    client.set_terminated(run_id, "FINISHED")


def log_nested(
    settings: Settings, parent_id: str, name: str, *, metrics: Mapping[str, float], params: Mapping[str, Any]
) -> str:
    """Record a finished run under another: one trial of a search.

    Args:
        settings: whose registry.
        parent_id: the run it belongs to.
        name: shown in the list of runs.
        metrics: figures by name; those that are no finite number are left out.
        params: what was tried.

    Returns:
        Identifier of the nested run.
    """
    client = connect(settings)
    with explained(settings.root):
        experiment = client.get_run(parent_id).info.experiment_id
        process = json.dumps(Process.current().facts())
        tags = {"mlflow.parentRunId": parent_id, "tandem.process": process}
        run_id = str(client.create_run(experiment, run_name=name, tags=tags).info.run_id)
        _log_batch(client, run_id, metrics=metrics, params=params, tags={})
        client.set_terminated(run_id, "FINISHED")
    return run_id


def reap_orphans(settings: Settings) -> list[str]:
    """Mark runs as KILLED whose process is gone: a process killed with -9 leaves its run RUNNING for ever.

    Returns:
        Identifiers of the runs that were closed.
    """
    if not exists(settings):
        return []
    client = connect(settings)
    reaped = []
    with explained(settings.root):
        experiments = [str(experiment.experiment_id) for experiment in client.search_experiments()]
        for run in client.search_runs(experiments, "attributes.status = 'RUNNING'"):
            known = run.data.tags.get("tandem.process")
            if known and Process.from_facts(json.loads(known)).is_gone:
                client.set_terminated(run.info.run_id, "KILLED")
                reaped.append(str(run.info.run_id))
    return reaped


def log(
    settings: Settings,
    run_id: str,
    *,
    metrics: Mapping[str, float],
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    files: Path,
) -> None:
    """Log what a run found.

    Args:
        settings: whose registry.
        run_id: the run.
        metrics: figures by name; those that are no finite number are left out.
        params: what the run was set to.
        tags: data hash, git commit, verdict and the like.
        files: folder whose files are shown with the run: model card, plots, metrics.
    """
    client = connect(settings)
    with explained(settings.root):
        _log_batch(client, run_id, metrics=metrics, params=params, tags=tags)
        client.log_artifacts(run_id, str(files))


def _log_batch(
    client: "MlflowClient",
    run_id: str,
    *,
    metrics: Mapping[str, float],
    params: Mapping[str, Any],
    tags: Mapping[str, str],
) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now = int(datetime.now(UTC).timestamp() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric(_key(k), float(v), now, 0) for k, v in metrics.items() if abs(float(v)) < float("inf")],
        params=[Param(_key(name), str(value)[:6000]) for name, value in params.items()],
        tags=[RunTag(_key(name), str(value)[:5000]) for name, value in tags.items()],
    )


def _key(name: str) -> str:
    """A name as MLflow allows it: `ndcg@10` is refused."""
    return re.sub(r"[^\w\-. /]", "_", name.replace("@", "_at_"))[:250]


def register(settings: Settings, run_id: str, bundle: Path, *, tags: Mapping[str, str]) -> str:
    """Log a sealed bundle as a pyfunc model and register it; the same model twice is one version.

    Args:
        settings: whose registry.
        run_id: the run that made it.
        bundle: the sealed folder.
        tags: recorded with the version, e.g. data hash and git commit.

    Returns:
        Number of the version.

    Raises:
        TamperedModel: the bundle is not as it was sealed.
        StorageError: the disk is full.
    """
    client = connect(settings)
    with explained(settings.root):
        digest: str = manifest.verify(bundle)["model_digest"]
        known = [v for v in _versions(client, settings.model_name) if v.tags.get(_DIGEST) == digest]
        if known:
            return str(known[0].version)
        model_id = _log_model(run_id, bundle)
        _make_name(client, settings.model_name)
        sealed = file_digest(bundle / manifest.MANIFEST)
        # The digests are written in the transaction that makes the version: no version is ever without.
        made = client.create_model_version(
            settings.model_name,
            f"models:/{model_id}",
            run_id,
            tags={**tags, _SOURCE: settings.source, _DIGEST: digest, _MANIFEST: sealed},
            model_id=model_id,
        )
        return str(made.version)


def _make_name(client: "MlflowClient", name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _log_model(run_id: str, bundle: Path) -> str:
    """Log a bundle as pyfunc, with signature and example; returns the identifier of the logged model."""
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
        # MLflow warns about type hints of its own classes when it is imported.
        warnings.filterwarnings("ignore", message=".*Any type hint is inferred as AnyType", category=UserWarning)
        import mlflow.pyfunc

        return mlflow.pyfunc


def _signature(bundle: Path) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(kind, name, required=required) for name, kind, required in pyfunc_loader.input_columns()
    ]
    scores = _golden_case(bundle)["scores"]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec("float", name) for name in ("match", "company", "candidate") if scores.get(name) is not None
    ]
    return ModelSignature(Schema(inputs), Schema(outputs))


def _example(bundle: Path) -> "pd.DataFrame":
    """The first golden case as the one-row frame that `predict` takes."""
    import pandas as pd

    return pd.DataFrame([pyfunc_loader.flatten(_golden_case(bundle))])


def _golden_case(bundle: Path) -> dict[str, Any]:
    case: dict[str, Any] = json.loads((bundle / "golden.json").read_text(encoding="utf-8"))["cases"][0]
    return case


def _versions(client: "MlflowClient", name: str) -> "list[ModelVersion]":
    """Versions of a registered model, newest first."""
    found = client.search_model_versions(f"name = '{name}'", max_results=10_000)
    return sorted(found, key=lambda version: -int(version.version))


def versions(settings: Settings, name: str) -> list[RegisteredModel]:
    """Every registered version of a model, newest first."""
    if not exists(settings):
        return []
    with explained(settings.root):
        return [_described(settings, found) for found in _versions(connect(settings), name)]


def _described(settings: Settings, found: "ModelVersion") -> RegisteredModel:
    trail = audit.moves(settings, found.name, CHAMPION)
    promoted = [move.at for move in trail if move.to_version == str(found.version) and move.action != "found"]
    tags = dict(found.tags)
    return RegisteredModel(
        name=found.name,
        version=str(found.version),
        run_id=str(found.run_id),
        source=tags.get(_SOURCE, ""),
        digest=tags.get(_DIGEST, ""),
        manifest_digest=tags.get(_MANIFEST, ""),
        trained_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
        promoted_at=datetime.fromisoformat(promoted[-1]) if promoted else None,
        tags=tags,
    )


def holder(settings: Settings, name: str, alias: Alias = CHAMPION) -> RegisteredModel | None:
    """The version an alias points to; None where there is no such alias."""
    if not exists(settings):
        return None
    with explained(settings.root):
        found = _by_alias(connect(settings), name, alias)
        return _described(settings, found) if found else None


def champion(settings: Settings) -> RegisteredModel | None:
    """The champion of the chosen source; None where nothing was promoted yet."""
    return holder(settings, settings.model_name)


def _by_alias(client: "MlflowClient", name: str, alias: str) -> "ModelVersion | None":
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(name, alias)
    except MlflowException as error:
        if error.error_code in _ABSENT:
            return None
        raise


def get(settings: Settings, name: str, version: str) -> RegisteredModel:
    """One registered version.

    Raises:
        ModelError: there is no such version.
    """
    known = versions(settings, name)
    for model in known:
        if model.version == version:
            return model
    there = ", ".join(model.version for model in known) or "none"
    raise ModelError(f"{name} has no version {version} (registered: {there}): choose one of these, or run `make train`")


def fetch(settings: Settings, name: str, version: str, into: Path) -> Path:
    """Copy the bundle of a version and verify every file against the digests recorded with the version.

    Args:
        settings: whose registry.
        name: registered model.
        version: its number.
        into: folder that will hold the bundle; a bundle already there is replaced.

    Returns:
        The bundle's folder.

    Raises:
        ModelError: there is no such version, or its files are gone.
        TamperedModel: a file is not what was registered.
        StorageError: the disk is full.
    """
    model = get(settings, name, version)
    target = into / _BUNDLE
    with explained(settings.root), tempfile.TemporaryDirectory(dir=_made(into)) as scratch:
        copied = _download(settings, model, Path(scratch))
        recorded = manifest.verify(copied, model.manifest_digest)
        if not model.manifest_digest or recorded["model_digest"] != model.digest:
            raise TamperedModel(f"{name} version {version} is not the model that was registered: do not use it")
        shutil.rmtree(target, ignore_errors=True)
        copied.rename(target)
    return target


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _download(settings: Settings, model: RegisteredModel, into: Path) -> Path:
    connect(settings)
    import mlflow
    from mlflow.exceptions import MlflowException

    bundle = into / "data" / _BUNDLE
    try:
        mlflow.artifacts.download_artifacts(
            artifact_uri=f"models:/{model.name}/{model.version}", dst_path=str(into), tracking_uri=settings.mlflow_uri
        )
    except (MlflowException, FileNotFoundError) as error:
        if explain(error, settings.root):
            raise
    if not (bundle / manifest.MANIFEST).is_file():
        message = f"the files of {model.name} version {model.version} are gone from {settings.mlflow_folder}"
        raise ModelError(f"{message}: restore them from a backup or run `make train`")
    return bundle


def promote(settings: Settings, name: str, version: str, *, expected: str | None, reason: str) -> audit.Move:
    """Make a version the champion, if the champion is still the one the caller has seen.

    Args:
        settings: whose registry.
        name: registered model.
        version: what becomes champion; its files are verified first.
        expected: version the caller believes to be champion; None where there is none yet.
        reason: why, for the trail.

    Returns:
        The recorded move.

    Raises:
        BusyError: another process is moving the alias.
        ModelError: the champion is another than expected, or there is no such version.
        TamperedModel: the files are not what was registered.
    """
    with _alias_lock(settings):
        current = _settled(settings, name, CHAMPION)
        _compare(name, CHAMPION, current, expected)
        return _move(settings, name, version, alias=CHAMPION, action="promote", current=current, reason=reason)


def challenge(settings: Settings, name: str, version: str, *, expected: str | None, reason: str) -> audit.Move:
    """Make a version the challenger, which waits beside the champion; as careful as `promote`.

    Args:
        settings: whose registry.
        name: registered model.
        version: what becomes challenger; its files are verified first.
        expected: version the caller believes to be challenger; None where there is none.
        reason: why, for the trail.

    Returns:
        The recorded move.

    Raises:
        BusyError: another process is moving an alias.
        ModelError: the challenger is another than expected, or there is no such version.
        TamperedModel: the files are not what was registered.
    """
    with _alias_lock(settings):
        current = _settled(settings, name, CHALLENGER)
        _compare(name, CHALLENGER, current, expected)
        return _move(settings, name, version, alias=CHALLENGER, action="challenge", current=current, reason=reason)


def previous_champion(settings: Settings, name: str) -> str | None:
    """Version that was champion before the present one, from the trail; None where there was none."""
    trail = audit.moves(settings, name, CHAMPION)
    present = holder(settings, name)
    if trail and present and trail[-1].to_version != present.version:
        trail.append(dataclasses.replace(trail[-1], action="found", to_version=present.version))
    before = audit.history(trail)
    return before[-2] if len(before) > 1 else None


def rollback(settings: Settings, name: str, *, expected: str, reason: str) -> audit.Move:
    """Make the previous champion the champion again, if the champion is still the one the caller has seen.

    Args:
        settings: whose registry.
        name: registered model.
        expected: version the caller believes to be champion.
        reason: why, for the trail.

    Raises:
        NoChampion: there is no champion, or none before it.
        ModelError: the champion is another than expected.
        BusyError: another process is moving the alias.
        TamperedModel: the files of the earlier champion are not what was registered.
    """
    with _alias_lock(settings):
        current = _settled(settings, name, CHAMPION)
        if current is None:
            raise NoChampion("no champion yet: run `make train`")
        _compare(name, CHAMPION, current, expected)
        before = previous_champion(settings, name)
        if before is None:
            raise NoChampion(f"version {current} of {name} is its first champion: there is nothing to roll back to")
        return _move(settings, name, before, alias=CHAMPION, action="rollback", current=current, reason=reason)


def _compare(name: str, alias: Alias, current: str | None, expected: str | None) -> None:
    """Refuse a move that was decided while looking at another holder of the alias."""
    if current != expected:
        seen = f"version {current}" if current else "absent"
        raise ModelError(
            f"the {alias} of {name} is {seen}, not {f'version {expected}' if expected else 'absent'} as expected: "
            "another move of the alias came first; look at `tandem status`, then try again"
        )


def _alias_lock(settings: Settings) -> AbstractContextManager[None]:
    return lock.held(settings, "aliases", "a promotion or rollback", wait_seconds=_ALIAS_WAIT_SECONDS)


def _settled(settings: Settings, name: str, alias: Alias) -> str | None:
    """The version that holds the alias now, after the trail was made to agree with the registry.

    They differ where a crash came between a record and its move, or where the alias was moved by other means.
    """
    present = holder(settings, name, alias)
    version = present.version if present else None
    trail = audit.moves(settings, name, alias)
    recorded = trail[-1].to_version if trail else None
    if recorded != version:
        audit.record(
            settings,
            action="found",
            model=name,
            alias=alias,
            from_version=recorded,
            to_version=version,
            digest=present.digest if present else None,
            why="the alias was not where the trail left it",
        )
    return version


def _move(
    settings: Settings,
    name: str,
    version: str,
    *,
    alias: Alias,
    action: audit.Action,
    current: str | None,
    reason: str,
) -> audit.Move:
    """Verify a version, record the move, then move: a crash in between leaves a record, never a move without one."""
    with tempfile.TemporaryDirectory() as scratch:
        fetch(settings, name, version, Path(scratch))
    with explained(settings.root):
        move = audit.record(
            settings,
            action=action,
            model=name,
            alias=alias,
            from_version=current,
            to_version=version,
            digest=get(settings, name, version).digest,
            why=reason,
        )
        connect(settings).set_registered_model_alias(name, alias, version)
    return move


def serve_command(settings: Settings) -> list[str]:
    """Command line of MLflow's pages; run it with `serve_environment`.

    They have no login, and whoever reaches them may move an alias: on loopback only, wherever the service listens.
    """
    return [
        *(sys.executable, "-m", "mlflow", "server"),
        *("--backend-store-uri", settings.mlflow_uri, "--registry-store-uri", settings.mlflow_uri),
        *("--artifacts-destination", (settings.mlflow_folder / "artifacts").as_uri()),
        *("--host", LOOPBACK, "--port", str(settings.mlflow_port), "--workers", "1"),
    ]


def serve_environment() -> dict[str, str]:
    """Variables MLflow's server needs besides the caller's own."""
    return mlflow_variables()
