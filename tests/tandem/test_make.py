"""Make refuses options that a target does not know, and keeps compiled modules."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | variables
    return subprocess.run(
        ["make", "-n", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("wrong", ["SCENARO", "PAIRS"])
def test_an_option_that_a_target_does_not_know_is_one_line_with_the_known_ones(wrong: str) -> None:
    answer = make("demo", f"{wrong}=x")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"make demo has no option {wrong}: choose from ARGS ENGINE PORT SCENARIO" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_known_options_and_variables_of_the_environment_pass() -> None:
    assert "tandem demo --port '5'" in make("demo", "PORT=5").stdout
    answer = make("deploy", SCENARIO="x", PORT="9")
    assert answer.returncode == 0
    assert "--port" not in answer.stdout


def test_modules_stay_compiled_where_the_environment_forbids_it() -> None:
    show = "--eval=show: ; @echo variable: $$PYTHONDONTWRITEBYTECODE"
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    answer = subprocess.check_output(["make", show, "show"], cwd=ROOT, env=environment, text=True)
    assert answer == "variable:\n"


def test_every_target_knows_the_options_of_its_recipe() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    shared = re.findall(r"^common = (.*)", makefile, re.MULTILINE)
    known = dict(re.findall(r"^options_([a-z-]+) := (.*)", makefile, re.MULTILINE))
    for target, recipe in re.findall(r"^([a-z-]+):.*## .*\n((?:\t.*\n)+)", makefile, re.MULTILINE):
        used = re.findall(r"\$\(call (?:option|given),([A-Z]+)", recipe.replace("$(common)", shared[0]))
        assert set(known.get(target, "").split()) == set(used), target
