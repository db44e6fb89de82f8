"""Starting the page servers: side by side, or not at all."""

import socket

import pytest

from home.settings import Settings
from matching.errors import BusyError
from tandem.commands import dashboards
from tandem.commands.dashboards import Launched, Page
from tandem.processes import Program
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
    try:
        dashboards.show(dashboards.launch(settings))
        printed = capsys.readouterr().out
        assert all(one.address in printed for one in two_pages)
        again: list[Launched] = dashboards.launch(settings)
        assert [starting for _, starting in again] == [None, None]
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
    with pytest.raises(Exception, match="first ended with code"):
        dashboards.show(launched)
    assert second.program.address is None
