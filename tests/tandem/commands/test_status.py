"""`tandem status`: one screen, whatever is there and whatever has ended."""

from dataclasses import replace
from pathlib import Path

import pytest

from home.process import Process
from home.settings import Settings
from monitoring import history
from monitoring.verdict import WindowFacts, WindowVerdict
from monitoring.workspace import workspace_folder
from pipelines.registry.aliases import Aliases
from pipelines.registry.registry import Registry
from tests.monitoring.market import Market
from tests.tandem.command import tandem
from tests.tandem.commands.conftest import MOMENT, SOURCE, Watched, deployed, ended

NO_PAGES = "mlflow not running: run `make dashboards` evidently not running: run `make dashboards`"


def test_a_new_home_names_the_first_steps(own_home: Path) -> None:
    shown = tandem("status").words
    assert shown.startswith(
        "champion none of tandem-marketplace: run `make train` service not deployed: run `make deploy`"
    )
    assert shown.endswith(f"log empty last verdict - {NO_PAGES}")
    assert not own_home.exists(), "looking does not make folders"


def test_the_first_steps_of_a_source_act_on_it() -> None:
    shown = tandem("status", "--source", "tables").words
    assert "none of tandem-tables: run `make train SOURCE=tables DATA=folder`" in shown
    assert "not deployed: run `make deploy SOURCE=tables`" in shown


def test_a_deployed_model_can_be_stopped_without_its_problem(own_home: Path) -> None:
    settings = Settings(home=own_home, source="removed")
    deployed(settings, settings.model_name, ended())
    assert "service tandem-removed version 1 has ended" in tandem("status", "--source", "removed").words
    assert tandem("stop", "--source", "removed").code == 0


def test_services_of_every_model_are_listed(own_home: Path) -> None:
    settings = Settings(home=own_home)
    deployed(settings, "tandem-tables", ended())
    shown = tandem("status").words
    assert "service tandem-marketplace is not deployed: run `make deploy`" in shown
    assert "service tandem-tables version 1 has ended: run `make deploy SOURCE=tables`" in shown
    deployed(settings, "tandem-marketplace", Process.current())
    shown = tandem("status").words
    assert "is not deployed" not in shown
    assert (
        "service tandem-marketplace version 1, not ready, since 2026-01-02 03:04 UTC engine process "
        "address http://127.0.0.1:1"
    ) in shown


@pytest.mark.slow
def test_champion_log_verdict_and_report(watched: Watched) -> None:
    settings = watched.settings
    watched.answer("a", Market(), lists=3)
    facts = WindowFacts(start=MOMENT, end=MOMENT, rows=30, requests=3, labelled={})
    quiet = WindowVerdict(state="quiet", model_name=settings.model_name, model_version="1", window=facts, report="one")
    history.append(settings, quiet)
    shown = tandem("status", "--source", SOURCE).words
    assert shown.startswith("champion tandem-tables version 1, trained ")
    assert "rollback to - service not deployed" in shown
    assert "log 30 predictions" in shown
    assert "last verdict quiet (version 1, 2026-01-02 03:04 UTC) last report deleted" in shown
    file = workspace_folder(settings) / "project" / "snapshots" / "one.json"
    file.parent.mkdir(parents=True)
    file.touch()
    assert "last report ready: see Evidently's pages mlflow" in tandem("status", "--source", SOURCE).words


@pytest.mark.slow
def test_a_service_that_is_not_the_champion_names_the_way_out(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = watched.settings
    deployed(settings, settings.model_name, Process.current())
    assert "not the champion" not in tandem("status", "--source", SOURCE).words
    deployed(settings, settings.model_name, Process.current(), version="7")
    line = "not the champion `make deploy SOURCE=tables` serves the champion, version 1"
    assert f"{line} log" in tandem("status", "--source", SOURCE).words
    succession = Registry(settings).aliases.succession()
    monkeypatch.setattr(Aliases, "succession", lambda _: replace(succession, previous="7"))
    ways = f"{line}; `make rollback SOURCE=tables` makes version 7 champion again"
    assert ways in tandem("status", "--source", SOURCE).words
    deployed(settings, settings.model_name, ended(), version="7")
    assert "not the champion" not in tandem("status", "--source", SOURCE).words
