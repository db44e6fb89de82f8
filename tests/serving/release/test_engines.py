"""Which engine is chosen, with real programs on the PATH that work or fail."""

import os

import pytest

from home.settings import Settings
from matching.errors import EngineError
from serving.release import engines
from serving.release.engines import ContainerServices, ProcessEngine
from tests.serving.release.programs import BROKEN_DAEMON, Programs

# Answers every command, has every image, and cannot run a container.
CANNOT_RUN = 'case "$1" in run) echo "Error: OCI permission denied" >&2; exit 126;; *) echo 4.3.1;; esac'
# Runs a container only with the configuration of this project.
NEEDS_CONFIGURATION = 'case "$1" in run) [ -n "$CONTAINERS_CONF" ] || exit 126; echo 3.11;; *) echo "4.3.1";; esac'


def working(python: str = "3.11") -> str:
    """An engine that runs containers, whose Python has this version."""
    return f'case "$1" in run) echo {python};; *) echo 4.3.1;; esac'


@pytest.mark.usefixtures("programs")
def test_without_an_engine_the_service_is_a_process_and_one_line_says_so() -> None:
    lines: list[str] = []
    assert engines.choose(Settings(), lines.append) == ProcessEngine()
    assert len(lines) == 1
    assert "local process" in lines[0]
    assert "docker is not installed" in lines[0]
    assert "podman is not installed" in lines[0]


def test_a_broken_engine_is_named_with_its_reason(programs: Programs) -> None:
    programs.install("docker", BROKEN_DAEMON)
    lines: list[str] = []
    assert engines.choose(Settings(), lines.append) == ProcessEngine()
    assert "Cannot connect to the daemon" in lines[0]
    assert "\n" not in lines[0]


def test_an_engine_without_a_version_is_not_chosen(programs: Programs) -> None:
    programs.install("docker", "exit 0")
    lines: list[str] = []
    assert engines.choose(Settings(), lines.append) == ProcessEngine()
    assert "docker is installed but its engine does not answer" in lines[0]


def test_an_engine_that_answers_but_cannot_run_is_not_chosen(programs: Programs) -> None:
    programs.install("podman", CANNOT_RUN)
    lines: list[str] = []
    assert engines.choose(Settings(), lines.append) == ProcessEngine()
    assert "OCI permission denied" in lines[0]


def test_docker_that_cannot_run_is_not_tried_with_the_configuration_of_podman(programs: Programs) -> None:
    programs.install("docker", CANNOT_RUN)
    assert engines.choose(Settings(), lambda _: None) == ProcessEngine()
    assert len(programs.calls_of("docker run")) == 1


def test_podman_gets_the_configuration_it_needs_and_keeps_it(programs: Programs) -> None:
    programs.install("podman", NEEDS_CONFIGURATION)
    chosen = engines.choose(Settings(), lambda _: None)
    assert isinstance(chosen, ContainerServices)
    assert chosen.engine.configuration is not None
    assert chosen.engine.configuration.is_file()
    assert engines.recorded("podman", Settings()) == chosen


def test_a_service_of_an_engine_without_a_proof_can_still_be_reached() -> None:
    assert engines.recorded("docker", Settings()).name == "docker"
    assert engines.recorded("podman", Settings()).name == "podman"
    assert engines.recorded("process", Settings()) == ProcessEngine()


def test_a_required_container_makes_the_fallback_an_error(programs: Programs) -> None:
    programs.install("docker", BROKEN_DAEMON)
    with pytest.raises(EngineError, match=r"no container engine works .*daemon.* or unset TANDEM_REQUIRE_CONTAINER"):
        engines.choose(Settings(require_container=True), lambda _: None)


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_a_required_engine_must_work(name: str, programs: Programs) -> None:
    programs.install(name, BROKEN_DAEMON)
    with pytest.raises(EngineError, match=f"{name}: .*unset TANDEM_ENGINE"):
        engines.choose(Settings(engine=name), lambda _: None)  # type: ignore[arg-type]  # read from a variable as text


def test_a_required_process_runs_no_container_engine(programs: Programs) -> None:
    programs.install("docker", working())
    assert engines.choose(Settings(engine="process"), lambda _: None) == ProcessEngine()
    assert programs.calls == []


def test_a_process_contradicts_a_required_container() -> None:
    with pytest.raises(EngineError, match="contradicts"):
        engines.choose(Settings(engine="process", require_container=True), lambda _: None)


def test_an_engine_is_proved_by_running_a_hardened_container_once_per_home(programs: Programs) -> None:
    programs.install("podman", working())
    first = engines.choose(Settings(), lambda _: None)
    runs = programs.calls_of("podman run")
    assert len(runs) == 1
    for option in ("--read-only", "--cap-drop all", "--security-opt no-new-privileges", "--memory", "--pids-limit"):
        assert option in runs[0]
    assert f"--user {os.geteuid() or 10001}:" in runs[0]
    assert " 127.0.0.1:" in runs[0]
    again = engines.choose(Settings(), lambda _: None)
    assert again == first
    assert len(programs.calls_of("podman run")) == 1


def test_an_engine_that_stopped_working_is_not_trusted_for_its_proof(programs: Programs) -> None:
    programs.install("podman", working())
    assert engines.choose(Settings(), lambda _: None).name == "podman"
    programs.install("podman", BROKEN_DAEMON)
    assert engines.choose(Settings(), lambda _: None) == ProcessEngine()


def test_a_base_image_with_another_python_is_refused(programs: Programs) -> None:
    programs.install("podman", working(python="3.9"))
    lines: list[str] = []
    assert engines.choose(Settings(), lines.append) == ProcessEngine()
    assert "has Python 3.9" in lines[0]
