"""The pages are true: what they name exists, and the commands they show can be run."""

import ast
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from itertools import dropwhile
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import TypeAdapter

from home.settings import Settings
from matching.evaluation.thresholds import GateThresholds
from matching.problems.problem import Problem
from scripts import draw_rooms
from tandem.cli import app
from tests.pages import COMMANDS, ELSEWHERE, LANGUAGES, NOT_RUN, ROOT, blocks, commands, is_request, listed
from tests.test_import_rules import FLOORS, MAY_IMPORT

REQUIRED_TARGETS = (
    "demo test train deploy traffic monitor dashboards rollback status stop doctor lint bench clean help".split()  # noqa: SIM905
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)((?: +[A-Z]+=(?:\"[^\"]*\"|\S+))*)")
TANDEM = re.compile(r"(?<![\w.-])tandem ([a-z]+)((?: +(?:--[a-z-]+|[\w./:-]+))*)")
ROOMS = "|".join(MAY_IMPORT)
PATH = re.compile(rf"(?:{ROOMS}|infra|scripts|tests|docs)/[\w./-]*")
MESSAGES = re.compile(r"^\| message \|.*\n\|[-| ]+\n((?:\|.*\n)+)", re.MULTILINE)
DOTTED = re.compile(rf"((?:{ROOMS})(?:\.\w+)+)(?:\(.*)?")
# In pieces, so that this file does not contain what it forbids.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.\-}])/(?:" + "wo" + r"rk|fa" + r"rm|home/[a-z]+|root)/"),
    "the host of a package index": re.compile(r"py" + r"pi\.org|pythonho" + r"sted\.org|/simp" + "le/"),
    "a folder beside the checkout": re.compile(r"\.\./sha" + "red"),
}
ALLOWED = {
    ("uv.lock", "the host of a package index"),
    (".ci/run", "a folder beside the checkout"),  # public data for the tests marked realdata
}


PAGES = listed("*.md")
PAGE_NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
of_every_page = pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)


def code(page: Path) -> Iterator[str]:
    """What a page shows as code: lines of fenced blocks without comments, and inline code."""
    text = page.read_text(encoding="utf-8")
    for block in FENCE.findall(text):
        yield from (re.sub(r"(^|\s)#.*", "", line) for line in block.splitlines())
    yield from re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def broken_links(page: Path) -> list[str]:
    links = LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    local = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:", link)]
    return [link for link in local if link and not (page.parent / link).exists()]


def recipes() -> dict[str, str]:
    """Targets of the Makefile, each with its recipe and the variables all of them share."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    shared = "".join(re.findall(r"^common = .*$", text, re.MULTILINE))
    found = re.findall(r"^([a-z][a-z-]*):.*\n((?:\t.*\n)*)", text, re.MULTILINE)
    return {name: recipe.replace("$(common)", shared) for name, recipe in found}


def wrong_make(command: str) -> list[str]:
    """What is wrong with the calls of make in a piece of code."""
    known, wrong = recipes(), []
    for target, options in MAKE.findall(command):
        if target not in known:
            wrong.append(f"make {target}: no such target")
            continue
        names = re.findall(r"([A-Z]+)=", options)
        wrong += [
            f"make {target}: takes no {name}" for name in names if not re.search(rf"[(,]{name}[,)]", known[target])
        ]
    return wrong


def wrong_tandem(command: str) -> list[str]:
    """What is wrong with the calls of tandem in a piece of code."""
    commands = typer.main.get_group(app).commands
    wrong = []
    for name, options in TANDEM.findall(command):
        if name not in commands:
            wrong.append(f"tandem {name}: no such command")
            continue
        within = getattr(commands[name], "commands", {"": commands[name]}).values()
        parameters = [parameter for one in within for parameter in one.params]
        known = {option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)}
        wrong += [f"tandem {name}: no {option}" for option in re.findall(r"--[a-z-]+", options) if option not in known]
    return wrong


def strangers(text: str) -> list[str]:
    """What a file contains but must not."""
    return [name for name, pattern in FORBIDDEN.items() if pattern.search(text)]


@of_every_page
def test_links_lead_to_files(page: Path) -> None:
    assert broken_links(page) == []


@of_every_page
def test_commands_of_the_pages_exist(page: Path) -> None:
    assert [wrong for piece in code(page) for wrong in (*wrong_make(piece), *wrong_tandem(piece))] == []


@of_every_page
def test_every_block_names_its_language(page: Path) -> None:
    assert [block for block in blocks(page) if block.language not in LANGUAGES] == []
    shown = [block.text for block in blocks(page) if block.language != COMMANDS]
    assert [text for text in shown if re.search(r"^(make|curl|tandem|\.venv/bin/\w+) ", text, re.MULTILINE)] == []


def test_commands_that_run_elsewhere_or_nowhere_are_on_a_page() -> None:
    shown = {
        one for page in PAGES for block in blocks(page) if block.language == COMMANDS for one in commands(block.text)
    }
    assert set(ELSEWHERE) | set(NOT_RUN) <= shown
    assert not set(ELSEWHERE) & set(NOT_RUN)


@pytest.mark.parametrize("command", ELSEWHERE)
def test_what_runs_elsewhere_is_run_there(command: str) -> None:
    file, words = ELSEWHERE[command]
    assert words in (ROOT / file).read_text(encoding="utf-8")


def tandem_calls(command: str) -> list[list[str]]:
    """Arguments of each call of `tandem` that a command, or the recipe of its make target, contains."""
    words = list(dropwhile(re.compile(r"[A-Z_]+=").match, shlex.split(command, comments=True)))
    if words[0] == "make":
        make = ["make", "-n", *words[1:]]
        recipe = subprocess.check_output(make, cwd=ROOT, text=True).replace("\\\n", " ")
        return [call for line in recipe.splitlines() if ".venv/bin/tandem " in line for call in tandem_calls(line)]
    return [words[1:]] if words[0].endswith("bin/tandem") else []


def parsed(arguments: list[str]) -> dict[str, object]:
    """Options of a call as the command line reads them; raises what a user would see."""
    command: Any = typer.main.get_command(app)
    context = typer.Context(command)
    while hasattr(command, "resolve_command"):
        name, command, arguments = command.resolve_command(context, arguments)
    return dict(command.make_context(name, list(arguments), parent=context).params)


@pytest.mark.parametrize("command", sorted({*ELSEWHERE, *NOT_RUN} - {"make clean"}))
def test_the_command_line_accepts_what_no_test_types(command: str) -> None:
    for call in tandem_calls(command):
        parsed(call)


def test_calls_are_found_behind_make_and_wrong_ones_are_refused() -> None:
    assert [parsed(call)["version"] for call in tandem_calls("make promote VERSION=2")] == ["2"]
    assert tandem_calls(".venv/bin/tandem tune --trails 3") == [["tune", "--trails", "3"]]
    with pytest.raises(Exception, match="--trails"):
        parsed(["tune", "--trails", "3"])


def test_commands_are_read_as_a_shell_reads_them() -> None:
    text = "make fly  # away\n# nothing\n\ncurl -s x -d '{\n  \"a\": 1}'\ncurl -s y \\\n  -d '{}'\n"
    found = list(commands(text))
    assert found == ["make fly", "curl -s x -d '{\n  \"a\": 1}'", "curl -s y \\\n  -d '{}'"]
    assert [is_request(one) for one in found] == [False, True, True]


@of_every_page
def test_the_keywords_of_a_problem_on_a_page_exist(page: Path) -> None:
    known = {"Problem": set(Problem.__dataclass_fields__), "GateThresholds": set(GateThresholds.__dataclass_fields__)}
    trees = [ast.parse(block.text) for block in blocks(page) if block.language == "python"]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = {(ast.unparse(call.func), keyword.arg) for call in calls for keyword in call.keywords}
    assert [(name, keyword) for name, keyword in named if name in known and keyword not in known[name]] == []


def source_text() -> str:
    """The code of the rooms and scripts on one line, with texts in pieces joined as Python joins them."""
    files = [file for file in listed("*.py", "*.sh") if not file.is_relative_to(ROOT / "tests")]
    text = " ".join(re.sub(r"[\"']\s+f?[\"']", "", file.read_text(encoding="utf-8")) for file in files)
    return " ".join(text.split())


def gone_messages(text: str, source: str) -> list[str]:
    """Messages in the tables of a page that the code no longer has; `...` and numbers stand for anything."""
    cells = [row.split("|")[1] for table in MESSAGES.findall(text) for row in table.splitlines()]
    messages = [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]
    return [message for message in messages if not all(piece in source for piece in fixed_pieces(message))]


def fixed_pieces(message: str) -> list[str]:
    """The fixed parts of a message that have more than one word."""
    pieces = re.split(r"\.\.\.|\b\d+\b|'[^']*'|[()]|\b[A-Z_]{3,}\b", message)
    return [piece.strip() for piece in pieces if len(piece.split()) > 1]


def test_messages_explained_on_the_pages_are_those_of_the_code() -> None:
    source = source_text()
    assert {
        name: gone
        for page, name in zip(PAGES, PAGE_NAMES, strict=True)
        if (gone := gone_messages(page.read_text("utf-8"), source))
    } == {}


def test_a_message_that_is_gone_is_found() -> None:
    rows = (
        "| message | what to do |",
        "|---|---|",
        "| `port 3000 is held by ...` | |",
        "| `port 3 has flown away` | |",
        "",
    )
    page = "\n".join(rows)
    assert gone_messages(page, 'f"port {port} is held by {holder}"') == ["port 3 has flown away"]


@of_every_page
def test_files_named_on_the_pages_exist(page: Path) -> None:
    named = [piece for piece in code(page) if PATH.fullmatch(piece)]
    assert [path for path in named if not (ROOT / path).exists()] == []


def is_defined(dotted: str) -> bool:
    """Whether a dotted name is a module, or a name at the top of one, or a member of a class there."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:cut])
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if file.is_file():
            return has_name(ast.parse(file.read_text(encoding="utf-8")).body, parts[cut:])
    return False


def has_name(body: Sequence[ast.stmt], names: list[str]) -> bool:
    """Whether statements define a name, and what it defines the next one."""
    if not names:
        return True
    for statement in body:
        # A name that a package loads on first use is imported for types alone.
        if isinstance(statement, ast.If) and has_name(statement.body, names):
            return True
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        defined = {getattr(statement, "name", None), *(getattr(target, "id", None) for target in targets)}
        defined |= {alias.asname or alias.name for alias in getattr(statement, "names", []) if hasattr(alias, "asname")}
        if names[0] in defined and has_name(getattr(statement, "body", []), names[1:]):
            return True
    return False


@of_every_page
def test_names_of_the_code_on_the_pages_exist(page: Path) -> None:
    named = [match[1] for piece in code(page) if (match := DOTTED.fullmatch(piece))]
    assert [name for name in named if not is_defined(name)] == []


@pytest.mark.parametrize(
    ("dotted", "is_there"),
    [
        ("matching.errors", True),
        ("matching.data.dataset.Dataset", True),
        ("matching.data.dataset.Dataset.date_jobs", True),
        ("matching.data.dataset.Dataset.fly", False),
        ("matching.wings", False),
        ("store.profiles.load", True),
        ("matching.features.TFIDF", True),
        ("pipelines.registry", True),
    ],
)
def test_a_name_that_is_gone_is_found(dotted: str, is_there: bool) -> None:
    assert is_defined(dotted) == is_there


def test_the_picture_of_the_rooms_is_drawn_from_the_import_rules() -> None:
    assert draw_rooms.packages() == FLOORS["matching"]
    assert set(draw_rooms.rooms()) == set(MAY_IMPORT)
    assert (ROOT / "docs/images/rooms.svg").read_text(encoding="utf-8") == draw_rooms.picture()


@of_every_page
def test_variables_named_on_the_pages_are_read_somewhere(page: Path) -> None:
    sources = listed("*.py", "*.sh")
    known = {f"TANDEM_{name.upper()}" for name in Settings.model_fields}
    known |= {name for file in sources for name in re.findall(r"TANDEM_[A-Z_]+", file.read_text(encoding="utf-8"))}
    assert set(re.findall(r"TANDEM_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8"))) <= known


@of_every_page
def test_requests_on_the_pages_are_valid(page: Path) -> None:
    from serving.contract.requests import MatchRequest

    bodies = re.findall(
        r"/v1/match\b[^']*'content-type: application/json' -d '(.*?)'", page.read_text("utf-8"), re.DOTALL
    )
    for body in bodies:
        assert TypeAdapter(MatchRequest).validate_python(json.loads(body)).pairs


def test_the_first_screen_of_the_readme_has_both_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    first = [line.split("#")[0].strip() for line in lines[:40]]
    assert "make demo" in first
    assert "make test" in first
    assert len(lines) <= 90


def test_every_page_is_on_the_map() -> None:
    links = {(ROOT / "docs" / link).resolve() for link in LINK.findall((ROOT / "docs/index.md").read_text("utf-8"))}
    assert set(listed("docs/*.md")) - links == {ROOT / "docs/index.md"}


def test_help_lists_every_target_with_a_line() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
    for arguments in ([], ["help"]):
        shown = subprocess.run(
            ["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        ).stdout
        assert set(re.findall(r"^  ([a-z-]+) +\S", shown, re.MULTILINE)) == set(recipes())


def test_every_required_target_exists() -> None:
    assert set(REQUIRED_TARGETS) <= set(recipes())


def test_ci_runs_the_commands_of_the_readme() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    called = re.findall(
        r"^(?:[A-Z_]+=\S+ |beside [a-z]+ )*make ([a-z]+)$", script.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {"demo", "test", "lint"} <= set(called)


def test_no_tracked_file_contains_what_belongs_to_one_machine() -> None:
    found = set()
    for file in listed():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found |= {(file.relative_to(ROOT).as_posix(), name) for name in strangers(text)}
    assert found - ALLOWED == set()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("see /wo" + "rk/main/x", ["a path of one machine"]),
        ('"/fa' + 'rm/x"', ["a path of one machine"]),
        ("https://py" + "pi.org/x", ["the host of a package index"]),
        ("ls ../sha" + "red/data", ["a folder beside the checkout"]),
        ("the net/wo" + "rk/layer, `.tandem/home/ada`", []),
    ],
)
def test_strangers_are_found(text: str, wrong: list[str]) -> None:
    assert strangers(text) == wrong


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("make fly", ["make fly: no such target"]),
        ("TANDEM_PORT=1 make deploy WINGS=2", ["make deploy: takes no WINGS"]),
        ("make train SOURCE=tables DATA=folder SEED=3", []),
        (".venv/bin/tandem fly", ["tandem fly: no such command"]),
        ("tandem train --source tables --wings", ["tandem train: no --wings"]),
        ("tandem train --no-promote", []),
        ("tandem encoder export NAME --to DIR", []),
        ("tandem encoder export NAME --wings", ["tandem encoder: no --wings"]),
    ],
)
def test_wrong_commands_are_found(command: str, wrong: list[str]) -> None:
    assert [*wrong_make(command), *wrong_tandem(command)] == wrong


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[a](page.md#x) [b](https://example.org) ![c](missing.png)\n```\n[d](also-missing.md)\n```\n")
    assert broken_links(page) == ["missing.png"]
