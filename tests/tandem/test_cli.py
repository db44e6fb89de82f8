"""The command as a user meets it: as a process of its own where starting it is the point, else in this process."""

import subprocess
import sys
from pathlib import Path

import pytest

from home import settings
from tandem import options
from tests.tandem.command import refused, tandem

pytestmark = pytest.mark.slow

HEAVY = ("numpy", "polars", "pydantic", "sklearn", "mlflow", "prefect", "bentoml", "evidently", "pandas", "httpx")
COMMANDS = (  # noqa: SIM905
    "train tune deploy rollback promote traffic monitor dashboards status stop doctor demo bench market simulate "
    "encoder"
).split()


def started(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tandem", *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom tandem import cli\nsys.argv = ['tandem', '--help']\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(f"│ {name} " in shown for name in COMMANDS)
    assert "heavy: []" in shown


def test_version() -> None:
    answer = started("--version")
    assert (answer.returncode, answer.stdout.split()[0]) == (0, "tandem")
    assert tandem("--version").stdout == answer.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    answer = tandem(command, "--help")
    assert answer.code == 0
    assert f"Usage: tandem {command}" in answer.stdout


def test_a_wrong_setting_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_PORT", "99999")
    line = "a setting is wrong: TANDEM_PORT: input should be less than or equal to 65535"
    assert refused("stop", code=2) == line
    answer = started("stop")
    assert (answer.returncode, answer.stderr) == (2, f"error: {line}\n")


@pytest.mark.parametrize("seed", ["-1", str(2**32)])
def test_a_seed_out_of_range_is_refused_at_once(seed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tandem("train", "--seed", seed).code == 2
    monkeypatch.setenv("TANDEM_SEED", seed)
    assert refused("train", code=2).startswith("a setting is wrong: TANDEM_SEED: input should be ")


def test_option_and_setting_have_the_same_largest_seed() -> None:
    assert options.MAX_SEED == settings.MAX_SEED


def test_a_wrong_option_is_named_as_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused("deploy", "--engine", "dockr", code=2).startswith("a setting is wrong: --engine: input should be ")
    monkeypatch.setenv("TANDEM_ENGINE", "dockr")
    assert refused("deploy", code=2).startswith("a setting is wrong: TANDEM_ENGINE: input should be ")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_HOME", "")
    assert settings.Settings().home == Path(".tandem")


def test_help_says_what_stop_and_market_do_without_their_options() -> None:
    assert "[default: (everything)]" in tandem("stop", "--help").words
    assert "[default: (marketplace)]" not in tandem("stop", "--help").words
    for command in ("traffic", "market"):
        assert "the same data and seed" not in tandem(command, "--help").words
    assert "none for a quiet window" not in tandem("demo", "--help").words


def test_a_home_that_is_a_file_is_one_line(own_home: Path) -> None:
    own_home.touch()
    assert refused("stop", code=2) == f"TANDEM_HOME: {own_home} is a file: name a folder"


def test_stop_with_nothing_running_says_so(own_home: Path) -> None:
    answer = started("stop")
    assert (answer.returncode, answer.stderr, answer.stdout) == (0, "", "nothing was running\n")
    assert tandem("stop", "--source", "tables").stdout == "no service of tandem-tables was running\n"
    assert not own_home.exists(), "looking does not make folders"


def test_no_champion_yet() -> None:
    answer = started("deploy", "--engine", "process")
    assert answer.returncode == 1
    assert answer.stderr == "error: no champion for source marketplace yet: run `make train`\n"


@pytest.mark.parametrize("command", ["status", "stop", "rollback", "deploy", "monitor", "train"])
def test_a_misspelt_source_is_refused_with_the_known_ones(command: str, own_home: Path) -> None:
    for wrong in ("table", ""):
        line = f"no source is called '{wrong}': choose one of job_board, marketplace, marketplace_large, tables"
        assert refused(command, "--source", wrong, code=2) == line
    assert not own_home.exists()


def test_a_version_of_an_empty_registry_names_the_first_step() -> None:
    line = "tandem-tables has no version 1, and no other either: run `make train SOURCE=tables DATA=folder`"
    assert refused("promote", "1", "--source", "tables") == line


def test_traffic_without_a_service_says_how_to_start_one() -> None:
    line = refused("traffic", "--pairs", "10", "--port", "1")
    assert line.startswith("no service answers at http://127.0.0.1:1: run `make deploy`")


def test_a_misspelt_scenario_comes_before_the_missing_service() -> None:
    line = refused("traffic", "--scenario", "unit-bgu", "--port", "1", code=2)
    assert line.startswith("unknown scenario 'unit-bgu': choose one of none, ")


def test_traffic_is_for_the_marketplace() -> None:
    line = "traffic is simulated for the marketplace only, not for job_board"
    assert refused("traffic", "--source", "job_board", code=2) == line


@pytest.mark.parametrize("scenario", ["none", "no-such"])
def test_the_demo_needs_a_drift(scenario: str) -> None:
    line = refused("demo", "--scenario", scenario, code=2)
    assert line.startswith(f"the demo needs a drift, not '{scenario}': choose one of ")
    offered = line.split("one of ")[1].split(", ")
    assert "unit-bug" in offered
    assert "none" not in offered
