"""Which engine is chosen, with real programs in the path that really fail."""

import os
from pathlib import Path

import pytest

from home.settings import Settings
from matching.errors import EngineError
from serving.release import engines
from serving.release.engines import ProcessEngine

BROKEN_DAEMON = "echo 'Cannot connect to the daemon. Is it running?' >&2; exit 1"
# Answers every question, has every image, and cannot run any container.
CANNOT_RUN = 'case "$1" in run) echo "Error: OCI permission denied" >&2; exit 126;; *) echo 4.3.1;; esac'


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path that holds only what a test puts there."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_without_an_engine_the_service_is_a_process_and_one_line_says_so(programs: Path) -> None:  # noqa: ARG001
    said: list[str] = []
    assert engines.choose(Settings(), said.append) == ProcessEngine()
    assert len(said) == 1
    assert "local process" in said[0]
    assert "docker is not installed" in said[0]
    assert "podman is not installed" in said[0]


def test_a_broken_engine_is_named_with_its_reason(programs: Path) -> None:
    install(programs, "docker", BROKEN_DAEMON)
    said: list[str] = []
    assert engines.choose(Settings(), said.append) == ProcessEngine()
    assert "Cannot connect to the daemon" in said[0]
    assert "\n" not in said[0]


def test_an_engine_that_answers_but_cannot_run_is_not_chosen(programs: Path) -> None:
    install(programs, "podman", CANNOT_RUN)
    said: list[str] = []
    assert engines.choose(Settings(), said.append) == ProcessEngine()
    assert "OCI permission denied" in said[0]


def test_a_required_container_makes_the_fallback_an_error(programs: Path) -> None:
    install(programs, "docker", BROKEN_DAEMON)
    with pytest.raises(EngineError, match=r"no container engine works .*daemon.* or unset TANDEM_REQUIRE_CONTAINER"):
        engines.choose(Settings(require_container=True), lambda _: None)


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_an_engine_asked_for_by_name_must_work(name: str, programs: Path) -> None:
    install(programs, name, BROKEN_DAEMON)
    with pytest.raises(EngineError, match=f"{name}: .*unset TANDEM_ENGINE"):
        engines.choose(Settings(engine=name), lambda _: None)  # type: ignore[arg-type]  # read from a variable as text


def test_a_process_asked_for_by_name_asks_no_engine(programs: Path) -> None:
    install(programs, "docker", f"touch {programs}/asked")
    assert engines.choose(Settings(engine="process"), lambda _: None) == ProcessEngine()
    assert not (programs / "asked").exists()


def test_a_process_contradicts_a_required_container() -> None:
    with pytest.raises(EngineError, match="contradicts"):
        engines.choose(Settings(engine="process", require_container=True), lambda _: None)


def working(programs: Path, python: str = "3.11") -> None:
    """An engine that writes down what it was asked, and runs a container whose Python has this version."""
    script = f'echo "$@" >> {programs}/asked; case "$1" in run) echo {python};; *) echo 4.3.1;; esac'
    install(programs, "podman", script)


def asked(programs: Path) -> list[str]:
    return (programs / "asked").read_text().splitlines()


def test_an_engine_is_proved_by_running_a_hardened_container_once_per_home(programs: Path) -> None:
    working(programs)
    first = engines.choose(Settings(), lambda _: None)
    runs = [line for line in asked(programs) if line.startswith("run ")]
    assert len(runs) == 1
    for option in ("--read-only", "--cap-drop all", "--security-opt no-new-privileges", "--memory", "--pids-limit"):
        assert option in runs[0]
    assert f"--user {os.geteuid() or 10001}:" in runs[0]
    assert " 127.0.0.1:" in runs[0]
    again = engines.choose(Settings(), lambda _: None)
    assert again == first
    assert sum(line.startswith("run ") for line in asked(programs)) == 1


def test_an_engine_that_stopped_working_is_not_trusted_for_its_proof(programs: Path) -> None:
    working(programs)
    assert engines.choose(Settings(), lambda _: None).name == "podman"
    install(programs, "podman", BROKEN_DAEMON)
    assert engines.choose(Settings(), lambda _: None) == ProcessEngine()


def test_a_base_image_with_another_python_is_refused(programs: Path) -> None:
    working(programs, python="3.9")
    said: list[str] = []
    assert engines.choose(Settings(), said.append) == ProcessEngine()
    assert "has Python 3.9" in said[0]
