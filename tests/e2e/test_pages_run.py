"""Every command and every request of the pages runs unchanged, in order, against one deployed service."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Window
from tests.e2e.house import ANSWER_SECONDS, SECONDS, House
from tests.monitoring.undrawn import nothing_is_drawn
from tests.pages import COMMANDS, ELSEWHERE, NOT_RUN, ROOT, Block, blocks, commands, is_request, listed

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ADDRESS, HOME = "http://127.0.0.1:3000", ".tandem/"  # as the pages write them
PAGES = [page for page in listed("*.md") if any(block.language in (COMMANDS, "python") for block in blocks(page))]


@pytest.fixture(scope="module")
def lent(house: House, windows: dict[str, Window]) -> Iterator[House]:  # noqa: ARG001 it needs a service and a log
    """The home of all end-to-end tests; the pages' verdicts are removed again, because others read the last one."""
    kept = house.home / "kept-monitoring"
    shutil.copytree(house.home / "monitoring", kept)
    with nothing_is_drawn(house.settings):  # tests/e2e/test_pages.py looks at reports that are drawn
        yield house
    shutil.rmtree(house.home / "waiting-reports", ignore_errors=True)
    shutil.rmtree(house.home / "monitoring")
    kept.rename(house.home / "monitoring")


def send(house: House, command: str) -> httpx.Response:
    """Send what a curl command would send."""
    assert command.startswith(f"curl -s {ADDRESS}/"), command
    url, *rest = shlex.split(command.replace("\\\n", " "))[2:]
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    assert set(options) <= {"-H", "-d"}, f"{command}: unknown option"
    header, value = options["-H"].split(": ")
    return httpx.post(
        url.replace(ADDRESS, house.address),
        content=options["-d"].encode(),
        headers={header: value},
        timeout=ANSWER_SECONDS,
    )


def check(answer: httpx.Response, shown: Any) -> None:
    """Compare an answer with the one that a page shows, if it shows one: its status and its fields."""
    refused = shown is not None and "error" in shown
    assert answer.is_client_error if refused else answer.is_success, answer.text
    assert missing(shown, answer.json()) == []
    if refused:
        assert answer.json()["error"] == shown["error"]


def missing(shown: Any, found: Any, where: str = "") -> list[str]:
    """Fields of a shown answer that a real one lacks."""
    if isinstance(shown, dict):
        lacking = [f"{where}.{name}" for name in shown if not isinstance(found, dict) or name not in found]
        return lacking + [
            one for name in shown if not lacking for one in missing(shown[name], found[name], f"{where}.{name}")
        ]
    if isinstance(shown, list) and shown and isinstance(found, list) and found:
        return missing(shown[0], found[0], f"{where}[0]")
    return []


def run(house: House, command: str) -> None:
    """Run a command in the project's folder, with the state of this home."""
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=house.variables | {"MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"


def run_python(house: House, program: str) -> None:
    """Run a complete program of a page; fragments, such as a class alone, do not run."""
    if not program.startswith("import "):
        return
    program = re.sub(rf"(?<=/){re.escape(HOME)}", f"{house.home}/", program)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=house.variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def done() -> set[str]:
    """Commands that ran: none of them needs to run again for another page."""
    return {*ELSEWHERE, *NOT_RUN}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_and_requests_of_a_page_run(page: Path, lent: House, done: set[str]) -> None:
    for block, after in pairwise([*blocks(page), Block("", "")]):
        if block.language == "python":
            run_python(lent, block.text)
        if block.language != COMMANDS:
            continue
        *others, last = commands(block.text)
        for command in (*others, last):
            if is_request(command):
                is_answered = command == last and after.language == "json"
                check(send(lent, command), json.loads(after.text) if is_answered else None)
            elif command not in done:
                run(lent, command)
                done.add(command)


def test_a_request_that_fails_is_found(lent: House) -> None:
    wrong = f"curl -s {ADDRESS}/v1/explain -H 'content-type: application/json' -d '{{\"candidate_id\": \"nobody\"}}'"
    with pytest.raises(AssertionError):
        check(send(lent, wrong), None)


def test_a_shown_field_that_is_gone_is_found() -> None:
    assert missing({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}], "d": 0}) == [".a[0].c"]
