"""One container engine, docker or podman: builds images; runs, inspects and stops hardened containers."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from matching.errors import EngineError
from serving.release.commands import run

ContainerName = Literal["docker", "podman"]

SERVICE_PORT = 3000  # inside the container
SERVICE_USER = 10001  # if the engine runs as root; otherwise the container has the id of the deploying user
LOG_FOLDER = "/srv/tandem/log"
MEMORY = "2g"
PROCESSES = 512
SHORT_SECONDS = 60.0
BUILD_SECONDS = 1800.0
STOP_SECONDS = 30


@dataclass(frozen=True)
class Container:
    """A container to run.

    Attributes:
        image: its image.
        name: its name; a container of the same name is replaced.
        address: address of this machine on which it listens.
        port: port of this machine on which it listens.
        log_folder: the one folder it may write to.
        environment: variables; their values do not appear in the process list.
    """

    image: str
    name: str
    address: str
    port: int
    log_folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True)
class ContainerEngine:
    """A container engine of this machine.

    Attributes:
        name: docker or podman.
        configuration: a `containers.conf` that podman needs on this machine; None for podman's own settings.
    """

    name: ContainerName
    configuration: Path | None = None

    def version(self) -> str:
        """Return the version of an engine that answers.

        Raises:
            EngineError: it is not installed, or its daemon does not answer.
        """
        field = "{{.ServerVersion}}" if self.name == "docker" else "{{.Version.Version}}"
        answer = self.command("info", "--format", field, doing=f"reading the version of {self.name}")
        if not answer:
            raise EngineError(f"{self.name} is installed but its engine does not answer")
        return answer

    def has_image(self, image: str) -> bool:
        """Whether an image is on this machine."""
        try:
            self.command("image", "inspect", "--format", "{{.Id}}", image, doing=f"looking for image {image}")
        except EngineError:
            return False
        return True

    def pull(self, image: str, timeout_seconds: float) -> None:
        """Fetch an image from its registry."""
        self.command("pull", "--quiet", image, doing=f"pulling {image}", timeout_seconds=timeout_seconds)

    def load_root(self, archive: Path, image: str) -> None:
        """Make an image of one layer from an archive of a root file system."""
        self.command("import", archive, image, doing=f"importing {image}", timeout_seconds=BUILD_SECONDS)

    def build(
        self, folder: Path, *, recipe: Path, image: str, arguments: Mapping[str, str], secrets: Mapping[str, Path]
    ) -> None:
        """Build an image.

        Args:
            folder: the build folder.
            recipe: the Containerfile.
            image: name of the result.
            arguments: build arguments.
            secrets: files that are mounted for single steps and never stored.
        """
        options: list[str | Path] = ["--file", recipe, "--tag", image, "--quiet"]
        for name, value in arguments.items():
            options += ["--build-arg", f"{name}={value}"]
        for name, path in secrets.items():
            options += ["--secret", f"id={name},src={path}"]
        # The build reaches a package index the way this machine does, whatever its bridges and firewalls allow.
        options += ["--network", "host"]
        self.command("build", *options, folder, doing=f"building image {image}", timeout_seconds=BUILD_SECONDS)

    def prove(self, image: str, port: int) -> str:
        """Run a container that is hardened like the service's and return the version of its Python.

        Raises:
            EngineError: this engine cannot run it on this machine.
        """
        publish = f"127.0.0.1:{port}:{SERVICE_PORT}"
        program = "import ssl, sys, venv; print('%d.%d' % sys.version_info[:2])"
        return self.command(
            "run", "--rm", *self._hardened(), "--publish", publish, "--entrypoint", "python3", image, "-c", program,
            doing=f"running a container with {self.name}",
        )  # fmt: skip

    def start(self, container: Container) -> str:
        """Run a container in the background and return its id."""
        self.remove(container.name)
        variables = [option for name in container.environment for option in ("--env", name)]
        return self.command(
            "run", "--detach", "--name", container.name, *self._hardened(), *variables,
            "--volume", f"{_writable(container.log_folder, self._user())}:{LOG_FOLDER}",
            "--publish", f"{container.address}:{container.port}:{SERVICE_PORT}",
            container.image,
            doing=f"starting container {container.name}",
            environment=container.environment,
        )  # fmt: skip

    def runs(self, identity: str) -> bool:
        """Whether a container runs."""
        return self._state(identity) == "running"

    def last_lines(self, identity: str, count: int) -> str:
        """Return the last lines that a container printed."""
        try:
            return self.command("logs", "--tail", str(count), identity, doing="reading a container's log")
        except EngineError:
            return ""

    def environment(self, identity: str) -> dict[str, str]:
        """Return the variables of a container."""
        format_ = "{{range .Config.Env}}{{println .}}{{end}}"
        lines = self.command("container", "inspect", "--format", format_, identity, doing="inspecting a container")
        return dict(line.split("=", 1) for line in lines.splitlines() if "=" in line)

    def execute(self, identity: str, *program: str) -> str:
        """Run a program inside a running container and return what it printed."""
        return self.command("exec", identity, *program, doing=f"running {program[0]} in container {identity[:12]}")

    def stop(self, identity: str) -> None:
        """Let a container finish its requests, stop it and remove it; does nothing if it is gone."""
        if self._state(identity) is None:
            return
        self.command(
            "stop", "--time", str(STOP_SECONDS), identity,
            doing=f"stopping container {identity[:12]}", timeout_seconds=STOP_SECONDS + SHORT_SECONDS,
        )  # fmt: skip
        self.remove(identity)

    def remove(self, identity: str) -> None:
        """Remove a container at once, running or not; does nothing if it is gone."""
        if self._state(identity) is not None:
            self.command("rm", "--force", identity, doing=f"removing container {identity[:12]}")

    def remove_image(self, image: str) -> None:
        """Remove an image unless something uses it."""
        try:
            self.command("rmi", image, doing=f"removing image {image}")
        except EngineError:
            return

    def command(
        self,
        *arguments: str | Path,
        doing: str,
        timeout_seconds: float = SHORT_SECONDS,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Run the engine's own program and return what it printed."""
        variables = {**os.environ, "DOCKER_BUILDKIT": "1", **(environment or {})}
        if self.configuration is not None:
            variables["CONTAINERS_CONF"] = str(self.configuration)
        return run([self.name, *arguments], doing=doing, timeout_seconds=timeout_seconds, environment=variables)

    def _state(self, identity: str) -> str | None:
        try:
            return self.command(
                "container", "inspect", "--format", "{{.State.Status}}", identity, doing="inspecting a container"
            )
        except EngineError:
            return None

    def _user(self) -> int:
        return os.geteuid() or SERVICE_USER

    def _hardened(self) -> list[str]:
        options = [
            "--read-only", "--tmpfs", "/tmp",  # noqa: S108 the container's own
            "--cap-drop", "all", "--security-opt", "no-new-privileges",
            "--memory", MEMORY, "--pids-limit", str(PROCESSES), "--user", f"{self._user()}:{self._user()}",
        ]  # fmt: skip
        if self.name == "podman":
            options += ["--read-only-tmpfs=false"]  # its default also lets it write to /run and /var/tmp
        if self.name == "podman" and os.geteuid():
            # Without root, this user's files must stay this user's inside.
            options += ["--userns", "keep-id"]
        return options


def _writable(folder: Path, user: int) -> Path:
    """Give a log folder to the user of the container; only root can, and only root needs to."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)
    return folder
