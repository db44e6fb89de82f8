"""The host of workers: what it answers, which workers it replaces, and when it ends. Its workers are shell commands."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving.release import worker_host
from serving.release.ports import free_port
from serving.release.worker_host import SIGNALS, Host, Request

IDLE = "exec sleep 60"


class ShellHost(Host):
    """A host that starts shell commands where a real one forks itself: a fork of the tests would run the tests.

    Attributes:
        commands: one for each worker. Once all are used, the host gets the signal that stops a service.
        started: process numbers of the workers.
    """

    def __init__(self, control: socket.socket) -> None:
        super().__init__(control)
        self.commands: list[str] = []
        self.started: list[int] = []

    def fork(self, request: Request, listener: socket.socket) -> int:
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", self.commands.pop(0)], os.environ)
        self.workers[pid] = bool(request["stays"])
        self.started.append(pid)
        if not self.commands:
            os.kill(os.getpid(), signal.SIGTERM)
        return pid


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of the control socket: the deployment's and the host's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        yield ours, theirs


@pytest.fixture
def control(sockets: tuple[socket.socket, socket.socket]) -> socket.socket:
    return sockets[0]


@pytest.fixture
def host(sockets: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch) -> Iterator[ShellHost]:
    """A host in this process, whose signals and output are restored after the test."""
    monkeypatch.setattr(worker_host, "RESTART_SECONDS", 0.01)
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    outputs = {standard: os.dup(standard) for standard in (1, 2)}
    wake = signal.set_wakeup_fd(-1)
    host = ShellHost(sockets[1])
    before = signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(30)
    yield host
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    signal.set_wakeup_fd(wake)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    for standard, saved in outputs.items():
        os.dup2(saved, standard)
        os.close(saved)
    if host.service is not None:
        host.service[1].close()
    host.selector.close()
    os.close(host.signals)
    os.close(host.wake)


def _give_up(*_: object) -> None:
    raise TimeoutError("the host does not end")


def launch(folder: Path, *, stays: bool = False, port: int | None = None) -> dict[str, Any]:
    return {
        "bento": str(folder), "address": "127.0.0.1", "port": free_port() if port is None else port,
        "environment": {}, "log": str(folder / "log.txt"), "metrics": str(folder / "metrics"), "stays": stays,
    }  # fmt: skip


def send(control: socket.socket, *requests: dict[str, Any]) -> None:
    control.sendall(b"".join(json.dumps(request).encode() + b"\n" for request in requests))


def replies(control: socket.socket, count: int) -> list[dict[str, Any]]:
    with control.makefile("rb") as lines:
        return [json.loads(lines.readline()) for _ in range(count)]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_host_without_a_service_ends_with_its_control_socket(host: ShellHost, control: socket.socket) -> None:
    control.close()
    host.run()
    assert host.started == []


def test_a_trial_ends_with_the_control_socket(host: ShellHost, control: socket.socket, tmp_path: Path) -> None:
    host.commands = [IDLE, "never started"]
    send(control, launch(tmp_path))
    control.shutdown(socket.SHUT_WR)
    host.run()
    assert replies(control, 1) == [{"pid": host.started[0]}]
    assert not is_alive(host.started[0])


def test_a_trial_that_crashes_is_not_replaced(host: ShellHost, control: socket.socket, tmp_path: Path) -> None:
    host.commands = ["exit 3", IDLE]
    send(control, launch(tmp_path), launch(tmp_path))
    host.run()
    assert len(host.started) == 2, "one for each request"


def test_a_service_that_crashes_is_replaced_and_outlives_the_control_socket(
    host: ShellHost, control: socket.socket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host.commands = ["echo first; exit 3", "echo second; exit 0", IDLE]
    send(control, launch(tmp_path, stays=True))
    control.shutdown(socket.SHUT_WR)
    host.run()
    first, second, third = host.started
    assert replies(control, 1) == [{"pid": first}]
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"worker {first} ended with 3", f"worker {second} ended with 0"]
    assert (tmp_path / "log.txt").read_text() == "first\nsecond\n"
    assert not is_alive(third), "the signal that stops the service stops its worker"


def test_a_request_that_arrives_in_pieces_is_answered_once_it_is_complete(
    host: ShellHost, control: socket.socket, tmp_path: Path
) -> None:
    host.commands = [IDLE]
    line = json.dumps(launch(tmp_path)).encode() + b"\n"
    control.sendall(line[:20])
    host.take_requests()
    assert host.started == []
    control.sendall(line[20:])
    host.run()
    assert replies(control, 1) == [{"pid": host.started[0]}]


def test_a_taken_port_is_reported_and_the_host_goes_on(host: ShellHost, control: socket.socket, tmp_path: Path) -> None:
    host.commands = [IDLE]
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        send(control, launch(tmp_path, port=other.getsockname()[1]), launch(tmp_path))
        host.run()
    assert replies(control, 2) == [{"error": "Address already in use"}, {"pid": host.started[0]}]


def test_a_worker_finds_no_metrics_of_an_earlier_one(host: ShellHost, control: socket.socket, tmp_path: Path) -> None:
    host.commands = [IDLE]
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "old.db").touch()
    send(control, launch(tmp_path))
    host.run()
    assert list((tmp_path / "metrics").iterdir()) == []
