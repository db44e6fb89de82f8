"""Puts a release into service: the old one answers until the new one has proved that it answers as at training."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from home.settings import Settings
from matching.data.dataset import Progress
from matching.errors import EngineError
from matching.model.manifest import verify
from serving.release import bento as bentos
from serving.release import engines, golden_requests, health, images, ports, state
from serving.release.bento import Bento
from serving.release.engines import Engine, Launch, Service
from serving.release.release import Release
from serving.release.state import Deployment
from store.database import connect


@dataclass(frozen=True)
class DeploymentStatus:
    """What runs at the moment.

    Attributes:
        running: whether the service that was deployed runs.
        ready: whether it says that it is ready.
        deployment: what was deployed; None where nothing is.
    """

    running: bool
    ready: bool
    deployment: Deployment | None

    @property
    def address(self) -> str | None:
        """Where it answers; None where nothing is deployed."""
        return self.deployment.address if self.deployment else None


@dataclass(frozen=True)
class _Package:
    """A release, ready to be started by an engine."""

    engine: Engine
    release: Release
    bento: Bento
    image: str | None


def deploy(settings: Settings, release: Release, progress: Progress = print) -> Deployment:
    """Build, try out and start a release in place of the running one.

    Raises:
        TamperedModel: a file of the bundle differs from its recorded digest.
        GoldenMismatch: the new service answers other scores than at training.
        BusyError: the port or the lock of this home is held by someone else.
        EngineError: something could not be built or started.
        StorageError: the disk is full, or the log's database cannot be reached.
    Whatever is raised, the old service goes on running, or was started again if it had been stopped already.
    """
    with state.alone(settings):
        progress(f"verifying the files of {release.model_name} version {release.model_version}")
        verify(release.bundle, release.manifest_digest)
        cases = golden_requests.read(release.bundle)
        if settings.database_url is not None:
            connect(settings.database_url).dispose()
        _clear_trial(settings)
        old = _running(settings)
        if old is None or (old.host, old.port) != (settings.host, settings.port):
            ports.require_free(settings.host, settings.port)
        package = _package(settings, release, progress)
        _rehearse(settings, package, cases, progress)
        new = _replace(settings, package, old, progress)
        _prune(settings, package.engine, new)
    return new


def status(settings: Settings) -> DeploymentStatus:
    """Tell what runs."""
    deployment = state.read(state.deployment_file(settings))
    if deployment is None:
        return DeploymentStatus(running=False, ready=False, deployment=None)
    running = engines.recorded(deployment.engine, settings).runs(deployment.service)
    return DeploymentStatus(running, running and health.is_ready(deployment.address), deployment)


def stop(settings: Settings) -> bool:
    """Let the service finish its requests and stop it; False if nothing ran.

    Raises:
        BusyError: a deployment is at work.
        EngineError: it does not end.
    """
    if not (settings.root / "run").is_dir():
        return False
    with state.alone(settings):
        _clear_trial(settings)
        deployment = _running(settings)
        if deployment is not None:
            engines.recorded(deployment.engine, settings).stop(deployment.service)
        state.deployment_file(settings).unlink(missing_ok=True)
    return deployment is not None


def _package(settings: Settings, release: Release, progress: Progress) -> _Package:
    engine = engines.choose(settings, progress)
    bento = bentos.build(settings, release, progress)
    return _Package(engine, release, bento, engine.package(bento, progress))


def _rehearse(settings: Settings, package: _Package, cases: list[golden_requests.Case], progress: Progress) -> None:
    """Start the release beside the running service, with a log of its own, and ask it the golden requests."""
    home = settings.root / "run" / "trial"
    shutil.rmtree(home, ignore_errors=True)
    launch = Launch(
        bento=package.bento.path,
        image=package.image,
        name=_name(settings, "trial"),
        address="127.0.0.1",
        port=ports.free_port(),
        home=home,
        variables=_variables(settings),
    )
    progress(f"trying the new service on port {launch.port}")
    service = None
    try:
        service = package.engine.start(launch)
        trial = _deployment(package, launch, service)
        state.write(state.trial_file(settings), trial)
        seconds = _wait(package.engine, service, launch, progress)
        progress(f"ready after {seconds:.1f} s; asking {len(cases)} golden requests")
        _check_version(trial)
        largest = golden_requests.check(trial.address, cases)
    finally:
        if service is not None:
            package.engine.stop(service)
        package.engine.clear(launch.name)
        state.trial_file(settings).unlink(missing_ok=True)
    progress(f"it answers as at training (largest difference {largest:.1e})")
    shutil.rmtree(home, ignore_errors=True)


def _replace(settings: Settings, package: _Package, old: Deployment | None, progress: Progress) -> Deployment:
    """Stop the old service and start the new one on the public port; start the old one again if that fails."""
    launch = Launch(
        bento=package.bento.path,
        image=package.image,
        name=_name(settings, "service"),
        address=settings.host,
        port=settings.port,
        home=settings.root,
        variables=_variables(settings, log=True),
    )
    before = engines.recorded(old.engine, settings).variables(old.service) if old else {}
    try:
        if old is not None:
            progress(f"stopping version {old.model_version} on port {old.port}")
            engines.recorded(old.engine, settings).stop(old.service)
        return _start(package, launch, state.deployment_file(settings), old, progress)
    except BaseException as error:
        if old is None:
            raise
        _bring_back(settings, old, before, progress)
        if isinstance(error, EngineError):
            raise EngineError(f"{error}; version {old.model_version} runs again") from error
        raise


def _start(package: _Package, launch: Launch, path: Path, old: Deployment | None, progress: Progress) -> Deployment:
    service = package.engine.start(launch)
    try:
        new = replace(_deployment(package, launch, service), previous=old)
        state.write(path, new)
        seconds = _wait(package.engine, service, launch, progress)
        _check_version(new)
    except BaseException:
        package.engine.stop(service)
        path.unlink(missing_ok=True)
        raise
    progress(f"version {new.model_version} answers at {new.address} ({new.engine}, ready after {seconds:.1f} s)")
    return new


def _bring_back(settings: Settings, old: Deployment, variables: Mapping[str, str], progress: Progress) -> None:
    engine = engines.recorded(old.engine, settings)
    launch = Launch(
        bento=old.bento_path,
        image=old.image,
        name=_name(settings, "service"),
        address=old.host,
        port=old.port,
        home=settings.root,
        variables=variables,
    )
    service = old.service
    if not engine.runs(service):
        progress(f"starting version {old.model_version} again")
        service = engine.start(launch)
    again = replace(old, identity=service.identity, created=service.created)
    state.write(state.deployment_file(settings), again)
    _wait(engine, service, launch, progress)


def _wait(engine: Engine, service: Service, launch: Launch, progress: Progress) -> float:
    try:
        return health.wait_until_ready(
            health.url(launch.address, launch.port),
            runs=lambda: engine.runs(service),
            output=lambda: engine.output(service, launch),
            progress=progress,
        )
    except EngineError as error:
        raise EngineError(f"{error} (see {launch.log})") from error


def _check_version(deployment: Deployment) -> None:
    """Make sure that it is this service that answers, not another one on the same port."""
    told = health.model(deployment.address)
    if (told.get("model_name"), told.get("model_version")) != (deployment.model_name, deployment.model_version):
        raise EngineError(
            f"{deployment.address} answers as {told.get('model_name')} version {told.get('model_version')}, "
            f"not as {deployment.model_name} version {deployment.model_version}"
        )


def _running(settings: Settings) -> Deployment | None:
    """What is deployed and really runs."""
    deployment = state.read(state.deployment_file(settings))
    if deployment is None or not engines.recorded(deployment.engine, settings).runs(deployment.service):
        return None
    return deployment


def _clear_trial(settings: Settings) -> None:
    """Stop a trial that a killed deployment left behind."""
    path = state.trial_file(settings)
    trial = state.read(path)
    if trial is not None:
        engines.recorded(trial.engine, settings).stop(trial.service)
        path.unlink(missing_ok=True)


def _deployment(package: _Package, launch: Launch, service: Service) -> Deployment:
    return Deployment(
        engine=service.engine,
        model_name=package.release.model_name,
        model_version=package.release.model_version,
        bento_tag=package.bento.tag,
        bento_path=package.bento.path,
        digest=package.bento.digest,
        image=package.image,
        identity=service.identity,
        created=service.created,
        host=launch.address,
        port=launch.port,
        started_at=datetime.now(UTC),
    )


def _prune(settings: Settings, engine: Engine, new: Deployment) -> None:
    keep = {one.bento_path.name for one in (new, new.previous) if one is not None}
    for version in bentos.prune(settings, keep):
        for log in (settings.root / "run").glob(f"service-{version}.log*"):
            log.unlink(missing_ok=True)
        if isinstance(engine, engines.ContainerServices):
            engine.engine.remove_image(images.image_name(version))


def _variables(settings: Settings, *, log: bool = False) -> Mapping[str, str]:
    """Settings a service is given; a trial gets no database, so that it logs into its own folder."""
    variables = {"TANDEM_SOURCE": settings.source}
    if log and settings.database_url is not None:
        variables["TANDEM_DATABASE_URL"] = settings.database_url
    return variables


def _name(settings: Settings, role: str) -> str:
    """Name of a container: one per home and role on a machine."""
    return f"tandem-{sha256(str(settings.root).encode()).hexdigest()[:8]}-{role}"
