"""`tandem doctor` on machines that lack something; each finding says what to do."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.release import engines
from tandem.commands import doctor
from tests.tandem.command import Ended, tandem


@pytest.fixture(autouse=True)
def own_ports(free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Ports that nothing listens on, and an engine that needs no container."""
    ports = {name: str(free_port()) for name in ("TANDEM_PORT", "TANDEM_MLFLOW_PORT", "TANDEM_EVIDENTLY_PORT")}
    for name, value in {**ports, "TANDEM_ENGINE": "process"}.items():
        monkeypatch.setenv(name, value)
    return ports


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no program of ours on its path; the folder on the path."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.setattr(doctor, "PROJECT", project)
    return programs


def findings(ended: Ended) -> list[tuple[str, str]]:
    """Level and text of each line."""
    lines = [line.split(maxsplit=1) for line in ended.stdout.splitlines()]
    return [(level, text) for level, text in lines if level in ("ok", "warn", "fail")]


def program(folder: Path, name: str, script: str) -> None:
    """Put a program on the path."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_what_is_there_is_ok(bare: Path, own_ports: dict[str, str], own_home: Path) -> None:
    program(bare, "uv", 'case "$1" in --version) echo "uv 9.9.9 (a build)";; *) exit 0;; esac')
    program(bare, "chromium", "exit 0")
    (doctor.PROJECT / "uv.lock").touch()
    ended = tandem("doctor")
    assert (ended.code, ended.stderr) == (0, "")
    found = findings(ended)
    assert [level for level, _ in found] == ["ok"] * len(found)
    texts = [text for _, text in found]
    assert texts[0].startswith("Python 3.1")
    assert texts[1:3] == ["uv 9.9.9", "installed packages are those of uv.lock"]
    assert texts[3].endswith(f" GiB free for {own_home}")
    assert f"port {own_ports['TANDEM_PORT']} for the service is free" in texts
    assert "the service runs in: process" in texts
    assert texts[-1] == f"browser for the tests of the pages: {bare / 'chromium'}"
    assert not own_home.exists(), "looking does not make folders"


def test_what_is_missing_is_a_warning_with_what_to_do(bare: Path) -> None:  # noqa: ARG001 nothing is on the path
    ended = tandem("doctor")
    assert ended.code == 0
    warnings = [text for level, text in findings(ended) if level == "warn"]
    assert warnings == [
        "uv is missing, and `tandem deploy` needs it: run `make setup`, which installs it",
        "uv.lock cannot be compared with what is installed",
        "no Chromium: the tests of the pages are skipped; install one or set TANDEM_CHROMIUM",
    ]


@pytest.mark.parametrize(("said", "reason"), [("echo no httpx 1.2 >&2;", "no httpx 1.2"), ("", "uv said nothing")])
def test_other_packages_than_those_of_the_lock_are_a_warning(bare: Path, said: str, reason: str) -> None:
    program(bare, "uv", f'case "$1" in --version) echo "uv 9.9.9";; *) {said} exit 1;; esac')
    (doctor.PROJECT / "uv.lock").touch()
    warning = f"installed packages differ from uv.lock ({reason}): run `make setup`"
    assert ("warn", warning) in findings(tandem("doctor"))


def test_a_full_disk_and_a_missing_engine_fail(bare: Path, monkeypatch: pytest.MonkeyPatch, own_home: Path) -> None:
    program(bare, "uv", "echo uv 9.9.9")
    monkeypatch.setattr(doctor, "NEEDED_GIB", 10**9)
    monkeypatch.setenv("TANDEM_ENGINE", "docker")
    ended = tandem("doctor")
    assert ended.code == 1
    assert ended.stderr.startswith("error: 2 ")
    failures = [text for level, text in findings(ended) if level == "fail"]
    assert failures[0].endswith(f" GiB free for {own_home}: free at least 1000000000 GiB")
    assert "docker" in failures[1]


def test_little_room_is_a_warning(bare: Path, monkeypatch: pytest.MonkeyPatch, own_home: Path) -> None:  # noqa: ARG001
    monkeypatch.setattr(doctor, "COMFORTABLE_GIB", 10**9)
    warnings = [text for level, text in findings(tandem("doctor")) if level == "warn"]
    assert any(text.endswith(f" GiB free for {own_home}: container images may need 1000000000") for text in warnings)


def test_a_port_held_by_a_stranger_is_a_warning(bare: Path, own_ports: dict[str, str]) -> None:  # noqa: ARG001
    with socket.create_server(("127.0.0.1", int(own_ports["TANDEM_MLFLOW_PORT"]))):
        found = findings(tandem("doctor"))
    port = own_ports["TANDEM_MLFLOW_PORT"]
    held = f"port {port} for MLflow is held by another program: stop it, or set TANDEM_MLFLOW_PORT"
    assert ("warn", held) in found
    assert ("ok", f"port {own_ports['TANDEM_EVIDENTLY_PORT']} for Evidently is free") in found


def test_a_check_that_fails_is_a_finding_and_the_others_are_made(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    def choose(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", "/home/run")

    monkeypatch.setattr(engines, "choose", choose)
    ended = tandem("doctor")
    assert ended.code == 1
    advice = "set TANDEM_HOME to a folder that can be written to"
    assert ("fail", f"read-only file system: /home/run: {advice}") in findings(ended)
    assert findings(ended)[-1][1].startswith("no Chromium"), "the check after the one that failed"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_fails(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    monkeypatch.setenv("TANDEM_HOME", str(locked / "home"))
    ended = tandem("doctor")
    assert ended.code == 1
    assert ("fail", f"{locked} cannot be written to: change its owner, or set TANDEM_HOME") in findings(ended)
