"""Deployments as local processes: real Bentos, real services, a real switch."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text

from home.settings import Settings
from matching.errors import BusyError, EngineError, GoldenMismatch, ModelError, StorageError, TamperedModel
from matching.model.manifest import seal
from serving.release import deployment, health, state
from serving.release.ports import free_port, require_free
from serving.release.release import Release
from serving.release.service_process import ServiceProcess
from serving.release.state import Deployment
from tests.serving.calling import listening
from tests.serving.conftest import load

pytestmark = pytest.mark.slow

NAME = "tandem-small"
DEPLOY = """
import sys
from pathlib import Path
from home.settings import Settings
from serving.release import deployment
from serving.release.release import Release
deployment.deploy(Settings(), Release("tandem-small", "8", Path(sys.argv[1])), lambda line: print(line, flush=True))
"""


RECORD = {
    "engine": "process", "model_name": NAME, "model_version": "1", "bento_tag": "tandem:1", "bento_path": "/x",
    "digest": "0", "image": None, "identity": "1", "created": 1.0, "host": "127.0.0.1", "port": 9,
    "started_at": "2026-01-01T00:00:00+00:00", "previous": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("deployed"), port=free_port(), engine="process", source="small")


@pytest.fixture(scope="module")
def first(settings: Settings, golden_bundle: Path) -> Iterator[Deployment]:
    """Version 1, put into service once for all tests that leave it running."""
    try:
        yield deployment.deploy(settings, Release(NAME, "1", golden_bundle), lambda _: None)
    finally:
        deployment.stop(settings)


@pytest.fixture
def damaged(golden_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to be damaged."""
    return Path(shutil.copytree(golden_bundle, tmp_path / "bundle"))


def change_golden_score(bundle: Path) -> None:
    """Record a score that the model does not return, and seal the bundle again as training would."""
    path = bundle / "golden.json"
    golden = json.loads(path.read_text())
    golden["cases"][3]["scores"]["match"] += 0.001
    path.write_text(json.dumps(golden))
    (bundle / "manifest.json").unlink()
    seal(bundle, {"source": "marketplace"})


def assert_untouched(settings: Settings, first: Deployment) -> None:
    """The old service is still the same process with the same model, and no trial is left."""
    status = deployment.status(settings)
    assert status.running
    assert status.ready
    assert status.deployment == first
    assert health.model(first.address)["model_version"] == "1"
    assert not state.trial_file(settings).exists()


def test_a_deployed_service_answers_and_is_described(settings: Settings, first: Deployment) -> None:
    status = deployment.status(settings)
    assert (status.running, status.ready) == (True, True)
    assert status.deployment == first
    assert (first.engine, first.model_version) == ("process", "1")
    assert status.address == f"http://127.0.0.1:{settings.port}"
    assert first.digest[:12] in first.bento_tag


def test_it_runs_the_code_in_the_bento_and_not_the_checkout(first: Deployment) -> None:
    log = (first.bento_path.parents[3] / "run" / f"service-{first.bento_path.name}.log").read_text()
    assert str(first.bento_path) in log
    files = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); import serving; print(serving.__file__)",
         str(first.bento_path / "src")], capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert files.startswith(str(first.bento_path))


def test_golden_requests_are_not_in_the_log_that_monitoring_reads(settings: Settings, first: Deployment) -> None:
    assert health.is_ready(first.address)
    engine = create_engine(settings.log_url)
    with engine.connect() as connection:
        ids = connection.execute(text("select candidate_id from predictions")).scalars().all()
    engine.dispose()
    assert not [one for one in ids if one.startswith("golden")]


def test_a_changed_file_is_refused(settings: Settings, first: Deployment, damaged: Path) -> None:
    model = damaged / "match.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\x00")
    with pytest.raises(TamperedModel, match=r"match\.onnx"):
        deployment.deploy(settings, Release(NAME, "2", damaged), lambda _: None)
    assert_untouched(settings, first)


def test_a_manifest_that_was_not_registered_is_refused(
    settings: Settings, first: Deployment, golden_bundle: Path
) -> None:
    with pytest.raises(TamperedModel):
        deployment.deploy(settings, Release(NAME, "2", golden_bundle, manifest_digest="0" * 64), lambda _: None)
    assert_untouched(settings, first)


def test_a_model_with_other_scores_never_replaces_the_old_one(
    settings: Settings, first: Deployment, damaged: Path
) -> None:
    change_golden_score(damaged)
    with pytest.raises(GoldenMismatch, match="golden request 3: match was"):
        deployment.deploy(settings, Release(NAME, "2", damaged), lambda _: None)
    assert_untouched(settings, first)


def test_a_bundle_without_golden_requests_is_refused(settings: Settings, first: Deployment, damaged: Path) -> None:
    (damaged / "golden.json").unlink()
    (damaged / "manifest.json").unlink()
    seal(damaged, {"source": "marketplace"})
    with pytest.raises(ModelError, match="golden"):
        deployment.deploy(settings, Release(NAME, "2", damaged), lambda _: None)
    assert_untouched(settings, first)


def test_two_deployments_at_once_are_refused(settings: Settings, first: Deployment, golden_bundle: Path) -> None:
    with state.alone(settings):
        with pytest.raises(BusyError, match="another deployment"):
            deployment.deploy(settings, Release(NAME, "2", golden_bundle), lambda _: None)
        with pytest.raises(BusyError, match="another deployment"):
            deployment.stop(settings)
    assert_untouched(settings, first)


def test_a_deployment_that_is_interrupted_leaves_no_orphan(
    settings: Settings, first: Deployment, golden_bundle: Path
) -> None:
    environment = os.environ | {
        "TANDEM_HOME": str(settings.root), "TANDEM_PORT": str(settings.port), "TANDEM_ENGINE": "process",
    }  # fmt: skip
    command = [sys.executable, "-c", DEPLOY, str(golden_bundle)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        for line in user.stdout:
            if "trying the new service" in line:
                break
        trial = wait_for_trial(settings)
        user.send_signal(signal.SIGINT)
        _, printed = user.communicate(timeout=60)
    assert "KeyboardInterrupt" in printed
    assert not ServiceProcess(int(trial.identity), trial.created).runs
    assert_untouched(settings, first)


def wait_for_trial(settings: Settings) -> Deployment:
    for _ in range(600):
        trial = state.read_file(state.trial_file(settings))
        if trial is not None:
            return trial
        threading.Event().wait(0.1)
    raise AssertionError("no trial was started")


def test_a_port_that_another_model_holds_is_refused(settings: Settings, first: Deployment, golden_bundle: Path) -> None:
    line = rf"port {settings.port} is held by {NAME} version 1: .*TANDEM_PORT.*`tandem stop --source small`"
    with pytest.raises(BusyError, match=line):
        deployment.deploy(settings, Release("tandem-other", "1", golden_bundle), lambda _: None)
    assert_untouched(settings, first)
    assert deployment.status(settings, "tandem-other").deployment is None


def test_another_model_on_another_port_runs_beside_the_first(
    settings: Settings, first: Deployment, golden_bundle: Path
) -> None:
    """The first is recorded as earlier versions did it: in one file for the whole home."""
    state.deployment_file(settings, NAME).rename(state.former_file(settings))
    elsewhere = settings.model_copy(update={"port": free_port()})
    other = deployment.deploy(elsewhere, Release("tandem-other", "5", golden_bundle), lambda _: None)
    assert_untouched(settings, first)
    assert [one.deployment for one in deployment.statuses(settings)] == [other, first]
    assert health.model(other.address)["model_name"] == "tandem-other"
    assert deployment.stop(settings, ["tandem-other"]) == ["tandem-other"]
    assert [one.deployment for one in deployment.statuses(settings)] == [first]
    assert_untouched(settings, first)


def test_a_service_that_fails_on_the_public_port_gives_way_to_the_old_one(
    settings: Settings, first: Deployment, golden_bundle: Path
) -> None:
    """Its model is damaged on the disk after the trial, while the old service is being stopped."""

    def damage(line: str) -> None:
        if line.startswith("stopping version 1"):
            (model,) = first.bento_path.parent.glob("3-*/src/bundle/match.onnx")
            model.write_bytes(b"damaged")

    with pytest.raises(EngineError, match=r"TamperedModel: .*version 1 is running again"):
        deployment.deploy(settings, Release(NAME, "3", golden_bundle), damage)
    status = deployment.status(settings)
    assert status.ready
    assert status.deployment is not None
    assert status.deployment.identity != first.identity
    assert status.deployment.bento_tag == first.bento_tag
    assert health.model(first.address)["model_version"] == "1"


@pytest.mark.parametrize("presses", [1, 2])
@pytest.mark.usefixtures("first")
def test_ctrl_c_while_the_old_service_ends_starts_it_again(
    settings: Settings, golden_bundle: Path, presses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first comes at once after the old service was signalled, the second while it is being started again."""
    old = deployment.status(settings).deployment
    assert old is not None
    to_come = presses

    def press() -> None:
        nonlocal to_come
        if to_come:
            to_come -= 1
            os.kill(os.getpid(), signal.SIGINT)

    terminate = psutil.Process.terminate

    def signalled(process: psutil.Process) -> None:
        terminate(process)
        if process.pid == int(old.identity) and to_come == presses:
            press()

    monkeypatch.setattr(psutil.Process, "terminate", signalled)
    with pytest.raises(KeyboardInterrupt):
        deployment.deploy(
            settings, Release(NAME, "8", golden_bundle), lambda line: press() if line.endswith(" again") else None
        )
    assert to_come == 0
    again = deployment.status(settings).deployment
    assert again is not None
    assert again.identity != old.identity
    assert again == replace(old, identity=again.identity, created=again.created)
    wait_until_ready(old.address)
    assert health.model(old.address)["model_version"] == "1"


def wait_until_ready(address: str) -> None:
    health.wait_until_ready(address, runs=lambda: True, output=lambda: "", progress=lambda _: None)


def test_a_database_that_cannot_be_reached_is_noticed_before_anything_stops(
    settings: Settings, first: Deployment, golden_bundle: Path
) -> None:
    bad = settings.model_copy(update={"database_url": "sqlite:////proc/no/such/folder/log.db"})
    with pytest.raises(StorageError):
        deployment.deploy(bad, Release(NAME, "2", golden_bundle), lambda _: None)
    assert health.model(first.address)["model_version"] == "1"
    assert deployment.status(settings).ready


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stops a worker whose host died")
@pytest.mark.usefixtures("first")
def test_a_killed_service_leaves_nothing_behind_and_can_be_deployed_again(
    settings: Settings, golden_bundle: Path
) -> None:
    killed = deployment.status(settings).deployment
    assert killed is not None
    os.kill(int(killed.identity), signal.SIGKILL)
    until = time.monotonic() + 30
    while health.is_ready(killed.address) and time.monotonic() < until:
        time.sleep(0.05)
    assert not deployment.status(settings).running
    again = deployment.deploy(settings, Release(NAME, "1", golden_bundle), lambda _: None)
    assert again.identity != killed.identity
    assert deployment.status(settings).ready


def test_a_request_in_flight_is_answered_before_the_service_stops(
    settings: Settings, first: Deployment, golden_bundle: Path
) -> None:
    """Last of the tests that use the first service: it stops it."""
    case = json.loads((golden_bundle / "golden.json").read_text())["cases"][0]
    body = json.dumps({"pairs": [{"candidate": case["candidate"], "job": case["job"]}]}).encode()
    head = (
        f"POST /v1/match HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((first.host, first.port), timeout=60) as caller:
        caller.sendall(head.encode() + body[:10])
        threading.Event().wait(0.5)
        stopping = threading.Thread(target=deployment.stop, args=(settings,))
        stopping.start()
        threading.Event().wait(1)
        assert stopping.is_alive()
        caller.sendall(body[10:])
        answer = caller.recv(65536)
        stopping.join(60)
    assert answer.startswith(b"HTTP/1.1 200")
    assert not stopping.is_alive()
    assert not deployment.status(settings).running
    require_free(first.host, first.port)
    assert deployment.stop(settings) == []


def test_nothing_deployed_is_no_error(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "empty")
    status = deployment.status(settings)
    assert (status.running, status.ready, status.deployment, status.address) == (False, False, None, None)
    assert deployment.stop(settings) == []


def test_a_busy_port_is_reported_with_its_holder_before_anything_is_built(tmp_path: Path, golden_bundle: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings = Settings(home=tmp_path / "busy", port=other.getsockname()[1], engine="process")
        with pytest.raises(BusyError, match=rf"port {settings.port} is held by .*{os.getpid()}.*TANDEM_PORT"):
            deployment.deploy(settings, Release(NAME, "1", golden_bundle), lambda _: None)
    assert not (tmp_path / "busy" / "bentoml").exists()


def test_a_reused_process_number_is_left_alone(tmp_path: Path) -> None:
    """The record names this very test's process, with another start time: stopping it would end the test run."""
    settings = Settings(home=tmp_path, source="small")
    record = RECORD | {"identity": str(os.getpid()), "created": 1.0}
    file = state.deployment_file(settings, NAME)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(record))
    assert deployment.status(settings).deployment is not None
    assert not deployment.status(settings).running
    assert deployment.stop(settings) == []


def test_a_trial_that_a_killed_deployment_left_behind_is_stopped(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, source="small")
    with subprocess.Popen(["sleep", "600"]) as left:
        record = RECORD | {"identity": str(left.pid), "created": psutil.Process(left.pid).create_time()}
        file = state.trial_file(settings)
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(record))
        try:
            assert deployment.stop(settings) == []
            assert left.wait(10) == -signal.SIGTERM
        finally:
            left.kill()
    assert not file.exists()


def test_another_model_that_answers_at_the_address_is_noticed(bundle: Path, tmp_path: Path) -> None:
    """Version 3 answers where version 1 was started."""
    app = load(bundle, tmp_path)
    with listening(app) as address:
        port = int(address.rpartition(":")[2])
        started = state.Deployment(**(RECORD | {"port": port}))  # type: ignore[arg-type]
        with pytest.raises(EngineError, match=rf"{address} answers as {NAME} version 3, not as {NAME} version 1"):
            deployment._check_version(started)
    app.state.served.close()


def test_a_damaged_record_is_one_clear_line(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, source="small")
    file = state.deployment_file(settings, NAME)
    file.parent.mkdir(parents=True)
    file.write_text("{")
    with pytest.raises(StorageError, match=r"tandem-small\.json cannot be read"):
        deployment.status(settings)
