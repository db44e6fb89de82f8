"""The command as a user meets it: as a process of its own where starting it is the point, else in this process."""

import subprocess
import sys
from pathlib import Path

import pytest

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


def test_traffic_without_a_service_says_how_to_start_one() -> None:
    line = refused("traffic", "--pairs", "10", "--port", "1")
    assert line.startswith("no service answers at http://127.0.0.1:1: run `make deploy`")


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
