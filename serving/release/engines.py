"""What runs the service: a container engine that is proved to work on this machine, or a local process."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from home.settings import Settings
from matching.data.progress import Progress
from matching.errors import EngineError
from serving.release import images
from serving.release.bento import Bento
from serving.release.commands import without_tandem
from serving.release.containers import Container, ContainerEngine, ContainerName
from serving.release.ports import free_port
from serving.release.service_process import HostProcess, ServiceProcess

PYTHONS = ("3.11", "3.12", "3.13")
LINES = 200


@dataclass(frozen=True)
class Launch:
    """How one service is started.

    Attributes:
        bento: folder of the Bento.
        image: image of the Bento; None for a process.
        name: name of the service on this machine; unique per home, model and role.
        address: address on which it listens.
        port: port on which it listens.
        home: its home; it writes to `home/log` only.
        variables: its `TANDEM_*` settings.
        is_trial: whether it only tries out a release and ends with the deployment.
    """

    bento: Path
    image: str | None
    name: str
    address: str
    port: int
    home: Path
    variables: Mapping[str, str]
    is_trial: bool = False

    @property
    def log(self) -> Path:
        """File for the output of this Bento; that of a container is written there after a failure only."""
        return self.home / "run" / f"service-{self.bento.name}.log"


@dataclass(frozen=True)
class Service:
    """A started service: a container id, or a process number with the time it started."""

    engine: str
    identity: str
    created: float = 0.0


class Engine(Protocol):
    """Something that runs services."""

    @property
    def name(self) -> str:
        """Its name, as users know it."""
        ...

    def warm(self, home: Path, variables: Mapping[str, str]) -> "AbstractContextManager[Engine]":
        """Prepare to start a trial and then the service of a home, with these `TANDEM_*` settings."""
        ...

    def package(self, bento: Bento, progress: Progress) -> str | None:
        """Turn a Bento into what this engine runs; return the image if it runs images."""
        ...

    def start(self, launch: Launch) -> Service:
        """Start a service in the background."""
        ...

    def runs(self, service: Service) -> bool:
        """Whether a service still runs."""
        ...

    def output(self, service: Service, launch: Launch) -> str:
        """Return the end of what a service printed, which `launch.log` then contains."""
        ...

    def variables(self, service: Service) -> Mapping[str, str]:
        """Return the `TANDEM_*` settings of a running service, with which it can be started again as it was."""
        ...

    def stop(self, service: Service) -> None:
        """Let a service finish its requests and stop it; does nothing if it is gone."""
        ...

    def clear(self, name: str) -> None:
        """Remove a service that was left behind under this name."""
        ...


@dataclass(frozen=True)
class ProcessEngine:
    """Runs services as local processes.

    Attributes:
        host: forks the workers of one deployment; None until `warm`.
    """

    host: HostProcess | None = None

    @property
    def name(self) -> str:
        """Its name, as users know it."""
        return "process"

    @contextmanager
    def warm(self, home: Path, variables: Mapping[str, str]) -> Iterator[Engine]:
        """Start a host, which imports the libraries while the Bento is being built."""
        # A service is started again with the variables of its host.
        host = HostProcess(_environment(home, variables), home / "run" / "service-host.log")
        try:
            yield ProcessEngine(host)
        finally:
            host.close()

    def package(self, bento: Bento, progress: Progress) -> None:
        """A process runs the Bento as it is."""

    def start(self, launch: Launch) -> Service:
        """Start a worker. A trial ends with its host; a service keeps the host running."""
        if self.host is None:
            with self.warm(launch.home, launch.variables) as warm:
                return warm.start(launch)
        process = self.host.launch(
            launch.bento,
            address=launch.address,
            port=launch.port,
            environment=_environment(launch.home, launch.variables),
            log=launch.log,
            metrics=launch.home / "run" / f"metrics-{launch.name}",
            stays=not launch.is_trial,
        )
        return Service(self.name, str(process.pid), process.created)

    def runs(self, service: Service) -> bool:
        """Whether the process runs."""
        return ServiceProcess(int(service.identity), service.created).runs

    def output(self, service: Service, launch: Launch) -> str:  # noqa: ARG002 the interface of both
        """Return the end of its log."""
        return "\n".join(launch.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES:])

    def variables(self, service: Service) -> Mapping[str, str]:
        """Return its settings from the process itself: they may contain a password, which no file of Tandem does."""
        return _settings(ServiceProcess(int(service.identity), service.created).environment())

    def stop(self, service: Service) -> None:
        """Stop the process and its workers."""
        ServiceProcess(int(service.identity), service.created).stop()

    def clear(self, name: str) -> None:
        """Do nothing: processes have no names, and `deployment` records those it starts."""


@dataclass(frozen=True)
class ContainerServices:
    """Runs services as hardened containers.

    Attributes:
        engine: docker or podman, as it works on this machine.
        base: image to build on.
    """

    engine: ContainerEngine
    base: str

    @property
    def name(self) -> str:
        """Its name, as users know it."""
        return self.engine.name

    def warm(self, home: Path, variables: Mapping[str, str]) -> AbstractContextManager[Engine]:  # noqa: ARG002
        """Do nothing: each container starts by itself."""
        return nullcontext(self)

    def package(self, bento: Bento, progress: Progress) -> str:
        """Build the image."""
        return images.build(self.engine, bento, self.base, progress)

    def start(self, launch: Launch) -> Service:
        """Run the image."""
        if launch.image is None:
            raise EngineError("a container needs an image, and this service was deployed without one: deploy again")
        container = Container(
            image=launch.image,
            name=launch.name,
            address=launch.address,
            port=launch.port,
            log_folder=launch.home / "log",
            environment=launch.variables,
        )
        return Service(self.name, self.engine.start(container))

    def runs(self, service: Service) -> bool:
        """Whether the container runs."""
        return self.engine.runs(service.identity)

    def output(self, service: Service, launch: Launch) -> str:
        """Return the last lines that the container printed, and keep them for when it is gone."""
        lines = self.engine.last_lines(service.identity, LINES)
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        launch.log.write_text(lines, encoding="utf-8")
        return lines

    def variables(self, service: Service) -> Mapping[str, str]:
        """Return its settings from the container itself."""
        return _settings(self.engine.environment(service.identity))

    def stop(self, service: Service) -> None:
        """Stop and remove the container."""
        self.engine.stop(service.identity)

    def clear(self, name: str) -> None:
        """Remove a container that was left behind."""
        self.engine.remove(name)


def _environment(home: Path, variables: Mapping[str, str]) -> dict[str, str]:
    return {
        **without_tandem(),
        **variables,
        "TANDEM_HOME": str(home),
        "BENTOML_HOME": str(home / "run" / "bentoml-service"),
        "BENTOML_DO_NOT_TRACK": "true",
    }


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("TANDEM_") and name != "TANDEM_HOME"}


def choose(settings: Settings, progress: Progress) -> Engine:
    """Choose what runs the service: docker, else podman, else a process; `settings.engine` overrides.

    Raises:
        EngineError: the requested engine does not work, or a container is required and no engine works.
    """
    if settings.engine == "process":
        if settings.require_container:
            raise EngineError("TANDEM_ENGINE=process contradicts TANDEM_REQUIRE_CONTAINER=1: unset one of them")
        return ProcessEngine()
    names: tuple[ContainerName, ...] = ("docker", "podman") if settings.engine == "auto" else (settings.engine,)
    reasons = []
    for name in names:
        try:
            return _proven(name, settings, progress)
        except EngineError as error:
            reasons.append(f"{name}: {error}")
    found = "; ".join(reasons)
    if settings.engine != "auto":
        raise EngineError(f"{found}: fix it, or unset TANDEM_ENGINE to fall back to what works")
    if settings.require_container:
        raise EngineError(
            f"no container engine works ({found}): fix one (infra/install-engine.sh installs podman on Debian), "
            "or unset TANDEM_REQUIRE_CONTAINER to run a local process"
        )
    progress(f"no container engine works, so the service runs as a local process ({found})")
    return ProcessEngine()


def recorded(name: str, settings: Settings) -> Engine:
    """Return the engine that runs a recorded service."""
    if name == "process":
        return ProcessEngine()
    proof = _read_proof(settings)
    if proof is not None and proof.name == name:
        return ContainerServices(proof.engine(), proof.base)
    return ContainerServices(ContainerEngine("docker" if name == "docker" else "podman"), images.MADE_BASE)


@dataclass(frozen=True)
class _Proof:
    """An engine that ran a container on this machine, recorded so that not every deployment must prove it."""

    name: ContainerName
    version: str
    configured: bool
    base: str

    def engine(self) -> ContainerEngine:
        return ContainerEngine(self.name, images.INFRA / "containers.conf" if self.configured else None)

    def holds(self, settings: Settings) -> bool:
        engine = self.engine()
        same_base = settings.base_image in (None, self.base)
        return same_base and engine.version() == self.version and engine.has_image(self.base)


def _proven(name: ContainerName, settings: Settings, progress: Progress) -> ContainerServices:
    proof = _read_proof(settings)
    if proof is None or proof.name != name or not proof.holds(settings):
        proof = _prove(name, settings, progress)
        path = _proof_path(settings)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(proof)), encoding="utf-8")
    return ContainerServices(proof.engine(), proof.base)


def _prove(name: ContainerName, settings: Settings, progress: Progress) -> _Proof:
    """Run a hardened container with the machine's own configuration, or else with `infra/containers.conf`."""
    plain = ContainerEngine(name)
    version = plain.version()
    base = images.base_image(plain, settings.base_image, progress)
    try:
        python = plain.prove(base, free_port())
        configured = False
    except EngineError:
        if name == "docker":
            raise
        python = _Proof(name, version, True, base).engine().prove(base, free_port())
        configured = True
    if python not in PYTHONS:
        raise EngineError(
            f"the base image {base} has Python {python}; use one with {', '.join(PYTHONS[:-1])} or {PYTHONS[-1]}"
        )
    progress(f"{name} {version} runs containers on this machine")
    return _Proof(name, version, configured, base)


def _read_proof(settings: Settings) -> _Proof | None:
    try:
        return _Proof(**json.loads(_proof_path(settings).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _proof_path(settings: Settings) -> Path:
    return settings.root / "run" / "engine.json"
