"""What the pages show in fenced blocks: commands, requests, answers; and which commands other tests already run."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = "sh"
LANGUAGES = frozenset({COMMANDS, "text", "json", "python", "csv"})

STORY, FIXTURES = "tests/e2e/test_whole_path.py", "tests/e2e/conftest.py"
TUNING, FLOW, ENCODER = (
    "tests/pipelines/test_tuning.py",
    "tests/pipelines/test_prefect_flow.py",
    "tests/tandem/commands/test_encoder.py",
)
ELSEWHERE = {
    "make demo": (".ci/run", "make demo"),
    "make test": (".ci/run", "make test"),
    "make lint": (".ci/run", "make lint"),
    "make train": (FIXTURES, 'house.done("train")'),
    "make deploy": (FIXTURES, 'house.done("deploy")'),
    "make deploy ENGINE=process": ("tests/e2e/house.py", '"TANDEM_ENGINE": "process"'),
    "TANDEM_REQUIRE_CONTAINER=1 make deploy": (".ci/run", "TANDEM_REQUIRE_CONTAINER="),
    "make monitor": (FIXTURES, 'house.tandem("monitor", "--fail-on-drift")'),
    ".venv/bin/tandem monitor --fail-on-drift": (FIXTURES, 'house.tandem("monitor", "--fail-on-drift")'),
    ".venv/bin/tandem simulate --out .tandem/tables --candidates 4000 --jobs 800 --impressions 120000": (
        STORY,
        "simulate --out {whole} --candidates",
    ),
    "make train SOURCE=tables DATA=.tandem/tables": (STORY, 'house.done("train", "--source", "tables", "--data"'),
    ".venv/bin/tandem train --source tables --data DIR --seed 11": (
        STORY,
        'house.done("train", "--source", "tables", "--data"',
    ),
    "make deploy SOURCE=tables PORT=3001": (STORY, 'house.done("deploy", "--source", "tables")'),
    # That test trains its second model on other tables: a second seed may fail the gate.
    "make train SEED=8": (STORY, 'house.done("train", "--source", "tables", "--data", str(exports[1]))'),
    "make rollback": (STORY, 'house.done("rollback", "--source", "tables")'),
    "make promote VERSION=2": ("tests/tandem/commands/test_promote.py", 'promote_version(home, "2"'),
    ".venv/bin/tandem train --no-promote": ("tests/pipelines/test_training_flow.py", "promote=False"),
    "make stop": (STORY, 'house.done("stop")'),
    "make tune": (TUNING, "tuning.tune(home, data=tables_folder, trials=TRIALS"),
    ".venv/bin/tandem tune --minutes 20": (TUNING, "minutes="),
    ".venv/bin/tandem tune --ablate": (TUNING, "show_ablation"),
    "make tune ARGS=--ablate": (TUNING, "show_ablation"),
    ".venv/bin/prefect server start": (FLOW, '"server", "start"'),
    "PREFECT_API_URL=http://127.0.0.1:4200/api .venv/bin/tandem train": (FLOW, '"PREFECT_API_URL": url'),
    "make encoder MODEL=folder-of-a-model TO=minilm": (ENCODER, "export"),
    ".venv/bin/tandem intake resumes --out profiles.jsonl": ("tests/tandem/commands/test_intake.py", '"--out", str('),
    ".venv/bin/tandem train --text-encoder minilm": ("tests/pipelines/test_training_flow.py", "text_encoder"),
}
"""Commands that another test, or CI, runs: the file, and a piece of its text."""

NOT_RUN = {
    "make clean": "removes the environment in which the tests run",
    "make bench": "measures for minutes and asserts nothing",
    ".venv/bin/tandem train --source job_board --data DIR": "needs public files that are not part of the project",
    "make encoder MODEL=sentence-transformers/all-MiniLM-L6-v2 TO=minilm": "downloads a model",
    "TORCH_INDEX=URL scripts/encoder-tools.sh": "installs torch from an index that the reader chooses",
}
"""Commands that no test runs, with the reason."""


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        language: the word after the opening fence.
        text: what is inside.
    """

    language: str
    text: str


def listed(*patterns: str) -> list[Path]:
    """Tracked files."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--", *patterns]
    named = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in dict.fromkeys(named.split("\0")) if name]
    return [file for file in files if file.is_file()]


def blocks(page: Path) -> list[Block]:
    """Fenced blocks of a page in order."""
    return [Block(language.strip(), text) for language, text in BLOCK.findall(page.read_text(encoding="utf-8"))]


def commands(text: str) -> Iterator[str]:
    """Commands of a block: one per line; an open quotation or a backslash continues on the next line."""
    pending = ""
    for line in text.splitlines():
        pending = f"{pending}\n{line}" if pending else line
        if is_complete(pending):
            if shlex.split(pending, comments=True):
                yield re.sub(r"\s+#.*$", "", pending) if "\n" not in pending else pending
            pending = ""
    assert not pending, f"an unfinished command: {pending}"


def is_complete(command: str) -> bool:
    """Whether a shell would run this, rather than wait for more."""
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return not command.endswith("\\")


def is_request(command: str) -> bool:
    """Whether a command sends a request to the service."""
    return command.startswith("curl ")
