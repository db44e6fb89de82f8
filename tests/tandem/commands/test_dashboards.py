"""Starting the page servers: side by side, or not at all."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from home.settings import Settings
from matching.errors import BusyError, EngineError, InputError
from tandem.commands import dashboards
from tandem.commands.dashboards import Launched, Page
from tandem.processes import Program, listens
from tests.tandem.test_processes import server


def page(settings: Settings, name: str, port: int) -> Page:
    return Page(Program(name, settings.root / "run"), "a page", server(port), f"http://127.0.0.1:{port}")


@pytest.fixture
def two_pages(settings: Settings, monkeypatch: pytest.MonkeyPatch, free_port: object) -> list[Page]:
    assert callable(free_port)
    found = [page(settings, name, free_port()) for name in ("first", "second")]
    monkeypatch.setattr(dashboards, "pages", lambda _: found)
    return found


def test_both_start_at_once_and_a_second_launch_finds_them(
    settings: Settings, two_pages: list[Page], capsys: pytest.CaptureFixture[str]
) -> None:
    slow = ["sh", "-c", 'sleep 1; exec "$@"', "sh"]
    two_pages[:] = [replace(one, command=[*slow, *one.command]) for one in two_pages]
    try:
        launched = dashboards.launch(settings)
        assert all(one.program.address for one in two_pages)
        assert not any(listens("127.0.0.1", int(one.address.rpartition(":")[2])) for one in two_pages)
        dashboards.show(launched)
        printed = capsys.readouterr().out
        assert all(one.address in printed for one in two_pages)
        again: list[Launched] = dashboards.launch(settings)
        assert [one.starting for one in again] == [None, None]
        dashboards.undo(again)
        assert all(one.program.address for one in two_pages), "they ran before"
    finally:
        for one in two_pages:
            one.program.stop()


def test_a_busy_port_stops_what_the_launch_has_started(settings: Settings, two_pages: list[Page]) -> None:
    first, second = two_pages
    port = int(second.address.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)), pytest.raises(BusyError, match="SECOND_PORT"):
        dashboards.launch(settings)
    assert first.program.address is None


def test_a_page_that_fails_stops_those_that_have_not_answered(settings: Settings, two_pages: list[Page]) -> None:
    first, second = two_pages
    launched = dashboards.launch(settings)
    first.program.stop()
    with pytest.raises(EngineError, match="first ended with code"):
        dashboards.show(launched)
    assert second.program.address is None


def test_a_server_that_replaced_the_launched_one_is_left_alone(settings: Settings, two_pages: list[Page]) -> None:
    first, _ = two_pages
    launched = dashboards.launch(settings)
    first.program.stop()
    again = dashboards.launch(settings)
    try:
        with pytest.raises(EngineError, match="first ended with code"):
            dashboards.show(launched)
        assert first.program.address is not None
    finally:
        dashboards.undo(again)
        for one in two_pages:
            one.program.stop()


def test_pages_and_service_need_ports_of_their_own(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", mlflow_port=4321, evidently_port=4321)
    with pytest.raises(InputError, match="TANDEM_MLFLOW_PORT and TANDEM_EVIDENTLY_PORT are both 4321"):
        dashboards.launch(settings)
    with pytest.raises(InputError, match="TANDEM_PORT and TANDEM_MLFLOW_PORT are both 4321"):
        dashboards.launch(settings.model_copy(update={"port": 4321, "evidently_port": 4322}))
