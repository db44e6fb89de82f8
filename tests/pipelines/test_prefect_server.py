"""The temporary Prefect server really starts, runs a flow, and ends with its parent however that ends."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from home.settings import Settings
from matching.errors import EngineError, StorageError
from pipelines import prefect_server
from pipelines.environment import prefect_variables

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]

CHILD = """
import sys, time
from pathlib import Path
from home.settings import Settings
from pipelines import prefect_server
with prefect_server.temporary(Settings(home=Path(sys.argv[1]))) as server:
    print(server.process.pid, flush=True)
    if sys.argv[2] == "flow":
        server.wait()
        from pipelines.prefect_flow import run
        print(run(lambda step: step("one", lambda: 42), source="tables", seed=7, data=None), flush=True)
    else:
        time.sleep(600)
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Forget the home that an earlier test of this process set for Prefect: what is set stays set."""
    for name in (prefect_server.URL, *prefect_variables(Settings(home=tmp_path))):
        monkeypatch.delenv(name, raising=False)


def child(home: Path, doing: str, *, folder: Path = ROOT) -> "subprocess.Popen[str]":
    command = [sys.executable, "-P", "-c", CHILD, str(home), doing]
    environment = {name: value for name, value in os.environ.items() if name != prefect_server.URL}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)


def ended(pid: int) -> bool:
    """Wait until a process that is not ours is gone, or a zombie of another parent."""
    for _ in range(300):
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


def test_a_flow_runs_on_the_server_that_was_started_before_it(tmp_path: Path) -> None:
    """Also where the user stands in a folder whose module has the name of one of ours."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "__init__.py").write_text("raise RuntimeError('not ours')")
    process = child(tmp_path / "home", "flow", folder=tmp_path)
    pid, answer = process.communicate()[0].split()
    assert (process.returncode, answer) == (0, "42")
    assert (tmp_path / "home" / "prefect" / "prefect.db").stat().st_size > 0
    assert ended(int(pid))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc, which is not there")
def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    process = child(tmp_path / "home", "wait")
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    assert ended(pid)


def test_one_that_ends_while_starting_is_reported_in_one_line(tmp_path: Path) -> None:
    with prefect_server.temporary(Settings(home=tmp_path / "home")) as server:
        assert server is not None
        assert os.environ[prefect_server.URL] == server.url
        server.process.kill()
        with pytest.raises(EngineError, match=r"ended while starting: see .*server\.log"):
            server.wait()
    assert prefect_server.URL not in os.environ


def test_a_second_one_in_the_same_home_is_refused_before_it_starts(tmp_path: Path) -> None:
    first, second = child(tmp_path / "home", "wait"), child(tmp_path / "home", "wait")
    lines = [process.stdout.readline() for process in (first, second) if process.stdout]
    assert sorted(line.strip().isdigit() for line in lines) == [False, True]
    for process in (first, second):
        process.kill()
        process.communicate()


def test_the_log_says_why_it_ended(tmp_path: Path) -> None:
    (tmp_path / "home" / "prefect" / "prefect.db").mkdir(parents=True)
    with prefect_server.temporary(Settings(home=tmp_path / "home")) as server:
        assert server is not None
        with pytest.raises(EngineError, match="ended while starting"):
            server.wait()
        assert "unable to open database file" in server.log.read_text()


def test_the_server_that_is_named_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(prefect_server.URL, "http://127.0.0.1:1/api")
    with prefect_server.temporary(Settings(home=tmp_path / "home")) as server:
        assert server is None
    assert os.environ[prefect_server.URL] == "http://127.0.0.1:1/api"
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError), prefect_server.temporary(Settings(home=tmp_path / "file" / "sub" / "home")):
        pass


def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    with prefect_server.temporary(Settings(home=tmp_path / "home")) as server:
        assert server is not None
        assert httpx.URL(server.url).host == "127.0.0.1"
