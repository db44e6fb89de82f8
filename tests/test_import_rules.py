"""The arrows between the rooms and their packages, and the one home of each framework; see docs/decisions/0006."""

import ast
import shutil
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# A room may import itself and these.
MAY_IMPORT = {
    "matching": set(),
    "home": {"matching"},
    "intake": {"matching"},
    "store": {"matching", "home"},
    "pipelines": {"matching", "home", "intake", "store"},
    "serving": {"matching", "home", "intake", "store"},
    "monitoring": {"matching", "home", "intake", "store"},
    "tandem": {"matching", "home", "intake", "store", "pipelines", "serving", "monitoring"},
}
ROOMS = tuple(MAY_IMPORT)
# Of `matching`, a room listed here may import these packages alone.
PACKAGES = {"intake": ("errors", "text", "data")}
# The packages and modules of a room, from the bottom up: each may import those before it.
FLOORS = {
    "matching": (
        "errors",
        "arrays",
        "onnx_session",
        "text",
        "data",
        "rules",
        "features",
        "retrieval",
        "model",
        "evaluation",
        "fairness",
        "explaining",
        "advice",
        "market",
        "value",
        "sources",
        "problems",
        "training",
    ),
    "pipelines": (
        "environment",
        "pyfunc_loader",
        "registry",
        "card",
        "plots",
        "companions",
        "steps",
        "findings",
        "prefect_flow",
        "prefect_server",
        "training_flow",
        "transformer_export",
        "tuning",
    ),
    # A release knows nothing of what it releases. `metrics` may be imported only once BentoML runs.
    "serving": ("release", "sides", "pool", "contract", "answers", "api", "metrics", "service"),
}
# What loading and scoring a model must not import.
NOT_FOR_SCORING = ("sources", "problems", "training", "evaluation")
# Who may import a framework: a room, a package, or one module.
HOMES = {
    "sqlalchemy": ("store/",),
    "alembic": ("store/migrations/",),
    "mlflow": ("pipelines/registry/",),
    "prefect": ("pipelines/prefect_flow.py",),
    "optuna": ("pipelines/tuning.py",),
    "uvicorn": ("pipelines/prefect_server.py",),
    "bentoml": ("serving/service.py",),
    "fastapi": ("serving/api/",),
    "starlette": ("serving/api/", "serving/service.py"),
    "anyio": ("serving/api/",),
    "prometheus_client": ("serving/metrics.py",),
    "evidently": ("monitoring/reports.py",),
    "pydantic_settings": ("home/settings.py",),
    "filelock": ("home/lock.py",),
    "psutil": ("home/process.py", "serving/release/ports.py"),
    "pandera": ("matching/data/validation.py",),
    "onnxruntime": ("matching/onnx_session.py",),
    "onnx": (
        "matching/training/onnx_graph.py",
        "matching/advice/salary/training.py",
        "pipelines/transformer_export.py",
    ),
    "skl2onnx": ("matching/training/onnx_graph.py", "matching/advice/salary/training.py"),
    "matplotlib": ("pipelines/plots.py", "tandem/market_picture.py"),
    "tokenizers": ("matching/features/transformer.py",),
    "torch": ("pipelines/transformer_export.py",),
    "transformers": (),
    "sentence_transformers": ("pipelines/transformer_export.py",),
    "pypdfium2": ("intake/documents/",),
    "docx": ("intake/documents/",),
    "lxml": ("intake/documents/",),
    "pandas": ("monitoring/reports.py", "pipelines/registry/", "pipelines/pyfunc_loader.py"),
    "typer": ("tandem/",),
    "rich": ("tandem/",),
}


def modules(root: Path) -> dict[str, Path]:
    """Every module of every room by its dotted name."""
    files = [file for room in ROOMS for file in sorted((root / room).rglob("*.py"))]
    return {".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imports(file: Path, root: Path) -> tuple[tuple[str, bool], ...]:
    """Dotted names that a file imports, relative ones resolved; each with whether it is for types alone."""
    return named(file.read_text(encoding="utf-8"), file.relative_to(root).with_suffix("").parts)


@cache  # the copies that tests break differ from the original in one file
def named(text: str, place: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """Do the work of `imports` for the text of a module at a place such as ("matching", "data", "tables")."""
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    blocks = [node for node in nodes if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    for_types = {id(node) for block in blocks for node in ast.walk(block)}
    return tuple((name, id(node) in for_types) for node in nodes for name in names_in(node, place))


def names_in(node: ast.AST, place: tuple[str, ...]) -> Iterator[str]:
    """Dotted names that one node of a module imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = place[: len(place) - node.level] if node.level else ()
        module = ".".join([*base, *filter(None, [node.module])])
        yield from (f"{module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "__import__"):
        yield from (str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant))


def broken_rules(root: Path) -> list[str]:
    """One line for each import that points the wrong way."""
    broken = set()
    for file in modules(root).values():
        path = file.relative_to(root).as_posix()
        room = path.split("/")[0]
        for name, _ in imports(file, root):
            top = name.split(".")[0]
            if top in ROOMS and top != room and top not in MAY_IMPORT[room]:
                broken.add(f"{path} imports {top}: {room} may not know it")
            if top == "matching" and room in PACKAGES and not f"{name}.".startswith(_packages(room)):
                broken.add(f"{path} imports {name}: {room} may import {' and '.join(PACKAGES[room])} alone")
            if top in HOMES and not path.startswith(HOMES[top]):
                broken.add(f"{path} imports {top}: only {' and '.join(HOMES[top]) or 'nobody'} may")
            if room == top:
                broken |= wrong_floor(path, name)
    return sorted(broken)


def _packages(room: str) -> tuple[str, ...]:
    return tuple(f"matching.{package}." for package in PACKAGES[room])


def wrong_floor(path: str, name: str) -> set[str]:
    """What is wrong with an import from one package of a room to another."""
    room, importer = path.removesuffix(".py").split("/")[:2]
    imported = ([*name.split("."), ""])[1]
    above, below = floor(room, imported), floor(room, importer)
    if above is None or below is None or above <= below:
        return set()
    return {f"{path} imports {room}.{imported}, which is above it"}


def floor(room: str, package: str) -> int | None:
    """Place of a package of a room from the bottom; None for the room's own `__init__` and in rooms without floors."""
    floors = FLOORS.get(room, ())
    return floors.index(package) if package in floors else None


def circle(root: Path) -> list[str]:
    """Modules that import each other in a circle: at their top, inside a function or for types alone; else empty."""
    known = modules(root)
    graph: dict[str, set[str]] = {name: set() for name in known}
    for name, file in known.items():
        for imported, _ in imports(file, root):
            target = imported if imported in known else imported.rpartition(".")[0]
            # A package's own `__init__` may import what is inside.
            if target in known and target != name and not name.startswith(f"{target}."):
                graph[name].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def reached(start: str, root: Path) -> set[str]:
    """Every module that importing one module loads, lazily or at once."""
    known = modules(root)
    seen, pending = set(), [start]
    while pending:
        name = pending.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        pending += [
            target
            for imported, is_typing in imports(known[name], root)
            for target in (imported, imported.rpartition(".")[0])
            if not is_typing
        ]
    return seen


@pytest.mark.parametrize("room", FLOORS)
def test_every_package_of_a_room_with_floors_has_one(room: str) -> None:
    packages = {path.parent.name for path in (ROOT / room).glob("*/__init__.py")}
    loose = {path.stem for path in (ROOT / room).glob("*.py")} - {"__init__"}
    assert packages | loose <= set(FLOORS[room])


def test_every_room_says_in_its_docstring_what_is_inside() -> None:
    faces = [path for room in ROOMS for path in (ROOT / room).rglob("__init__.py")]
    assert [face for face in faces if not ast.get_docstring(ast.parse(face.read_text(encoding="utf-8")))] == []


def test_the_arrows_between_the_rooms_hold() -> None:
    assert broken_rules(ROOT) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle(ROOT) == []


def test_a_model_is_scored_without_source_problem_or_training() -> None:
    loaded = reached("matching.model.match_model", ROOT)
    assert "matching.features.pair_features" in loaded
    assert [name for name in sorted(loaded) if name.startswith(tuple(f"matching.{p}" for p in NOT_FOR_SCORING))] == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The rooms, to be broken."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def write(file: Path, line: str) -> None:
    file.write_text((file.read_text(encoding="utf-8") if file.exists() else "") + f"\n{line}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("matching/data/tables.py", "import mlflow.tracking"),
        ("matching/data/tables.py", "from pipelines.registry import runs"),
        ("matching/data/tables.py", "from matching.rules import hard_limits"),
        ("matching/model/manifest.py", "from matching import training"),
        ("matching/data/tables.py", "def f():\n    import sqlalchemy"),
        ("matching/data/tables.py", "from home.settings import Settings"),
        ("store/database.py", "from serving import service"),
        ("intake/__init__.py", "import store.database"),
        ("intake/__init__.py", "from matching.model import manifest"),
        ("intake/headings.py", "import lxml.etree"),
        ("pipelines/__init__.py", "from serving import api"),
        ("serving/__init__.py", "def f():\n    import monitoring.drift"),
        ("serving/__init__.py", "from sqlalchemy import select"),
        ("monitoring/__init__.py", "import evidently"),
        ("monitoring/__init__.py", "import importlib\nimportlib.import_module('prefect.flows')"),
        ("pipelines/training_flow.py", "import mlflow"),
        ("serving/__init__.py", "from ..tandem import cli"),
        ("serving/contract/errors.py", "from serving.answers import limits"),
        ("serving/answers/limits.py", "def f():\n    from serving.api import app"),
        ("serving/answers/limits.py", "from ..api import paths"),
        ("serving/release/bento.py", "from serving import contract"),
        ("serving/sides.py", "from serving.pool import Pool"),
        ("serving/answers/limits.py", "from starlette.responses import Response"),
        ("pipelines/registry/audit.py", "from pipelines import steps"),
        ("pipelines/prefect_server.py", "import prefect"),
        ("pipelines/steps.py", "import matplotlib.pyplot"),
        ("matching/features/encoding.py", "import onnxruntime"),
        ("matching/data/tables.py", "import pandera.polars"),
    ],
)
def test_a_wrong_import_is_found(path: str, line: str, copy: Path) -> None:
    write(copy / path, line)
    assert len(set(broken_rules(copy)) - set(broken_rules(ROOT))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "from matching.data import labels",
        "def f():\n    from matching.data.labels import X",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from matching.data.labels import X",
    ],
)
def test_a_circle_is_found(line: str, copy: Path) -> None:
    write(copy / "matching/data/dataset.py", line)
    assert {"matching.data.dataset", "matching.data.labels"} <= set(circle(copy))


def test_a_problem_behind_a_model_is_found(copy: Path) -> None:
    write(copy / "matching/features/tfidf.py", "def f():\n    from matching.problems import names")
    assert "matching.problems" in reached("matching.model.match_model", copy)
