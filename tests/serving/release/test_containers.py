"""What a container engine is called with, and what its failures mean."""

from pathlib import Path

import pytest

from matching.errors import EngineError
from serving.release.bento import Bento
from serving.release.containers import LOG_FOLDER, Container, ContainerEngine
from serving.release.engines import ContainerServices, Launch, Service
from tests.serving.release.programs import Programs

# `container inspect` fails for containers that are gone, and reports the state of the others.
ENGINE = """
case "$1 $2 $4" in
  "container inspect {{.State.Status}}") [ -e "$PATH/$5" ] || exit 1; echo running;;
  "container inspect "*) echo TANDEM_SOURCE=small; echo TANDEM_HOME=/srv/tandem; echo LANG=C.UTF-8; echo no value;;
esac
case "$1" in
  run) echo "$TANDEM_SOURCE" > "$PATH/source"; echo 4f5e6d;;
  logs) echo "the last line";;
esac
"""
PODMAN = ContainerEngine("podman")


@pytest.fixture
def engine(programs: Programs) -> Programs:
    programs.install("podman", ENGINE)
    return programs


def container(folder: Path) -> Container:
    return Container("localhost/tandem:1", "tandem-x", "0.0.0.0", 8080, folder, {"TANDEM_SOURCE": "small"})  # noqa: S104


def test_a_container_gets_its_variables_by_name_and_may_write_to_the_log_only(engine: Programs, tmp_path: Path) -> None:
    assert PODMAN.start(container(tmp_path / "log")) == "4f5e6d"
    (call,) = engine.calls_of("podman run")
    assert " --env TANDEM_SOURCE " in call
    assert "small" not in call, "the process list would show it"
    assert (engine.folder / "source").read_text() == "small\n"
    assert f" --volume {tmp_path / 'log'}:{LOG_FOLDER} " in call
    assert call.count("--volume") == 1
    assert " --publish 0.0.0.0:8080:3000 " in call
    assert " --read-only-tmpfs=false " in call
    assert (tmp_path / "log").is_dir()


def test_a_container_replaces_one_of_its_name(engine: Programs, tmp_path: Path) -> None:
    (engine.folder / "tandem-x").touch()
    PODMAN.start(container(tmp_path / "log"))
    assert engine.calls.index("podman rm --force tandem-x") < engine.calls.index(*engine.calls_of("podman run"))


def test_a_container_that_is_gone_is_neither_stopped_nor_removed(engine: Programs) -> None:
    PODMAN.stop("gone")
    PODMAN.remove("gone")
    assert not PODMAN.runs("gone")
    assert engine.calls_of("podman stop") == engine.calls_of("podman rm") == []


def test_a_running_container_is_stopped_then_removed(engine: Programs) -> None:
    (engine.folder / "there").touch()
    assert PODMAN.runs("there")
    PODMAN.stop("there")
    stopped = engine.calls.index("podman stop --time 30 there")
    assert stopped < engine.calls.index("podman rm --force there")


def test_the_services_of_an_engine_are_its_containers(engine: Programs, tmp_path: Path) -> None:
    services = ContainerServices(PODMAN, "base")
    launch = Launch(tmp_path / "bento", "localhost/tandem:1", "tandem-x", "127.0.0.1", 8080, tmp_path, {})
    with services.warm(tmp_path, {}) as warm:
        service = warm.start(launch)
    assert service == Service("podman", "4f5e6d")
    assert services.variables(service) == {"TANDEM_SOURCE": "small"}
    assert services.output(service, launch) == "the last line"
    assert launch.log.read_text() == "the last line"
    assert not services.runs(service)
    services.stop(service)
    (engine.folder / "tandem-x").touch()
    services.clear("tandem-x")
    assert "podman rm --force tandem-x" in engine.calls


def test_a_service_without_an_image_must_be_deployed_again(tmp_path: Path) -> None:
    launch = Launch(tmp_path / "bento", None, "tandem-x", "127.0.0.1", 8080, tmp_path, {})
    with pytest.raises(EngineError, match="deploy again"):
        ContainerServices(PODMAN, "base").start(launch)


def test_what_cannot_be_read_or_removed_is_no_failure(programs: Programs) -> None:
    programs.install("podman", "echo 'Error: image is in use' >&2; exit 2")
    assert PODMAN.last_lines("x", 5) == ""
    assert not PODMAN.has_image("x")
    PODMAN.remove_image("x")
    assert programs.calls_of("podman rmi") == ["podman rmi x"]


def test_any_other_failure_is_one_line_with_its_reason(programs: Programs) -> None:
    programs.install("podman", "echo 'Error: no such container' >&2; exit 125")
    with pytest.raises(EngineError, match=r"^running ls in container 0123 failed \(podman exit 125\): Error: no such"):
        PODMAN.execute("0123", "ls")


def test_a_bento_is_packaged_as_an_image_once(engine: Programs, tmp_path: Path) -> None:
    bento = Bento("7-abc", "abc", tmp_path)
    assert ContainerServices(PODMAN, "base").package(bento, lambda _: None) == "localhost/tandem:7-abc"
    assert engine.calls_of("podman build") == []
