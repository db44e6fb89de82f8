"""Make refuses options that a target does not know, and keeps compiled modules."""

import os
import re
import shlex
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


@pytest.mark.parametrize("target", ["setup", "help", "lint", "clean"])
def test_a_target_that_passes_nothing_on_takes_no_option(target: str) -> None:
    answer = make(target, "ARGS=x")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"make {target} has no option ARGS: it takes none" in answer.stderr


def test_further_arguments_and_the_engine_are_passed_on() -> None:
    assert "--scenario 'x' --seed 8" in " ".join(make("demo", "SCENARIO=x", "ARGS=--seed 8").stdout.split())
    assert "tandem rollback" in make("rollback", "ENGINE=process").stdout
    assert "--engine 'process'" in make("rollback", "ENGINE=process").stdout


@pytest.mark.parametrize(("target", "option"), [("check", "DATA"), ("stop", "SOURCE"), ("promote", "VERSION")])
def test_an_empty_option_is_refused(target: str, option: str) -> None:
    answer = make(target, f"{option}=")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"make {target}: {option} is empty: give it a value, or leave it out" in answer.stderr
    assert make(target, "ARGS=").returncode == 0


@pytest.mark.parametrize("value", ["/data/it's", 'a "b" c', "'; exit 3; '"])
def test_a_value_reaches_the_command_as_one_word(value: str) -> None:
    recipe = make("check", f"DATA={value}").stdout.splitlines()[-1]
    assert shlex.split(recipe)[2:] == [value]


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
        whole = recipe.replace("$(common)", shared[0])
        used = re.findall(r"\$\(call (?:option|quoted|given),([A-Z]+)|\$\((ARGS)\)", whole)
        assert set(known.get(target, "").split()) == {one or other for one, other in used}, target
