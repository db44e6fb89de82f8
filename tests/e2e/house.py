"""A separate home with its own ports, and the real command that works in it."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from home.settings import Settings
from serving.release.ports import free_port

Ended = subprocess.CompletedProcess[str]
SECONDS = 600.0  # a command that hangs must not hang the tests
ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class House:
    """One home for a sequence of tests.

    Attributes:
        home: folder of its state.
        port: where its service listens.
        mlflow_port: where MLflow's pages are.
        evidently_port: where Evidently's pages are.
    """

    home: Path
    port: int = field(default_factory=free_port)
    mlflow_port: int = field(default_factory=free_port)
    evidently_port: int = field(default_factory=free_port)

    @property
    def settings(self) -> Settings:
        return Settings(
            home=self.home,
            port=self.port,
            mlflow_port=self.mlflow_port,
            evidently_port=self.evidently_port,
            engine="process",
        )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment of whoever runs the tests, without what Tandem reads and the options of `make test`."""
        dropped = ("TANDEM_", "MAKE", "MFLAGS")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        own = {
            "TANDEM_HOME": str(self.home),
            "TANDEM_PORT": str(self.port),
            "TANDEM_MLFLOW_PORT": str(self.mlflow_port),
            "TANDEM_EVIDENTLY_PORT": str(self.evidently_port),
            "TANDEM_ENGINE": "process",
            "COLUMNS": "160",
        }
        return inherited | own

    def tandem(self, *arguments: str, variables: Mapping[str, str] | None = None) -> Ended:
        """Run the real command; it may never print a stack trace, even when it fails."""
        ended = subprocess.run(
            [sys.executable, "-m", "tandem", *arguments],
            env=self.variables | dict(variables or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert "Traceback" not in ended.stderr + ended.stdout, ended.stderr + ended.stdout
        return ended

    def done(self, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
        """Run a command that must succeed and print nothing on stderr; return what it printed."""
        ended = self.tandem(*arguments, variables=variables)
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
        return ended.stdout

    def refused(self, *arguments: str, code: int = 1, variables: Mapping[str, str] | None = None) -> str:
        """Run a command that must fail with one line; return the line without `error: `."""
        ended = self.tandem(*arguments, variables=variables)
        assert ended.returncode == code, ended.stdout + ended.stderr
        assert re.fullmatch(r"error: [^\n]+\n", ended.stderr), ended.stderr
        return ended.stderr.removeprefix("error: ").rstrip("\n")

    def status(self, *arguments: str) -> dict[str, str]:
        """Lines of `tandem status` by name."""
        lines = [line.strip().partition("  ") for line in self.done("status", *arguments).splitlines() if line.strip()]
        return {name: value.strip() for name, _, value in lines}

    def get(self, path: str) -> Any:
        return self._answer(httpx.get(self.address + path, timeout=ANSWER_SECONDS))

    def post(self, path: str, body: Any) -> Any:
        return self._answer(httpx.post(self.address + path, json=body, timeout=ANSWER_SECONDS))

    def _answer(self, answer: httpx.Response) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json()
