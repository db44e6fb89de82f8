"""The command as a user meets it, run as a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HEAVY = ("numpy", "polars", "pydantic", "sklearn", "mlflow", "prefect", "bentoml", "evidently", "pandas", "httpx")
COMMANDS = (  # noqa: SIM905
    "train tune deploy rollback promote traffic monitor dashboards status stop doctor demo bench market simulate "
    "encoder"
).split()


def tandem(*arguments: str) -> "subprocess.CompletedProcess[str]":
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
    answer = tandem("--version")
    assert (answer.returncode, answer.stdout.split()[0]) == (0, "tandem")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    answer = tandem(command, "--help")
    assert answer.returncode == 0
    assert f"Usage: tandem {command}" in answer.stdout


def test_a_wrong_setting_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_PORT", "99999")
    answer = tandem("stop")
    assert answer.returncode == 2
    assert answer.stderr == "error: a setting is wrong: TANDEM_PORT: input should be less than or equal to 65535\n"


def test_stop_with_nothing_running_says_so(own_home: Path) -> None:
    answer = tandem("stop")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "nothing" in answer.stdout
    assert not own_home.exists(), "looking does not make folders"


def test_no_champion_yet() -> None:
    answer = tandem("deploy", "--engine", "process")
    assert answer.returncode == 1
    assert answer.stderr == "error: no champion for source marketplace yet: run `make train`\n"


def test_traffic_without_a_service_says_how_to_start_one() -> None:
    answer = tandem("traffic", "--pairs", "10", "--port", "1")
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: no service answers at http://127.0.0.1:1: run `make deploy`")
    assert answer.stderr.count("\n") == 1


def test_traffic_is_for_the_marketplace() -> None:
    answer = tandem("traffic", "--source", "job_board")
    assert answer.returncode == 2
    assert answer.stderr == "error: traffic is simulated for the marketplace only, not for job_board\n"
