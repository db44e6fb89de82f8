"""`tandem rollback` and `tandem deploy` without the versions that they need; a real switch is tested end to end."""

import pytest

from home.process import Process
from home.settings import Settings
from tandem.commands.rollback import _where_it_runs
from tests.tandem.command import refused
from tests.tandem.commands.conftest import SOURCE, Watched, deployed, ended


def test_without_a_champion_the_first_step_is_named() -> None:
    line = "no champion for source marketplace yet: run `make train`"
    assert refused("deploy", "--engine", "process") == line
    assert refused("rollback") == line


@pytest.mark.slow
def test_the_first_champion_has_nothing_before_it(watched: Watched) -> None:  # noqa: ARG001 it has a champion
    line = "version 1 of tandem-tables is its first champion: there is nothing to roll back to"
    assert refused("rollback", "--source", SOURCE) == line


def test_a_running_service_keeps_its_place_unless_the_user_names_another(settings: Settings) -> None:
    assert _where_it_runs(settings) == settings
    deployed(settings, settings.model_name, ended())
    kept = _where_it_runs(settings)
    assert (kept.engine, kept.port, kept.host) == ("process", 1, "127.0.0.1")
    deployed(settings, settings.model_name, Process.current())
    named = Settings(home=settings.home, port=4321)
    assert (_where_it_runs(named).engine, _where_it_runs(named).port) == ("process", 4321)
