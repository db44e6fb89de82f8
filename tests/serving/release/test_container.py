"""A container, actually built, run, called and stopped: what it may do, and what is not baked into it."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from home.settings import Settings
from serving.release import deployment, engines
from serving.release.containers import ContainerEngine
from serving.release.ports import free_port, require_free
from serving.release.release import Release
from serving.release.state import Deployment

pytestmark = [pytest.mark.container, pytest.mark.slow]

NAME = "tandem-small"


@dataclass
class Steps:
    """The progress lines of a deployment, and after how many seconds each came."""

    lines: list[tuple[float, str]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def add(self, line: str) -> None:
        self.lines.append((time.monotonic() - self.began, line))
        print(f"{self.lines[-1][0]:7.1f} s  {line}")  # noqa: T201 the times of the steps are for CI's log

    def mention(self, words: str) -> bool:
        return any(words in line for _, line in self.lines)


@dataclass
class Running:
    """A container in service."""

    settings: Settings
    deployed: Deployment
    engine: ContainerEngine

    def python(self, program: str) -> str:
        return self.engine.execute(self.deployed.identity, "python", "-c", program)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, golden_bundle: Path) -> Iterator[Running]:
    settings = Settings(
        home=tmp_path_factory.mktemp("container"), port=free_port(), require_container=True, source="small"
    )
    steps = Steps()
    try:
        deployed = deployment.deploy(settings, Release(NAME, "1", golden_bundle), steps.add)
        services = engines.recorded(deployed.engine, settings)
        assert isinstance(services, engines.ContainerServices)
        size = services.engine.command(
            "image", "inspect", "--format", "{{.Size}}", str(deployed.image), doing="reading the size"
        )
        steps.add(f"image {deployed.image}: {int(size) / 2**20:.0f} MiB")
        yield Running(settings, deployed, services.engine)
    finally:
        deployment.stop(settings)


def test_it_answers_over_http(running: Running, golden_bundle: Path) -> None:
    case = json.loads((golden_bundle / "golden.json").read_text())["cases"][0]
    pair = {"candidate": case["candidate"], "job": case["job"]}
    answer = httpx.post(f"{running.deployed.address}/v1/match", json={"pairs": [pair]}, timeout=60)
    assert answer.status_code == 200
    (prediction,) = answer.json()["predictions"]
    assert prediction["match_probability"] == pytest.approx(case["scores"]["match"], abs=1e-6)
    assert deployment.status(running.settings).ready


def test_it_is_not_root_and_has_no_capabilities(running: Running) -> None:
    assert int(running.python("import os; print(os.getuid())")) != 0
    status = running.python("print(open('/proc/self/status').read())")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0
    assert facts["NoNewPrivs"] == "1"


@pytest.mark.parametrize("folder", ["/", "/srv", "/srv/bento/src/bundle", "/srv/tandem", "/etc", "/run", "/var/tmp"])  # noqa: S108
def test_it_cannot_write_outside_the_log_and_its_own_temporary_folder(folder: str, running: Running) -> None:
    program = f"import tempfile\ntry:\n tempfile.TemporaryFile(dir={folder!r})\nexcept OSError as e:\n print(e.errno)"
    assert running.python(program) in ("13", "30")  # permission denied, read-only file system


def test_it_writes_the_log_of_the_home(running: Running) -> None:
    program = "import tempfile; tempfile.TemporaryFile(dir='/srv/tandem/log'); tempfile.TemporaryFile(); print('fine')"
    assert running.python(program) == "fine"
    assert (running.settings.log_folder / "log.db").stat().st_size > 0


def test_its_memory_and_processes_are_limited(running: Running) -> None:
    field_ = "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.ReadonlyRootfs}}"
    limits = running.engine.command(
        "container", "inspect", "--format", field_, running.deployed.identity, doing="reading limits"
    )
    assert limits == f"{2 * 2**30} 512 true"


def test_nothing_of_the_building_machine_is_baked_in(running: Running) -> None:
    image = str(running.deployed.image)
    described = running.engine.command("image", "inspect", image, doing="reading the image")
    history = running.engine.command("history", "--no-trunc", image, doing="reading the image's history")
    for word in ("INDEX_URL", "SSL_CERT", "CA_BUNDLE", "_proxy", "_PROXY", "http://", "https://"):
        assert word not in described + history
    program = "import os; print([p for p in ('/etc/pip.conf', '/etc/uv', '/run/secrets/pip_conf',"
    program += " '/run/secrets/certificates', '/etc/apt/sources.list') if os.path.exists(p)])"
    assert running.python(program) == "[]"


def test_it_sends_no_usage_statistics(running: Running) -> None:
    """BentoML's command line reads its variable before it imports the service: only the image can set it."""
    program = "import os; from bentoml._internal.utils.analytics.usage_stats import do_not_track;"
    program += " print(os.environ.get('BENTOML_DO_NOT_TRACK'), os.environ.get('DO_NOT_TRACK'), do_not_track())"
    assert running.python(program) == "true true True"


def test_only_what_serving_needs_is_installed(running: Running) -> None:
    program = "import importlib.metadata as m; print(*sorted(d.name.lower() for d in m.distributions()))"
    names = set(running.python(program).split())
    assert {"bentoml", "onnxruntime"} <= names
    assert not {"mlflow", "prefect", "evidently", "pandas", "pytest", "pip", "uv", "ruff"} & names


def test_a_second_version_reuses_the_dependencies_and_replaces_the_first(running: Running, golden_bundle: Path) -> None:
    """Last: it ends the first container, and stops the second."""
    steps = Steps()
    second = deployment.deploy(running.settings, Release(NAME, "2", golden_bundle), steps.add)
    assert not steps.mention("base image")
    layers = [
        running.engine.command(
            "image", "inspect", "--format", "{{range .RootFS.Layers}}{{println .}}{{end}}", str(one.image),
            doing="reading layers",
        ).split()
        for one in (running.deployed, second)
    ]  # fmt: skip
    assert layers[0][:-1] == layers[1][:-1]
    assert layers[0][-1] != layers[1][-1]
    assert not running.engine.runs(running.deployed.identity)
    assert second.previous is not None
    assert second.previous.model_version == "1"
    assert httpx.get(f"{second.address}/v1/model", timeout=60).json()["model_version"] == "2"
    assert deployment.stop(running.settings)
    steps.add("stopped")
    assert not running.engine.runs(second.identity)
    require_free(second.host, second.port)
