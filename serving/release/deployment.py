"""Puts a release into service: the old one answers until the new one has proved that it scores as in training."""

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from home.settings import Settings
from matching.data.progress import Progress
from matching.errors import BusyError, EngineError
from matching.model.manifest import verify
from serving.release import bento as bentos
from serving.release import engines, golden_requests, health, images, interrupts, ports, state
from serving.release.bento import Bento
from serving.release.engines import Engine, Launch, Service
from serving.release.release import Release
from serving.release.state import Deployment
from store.database import connect


@dataclass(frozen=True)
class DeploymentStatus:
    """What is running.

    Attributes:
        running: whether the deployed service runs.
        ready: whether it reports that it is ready.
        deployment: what was deployed; None if nothing is.
    """

    running: bool
    ready: bool
    deployment: Deployment | None

    @property
    def address(self) -> str | None:
        """Where it answers; None if nothing is deployed."""
        return self.deployment.address if self.deployment else None


@dataclass(frozen=True)
class _Package:
    """A release, ready to be started by an engine."""

    engine: Engine
    release: Release
    bento: Bento
    image: str | None


def deploy(settings: Settings, release: Release, progress: Progress = print) -> Deployment:
    """Build, try out and start a release in place of the running one of the same model.

    Raises:
        TamperedModel: a file of the bundle differs from its recorded digest.
        GoldenMismatch: the new service returns other scores than in training.
        BusyError: another model or program holds the port, or another command the lock of this home.
        EngineError: something could not be built or started.
        StorageError: the disk is full, or the log's database cannot be reached.
    Whatever is raised, the old service is still running, or is running again if it had already been stopped.
    """
    with state.alone(settings):
        progress(f"verifying the files of {release.model_name} version {release.model_version}")
        verify(release.bundle, release.manifest_digest)
        requests = golden_requests.read(release.bundle)
        if settings.database_url is not None:
            connect(settings.database_url).dispose()
        _clear_trial(settings)
        old = _running(settings, release.model_name)
        if old is None or (old.host, old.port) != (settings.host, settings.port):
            require_port(settings, release.model_name)
        engine = engines.choose(settings, progress)
        with engine.warm(settings.root, _variables(settings, log=True)) as warm:
            package = _package(warm, settings, release, progress)
            _rehearse(settings, package, requests, progress)
            new = _replace(settings, package, old, progress)
        _prune(settings, engine, new)
    return new


def status(settings: Settings, model_name: str | None = None) -> DeploymentStatus:
    """Return what is running of a model, by default of the one in the settings."""
    return _status(settings, state.read(settings, model_name or settings.model_name))


def statuses(settings: Settings) -> list[DeploymentStatus]:
    """Return what is running of every model deployed in this home."""
    return [_status(settings, deployment) for deployment in state.read_all(settings)]


def stop(settings: Settings, model_names: Sequence[str] | None = None) -> list[str]:
    """Let services finish their requests and stop them; return the names of the models that were running.

    Args:
        settings: whose home.
        model_names: models whose services to stop; all of the home by default.

    Raises:
        BusyError: a deployment is in progress.
        EngineError: a service does not end.
    """
    if not (settings.root / "run").is_dir():
        return []
    stopped = []
    with state.alone(settings):
        _clear_trial(settings)
        for deployment in state.read_all(settings):
            name = deployment.model_name
            if model_names is not None and name not in model_names:
                continue
            if _runs(settings, deployment):
                engines.recorded(deployment.engine, settings).stop(deployment.service)
                stopped.append(name)
            state.remove(settings, name)
    return stopped


def require_port(settings: Settings, model_name: str) -> None:
    """Check that no other model and no other program listens on the port.

    Raises:
        BusyError: one does.
    """
    for other in state.read_all(settings):
        if other.model_name != model_name and other.port == settings.port and _runs(settings, other):
            raise BusyError(
                f"port {settings.port} is held by {other.model_name} version {other.model_version}: "
                f"set TANDEM_PORT to a free port, or stop that service with `tandem stop --source {other.source}`"
            )
    ports.require_free(settings.host, settings.port)


def _package(engine: Engine, settings: Settings, release: Release, progress: Progress) -> _Package:
    bento = bentos.build(settings, release, progress)
    return _Package(engine, release, bento, engine.package(bento, progress))


def _rehearse(
    settings: Settings, package: _Package, requests: list[golden_requests.GoldenRequest], progress: Progress
) -> None:
    """Start the release beside the running service, with a log of its own, and send it the golden requests."""
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
        is_trial=True,
    )
    progress(f"trying the new service on port {launch.port}")
    service = None
    try:
        service = package.engine.start(launch)
        trial = _deployment(package, launch, service)
        state.write_file(state.trial_file(settings), trial)
        seconds = _wait(package.engine, service, launch, progress)
        progress(f"ready after {seconds:.1f} s; sending {len(requests)} golden requests")
        _check_version(trial)
        largest = golden_requests.check(trial.address, requests)
    finally:
        if service is not None:
            package.engine.stop(service)
        package.engine.clear(launch.name)
        state.trial_file(settings).unlink(missing_ok=True)
    progress(f"it scores as in training (largest difference {largest:.1e})")
    shutil.rmtree(home, ignore_errors=True)


def _replace(settings: Settings, package: _Package, old: Deployment | None, progress: Progress) -> Deployment:
    """Stop the old service and start the new one on the public port; start the old one again if that fails."""
    launch = Launch(
        bento=package.bento.path,
        image=package.image,
        name=_name(settings, package.release.model_name),
        address=settings.host,
        port=settings.port,
        home=settings.root,
        variables=_variables(settings, log=True),
    )
    before = engines.recorded(old.engine, settings).variables(old.service) if old else {}
    if old is not None:
        progress(f"stopping version {old.model_version} on port {old.port}")
    new = None
    try:
        with interrupts.held():
            if old is not None:
                engines.recorded(old.engine, settings).stop(old.service)
            new = replace(_deployment(package, launch, package.engine.start(launch)), previous=old)
            state.write(settings, new)
        seconds = _wait(package.engine, new.service, launch, progress)
        _check_version(new)
    except BaseException as error:
        _undo(settings, package, new, old, variables=before, progress=progress)
        if old is not None and isinstance(error, EngineError):
            raise EngineError(f"{error}; version {old.model_version} is running again") from error
        raise
    progress(f"version {new.model_version} answers at {new.address} ({new.engine}, ready after {seconds:.1f} s)")
    return new


def _undo(
    settings: Settings,
    package: _Package,
    new: Deployment | None,
    old: Deployment | None,
    *,
    variables: Mapping[str, str],
    progress: Progress,
) -> None:
    """Stop the new service, if it was started, and start the old one again, if there was one.

    Raises:
        EngineError: the old one cannot be started again.
    """
    with interrupts.held():
        if new is not None:
            package.engine.stop(new.service)
            state.remove(settings, new.model_name)
        if old is None:
            return
        engine = engines.recorded(old.engine, settings)
        launch = _launch_again(settings, old, variables)
        try:
            service = _start_again(engine, old, launch, progress)
        except EngineError as error:
            raise EngineError(f"version {old.model_version} could not be started again: {error}") from error
        state.write(settings, replace(old, identity=service.identity, created=service.created))
    _wait(engine, service, launch, progress)
    progress(f"version {old.model_version} answers again")


def _launch_again(settings: Settings, old: Deployment, variables: Mapping[str, str]) -> Launch:
    return Launch(
        bento=old.bento_path,
        image=old.image,
        name=_name(settings, old.model_name),
        address=old.host,
        port=old.port,
        home=settings.root,
        variables=variables,
    )


def _start_again(engine: Engine, old: Deployment, launch: Launch, progress: Progress) -> Service:
    with contextlib.suppress(EngineError):  # if it cannot be stopped, it still runs
        engine.stop(old.service)
    if engine.runs(old.service):
        return old.service
    progress(f"starting version {old.model_version} again")
    return engine.start(launch)


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
    """Require that this service answers, and not another one on the same port."""
    reported = health.model(deployment.address)
    if (reported.get("model_name"), reported.get("model_version")) != (deployment.model_name, deployment.model_version):
        raise EngineError(
            f"{deployment.address} answers as {reported.get('model_name')} version {reported.get('model_version')}, "
            f"not as {deployment.model_name} version {deployment.model_version}"
        )


def _status(settings: Settings, deployment: Deployment | None) -> DeploymentStatus:
    running = deployment is not None and _runs(settings, deployment)
    ready = running and deployment is not None and health.is_ready(deployment.address)
    return DeploymentStatus(running, ready, deployment)


def _runs(settings: Settings, deployment: Deployment) -> bool:
    return engines.recorded(deployment.engine, settings).runs(deployment.service)


def _running(settings: Settings, model_name: str) -> Deployment | None:
    """Return the deployment of a model if it is running."""
    deployment = state.read(settings, model_name)
    return deployment if deployment is not None and _runs(settings, deployment) else None


def _clear_trial(settings: Settings) -> None:
    """Stop a trial that a killed deployment left behind."""
    path = state.trial_file(settings)
    trial = state.read_file(path)
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
    deployed = [new, *state.read_all(settings)]
    keep = {one.bento_path.name for two in deployed for one in (two, two.previous) if one is not None}
    for version in bentos.prune(settings, keep):
        for log in (settings.root / "run").glob(f"service-{version}.log*"):
            log.unlink(missing_ok=True)
        if isinstance(engine, engines.ContainerServices):
            engine.engine.remove_image(images.image_name(version))


def _variables(settings: Settings, *, log: bool = False) -> Mapping[str, str]:
    """Return the settings of a service; a trial has no database, so that it logs into its own folder."""
    variables = {"TANDEM_SOURCE": settings.source}
    if log and settings.database_url is not None:
        variables["TANDEM_DATABASE_URL"] = settings.database_url
    return variables


def _name(settings: Settings, role: str) -> str:
    """Return the name of a container: one for each home and model of a machine, and one for a trial."""
    return f"tandem-{sha256(str(settings.root).encode()).hexdigest()[:8]}-{role}"
