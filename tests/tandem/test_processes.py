"""Detached programs: a real HTTP server is started, found again, refused a busy port, and stopped."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from matching.errors import BusyError, EngineError
from tandem.processes import Program, listens


def server(port: int) -> list[str]:
    folder = str(Path(__file__).parent)
    return [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", folder]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program("pages", tmp_path / "run")


def start(program: Program, port: int, command: list[str] | None = None) -> bool:
    starting = program.launch(command or server(port), address=f"http://127.0.0.1:{port}", environment={})
    if starting is not None:
        starting.wait(30)
    return starting is not None


def test_a_program_answers_is_found_again_and_stops(program: Program, free_port: Callable[[], int]) -> None:
    port = free_port()
    try:
        assert start(program, port)
        found = Program("pages", program.folder)
        assert found.address == f"http://127.0.0.1:{port}"
        assert httpx.get(found.address).status_code == 200
        assert not start(found, port), "it runs already"
    finally:
        assert program.stop()
    assert program.address is None
    assert not listens("127.0.0.1", port)
    assert not program.stop()


def test_a_busy_port_gives_one_line_with_the_variable_to_set(program: Program) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BusyError, match=rf"port {port} is held.* \(process {os.getpid()}\).* TANDEM_PAGES_PORT"):
            start(program, port)
    assert program.address is None


def test_a_move_to_a_busy_port_leaves_what_answers(program: Program, free_port: Callable[[], int]) -> None:
    port = free_port()
    try:
        assert start(program, port)
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            with pytest.raises(BusyError, match="is held"):
                start(program, other.getsockname()[1])
        assert program.address == f"http://127.0.0.1:{port}"
        assert listens("127.0.0.1", port)
    finally:
        program.stop()


def test_a_program_that_ends_at_once_names_its_log(program: Program, free_port: Callable[[], int]) -> None:
    with pytest.raises(EngineError, match=r"pages ended with code 3 while starting: see .*pages\.log"):
        start(program, free_port(), [sys.executable, "-c", "print('why'); raise SystemExit(3)"])
    assert program.log.read_text() == "why\n"
    assert program.address is None


def test_a_note_left_by_a_killed_program_does_not_point_at_a_stranger(program: Program) -> None:
    program.folder.mkdir()
    (program.folder / "pages.run").write_text(f"{os.getpid()} http://127.0.0.1:1")
    assert program.address is None
    assert not program.stop()


def test_another_port_moves_the_program(program: Program, free_port: Callable[[], int]) -> None:
    first, second = free_port(), free_port()
    try:
        start(program, first)
        assert start(program, second)
        assert program.address == f"http://127.0.0.1:{second}"
        assert not listens("127.0.0.1", first)
    finally:
        program.stop()
