"""The arrows between the rooms, and the one module behind which each framework sits; see docs/decisions/0001."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("matching", "pipelines", "serving", "monitoring", "tandem")
MAY_IMPORT = {
    "matching": {"matching"},
    "pipelines": {"pipelines", "matching"},
    "serving": {"serving", "matching"},
    "monitoring": {"monitoring", "matching"},
    "tandem": set(ROOMS),
}
# Who may import a framework: a room, or the one module of a room.
HOMES = {
    "mlflow": ("pipelines/registry.py",),
    "prefect": ("pipelines/",),
    "optuna": ("pipelines/tuning.py",),
    "bentoml": ("serving/",),
    "fastapi": ("serving/",),
    "starlette": ("serving/",),
    "evidently": ("monitoring/reports.py",),
    "tokenizers": ("matching/transformer.py",),
    "torch": ("pipelines/transformer_export.py",),
    "transformers": (),
    "sentence_transformers": ("pipelines/transformer_export.py",),
    "pandas": ("monitoring/reports.py", "pipelines/registry.py", "pipelines/pyfunc_loader.py"),
    "typer": ("tandem/",),
    "rich": ("tandem/",),
}


def imports(file: Path, root: Path) -> Iterator[str]:
    """Dotted names that a file imports, at its top and inside functions; relative ones resolved."""
    package = list(file.relative_to(root).with_suffix("").parts)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level] if node.level else []
            yield ".".join([*base, *filter(None, [node.module])])
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "__import__"):
            yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant))


def broken_rules(root: Path) -> list[str]:
    """One line for each import that points the wrong way."""
    broken = []
    for room in ROOMS:
        for file in sorted((root / room).rglob("*.py")):
            path = file.relative_to(root).as_posix()
            for name in imports(file, root):
                top = name.split(".")[0]
                if top in ROOMS and top not in MAY_IMPORT[room]:
                    broken.append(f"{path} imports {name}: {room} may not know {top}")
                if top in HOMES and not path.startswith(HOMES[top]):
                    broken.append(f"{path} imports {name}: only {' and '.join(HOMES[top])} may")
    return broken


def test_the_arrows_between_the_rooms_hold() -> None:
    assert broken_rules(ROOT) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("matching/tables.py", "import mlflow.tracking"),
        ("matching/tables.py", "from pipelines.registry import champion"),
        ("pipelines/__init__.py", "from serving import api"),
        ("serving/__init__.py", "def f():\n    import monitoring.drift"),
        ("monitoring/__init__.py", "import evidently"),
        ("monitoring/__init__.py", "import importlib\nimportlib.import_module('prefect.flows')"),
        ("pipelines/training_flow.py", "import mlflow"),
        ("serving/__init__.py", "from ..tandem import cli"),
    ],
)
def test_a_wrong_import_is_found(path: str, line: str, tmp_path: Path) -> None:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / path
    file.write_text((file.read_text(encoding="utf-8") if file.exists() else "") + f"\n{line}\n", encoding="utf-8")
    assert len(broken_rules(tmp_path)) == 1
