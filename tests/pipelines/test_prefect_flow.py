"""Prefect really runs the flow and really schedules: a clean resolve once hid a version that scheduled nothing."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from home.settings import Settings
from pipelines.environment import prefect_variables

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 180.0

RUN = """
from pipelines.prefect_flow import run
double = lambda step: step("double", lambda: 2 * step("one", lambda: 21))
print(run(double, source="tables", seed=7, data=None))
"""

SCHEDULE = """
from pathlib import Path
from prefect import flow

Path("nightly.py").write_text("from prefect import flow\\n@flow\\ndef nightly():\\n    pass\\n")
deployed = flow.from_source(source=".", entrypoint="nightly.py:nightly").to_deployment("cron", cron="0 3 * * *")
deployed.work_pool_name = None
deployed.apply()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(answer: Callable[[], Any]) -> Any:
    """Ask until there is an answer."""
    for _ in range(int(PATIENCE_SECONDS)):
        try:
            if found := answer():
                return found
        except httpx.TransportError:
            pass
        time.sleep(1)
    raise AssertionError("no answer in time")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, empty_prefect: Path) -> Iterator[dict[str, str]]:
    """Environment of a client of a real Prefect server."""
    home = tmp_path_factory.mktemp("server")
    (home / "prefect").mkdir()
    shutil.copy(empty_prefect, home / "prefect")
    port = free_port()
    environment = os.environ | prefect_variables(Settings(home=home))
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=home)
        url = f"http://127.0.0.1:{port}/api"
        try:
            until(lambda: process.poll() is None and httpx.get(f"{url}/health").status_code == 200)
            yield environment | {"PREFECT_API_URL": url, "PYTHONPATH": str(Path(__file__).parents[2])}
        finally:
            process.terminate()
            process.wait(timeout=60)


def client(script: str, environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_flow_runs_and_shows_its_steps_on_the_server(server: dict[str, str], tmp_path: Path) -> None:
    assert client(RUN, server, tmp_path) == "42"
    url = server["PREFECT_API_URL"]
    runs = httpx.post(f"{url}/flow_runs/filter", json={}).json()
    shown = [(run["state_type"], run["parameters"]) for run in runs]
    assert shown == [("COMPLETED", {"source": "tables", "seed": 7, "data": None})]
    tasks = until(lambda: httpx.post(f"{url}/task_runs/filter", json={}).json())
    assert {task["name"].split("-")[0] for task in tasks} == {"one", "double"}
    stored = Path(server["PREFECT_HOME"]) / "storage"
    assert not stored.exists() or not list(stored.iterdir())


def test_a_cron_deployment_has_scheduled_runs(server: dict[str, str], tmp_path: Path) -> None:
    client(SCHEDULE, server, tmp_path)
    scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    runs = until(lambda: httpx.post(f"{server['PREFECT_API_URL']}/flow_runs/filter", json=scheduled).json())
    assert len(runs) > 1
