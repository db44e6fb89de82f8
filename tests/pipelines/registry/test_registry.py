"""The registry on a real SQLite file: versions, aliases, digests, runs that were cut short."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from home.process import Process
from home.settings import Settings
from matching.data.digests import file_digest
from matching.errors import GateRefused, ModelError, NoChampion, StorageError, TamperedModel
from matching.model.match_model import MatchModel
from pipelines.registry import audit, quick
from pipelines.registry.client import serve_command
from pipelines.registry.quick import DatabaseReader
from pipelines.registry.registry import Registry

pytestmark = pytest.mark.slow


@pytest.fixture
def registered(settings: Settings, empty_registry: Path, bundle: Path, other_bundle: Path) -> Settings:
    """A registry with versions 1 and 2."""
    settings.mlflow_folder.mkdir(parents=True)
    shutil.copy(empty_registry, settings.mlflow_folder / "mlflow.db")
    for folder in (bundle, other_bundle):
        with Registry(settings).runs.recorded({}) as run:
            Registry(settings).versions.register(run, folder, tags={"tandem.git_commit": "abc"})
    return settings


def name(settings: Settings) -> str:
    return settings.model_name


def test_a_registered_version_scores_raw_profiles_through_mlflow(registered: Settings, bundle: Path) -> None:
    import mlflow
    import pandas as pd

    Registry(registered).aliases.promote("1", expected=None, reason="first")
    loaded = mlflow.pyfunc.load_model(f"models:/{name(registered)}@champion")
    golden = json.loads((bundle / "golden.json").read_text())["cases"]
    example = loaded.input_example
    assert loaded.predict(example)["match"][0] == pytest.approx(golden[0]["scores"]["match"], abs=1e-6)

    from pipelines.pyfunc_loader import flatten

    several = loaded.predict(pd.DataFrame([flatten(case) for case in golden]))
    for direction in ("match", "company", "candidate"):
        expected = [case["scores"][direction] for case in golden]
        assert list(several[direction]) == pytest.approx(expected, abs=1e-6)
    assert [column.name for column in loaded.metadata.signature.outputs.inputs] == ["match", "company", "candidate"]
    complete = {"candidate": golden[0]["candidate"] | {"would_relocate": False}, "job": golden[0]["job"]}
    complete["job"] = complete["job"] | {"sponsors_work_permit": True, "block_words": ["agency"]}
    both = loaded.predict(pd.DataFrame([flatten(complete), flatten(golden[1])]))  # a boolean in one row alone
    assert list(both["match"]) == pytest.approx([case["scores"]["match"] for case in golden[:2]], abs=1e-6)
    requirements = Path(mlflow.artifacts.download_artifacts(f"models:/{name(registered)}/1")) / "requirements.txt"
    assert {line.split("==")[0] for line in requirements.read_text().split()} >= {"onnxruntime", "numpy", "polars"}


def test_versions_carry_their_digests_and_commit(registered: Settings, bundle: Path) -> None:
    two, one = Registry(registered).versions.all()
    assert (one.version, two.version) == ("1", "2")
    assert one.digest == MatchModel.load(bundle).digest != two.digest
    assert one.tags["tandem.git_commit"] == "abc"
    assert one.promoted_at is None


def test_the_same_model_twice_is_one_version(registered: Settings, bundle: Path) -> None:
    with Registry(registered).runs.recorded({}) as run:
        assert Registry(registered).versions.register(run, bundle, tags={}) == "1"
    assert len(Registry(registered).versions.all()) == 2


def test_fetch_returns_the_bundle_as_it_was_sealed(registered: Settings, bundle: Path, tmp_path: Path) -> None:
    fetched = Registry(registered).versions.fetch("1", tmp_path / "into")
    assert file_digest(fetched / "manifest.json") == file_digest(bundle / "manifest.json")
    assert Registry(registered).versions.fetch("2", tmp_path / "into") == fetched


def stored(settings: Settings, version: str) -> Path:
    """Folder of a version's bundle inside the registry, as an intruder finds it."""
    wanted = Registry(settings).versions.get(version).manifest_digest
    return next(
        path.parent for path in settings.mlflow_folder.rglob("bundle/manifest.json") if file_digest(path) == wanted
    )


def test_a_swapped_file_is_refused_everywhere(registered: Settings, other_bundle: Path, tmp_path: Path) -> None:
    shutil.copy(other_bundle / "match.onnx", stored(registered, "1") / "match.onnx")
    with pytest.raises(TamperedModel, match=r"match\.onnx"):
        Registry(registered).versions.fetch("1", tmp_path / "into")
    with pytest.raises(TamperedModel):
        Registry(registered).aliases.promote("1", expected=None, reason="x")
    assert Registry(registered).aliases.champion() is None
    assert not list((tmp_path / "into").rglob("match.onnx"))

    import mlflow

    with pytest.raises(TamperedModel):
        mlflow.pyfunc.load_model(f"models:/{name(registered)}/1")


def test_a_whole_bundle_swapped_with_its_manifest_is_refused(
    registered: Settings, other_bundle: Path, tmp_path: Path
) -> None:
    place = stored(registered, "1")
    shutil.rmtree(place)
    shutil.copytree(other_bundle, place)
    with pytest.raises(TamperedModel, match="manifest"):
        Registry(registered).versions.fetch("1", tmp_path)


def test_lost_files_and_unknown_versions_say_what_to_do(registered: Settings, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no version 9 \(registered: 2, 1\)"):
        Registry(registered).versions.fetch("9", tmp_path)
    shutil.rmtree(registered.mlflow_folder / "artifacts")
    with pytest.raises(ModelError, match="gone"):
        Registry(registered).versions.fetch("1", tmp_path)


def test_promotion_is_compare_and_set_and_leaves_a_trail(registered: Settings) -> None:
    model = name(registered)
    Registry(registered).aliases.promote("1", expected=None, reason="first")
    with pytest.raises(ModelError, match="version 1, not absent"):
        Registry(registered).aliases.promote("2", expected=None, reason="blind")
    Registry(registered).aliases.promote("2", expected="1", reason="better")
    champion = Registry(registered).aliases.champion()
    assert champion is not None
    assert champion.version == "2"
    assert champion.promoted_at is not None
    trail = audit.moves(registered, model, "champion")
    assert [(move.from_version, move.to_version, move.why) for move in trail] == [
        (None, "1", "first"),
        ("1", "2", "better"),
    ]
    assert trail[-1].digest == champion.digest


def test_without_a_champion_the_challenger_is_named(registered: Settings) -> None:
    Registry(registered).aliases.challenge("1", expected=None, reason="waits")
    with pytest.raises(NoChampion, match=r"version 1 waits as challenger: run `make promote SOURCE=tables VERSION=1`"):
        Registry(registered).require_champion()


def test_rollback_walks_back_and_stops_at_the_first_champion(registered: Settings) -> None:
    with pytest.raises(NoChampion, match="no champion for source tables yet: run `make train SOURCE=tables"):
        Registry(registered).aliases.rollback(expected="1", reason="x")
    Registry(registered).aliases.promote("1", expected=None, reason="first")
    Registry(registered).aliases.promote("2", expected="1", reason="better")
    assert Registry(registered).aliases.succession().previous == "1"
    assert Registry(registered).aliases.rollback(expected="2", reason="worse in fact").to_version == "1"
    champion = Registry(registered).aliases.champion()
    assert champion is not None
    assert champion.version == "1"
    with pytest.raises(ModelError, match="version 1, not version 2"):
        Registry(registered).aliases.rollback(expected="2", reason="seen too late")
    with pytest.raises(NoChampion, match="first champion"):
        Registry(registered).aliases.rollback(expected="1", reason="again")


def test_what_a_rollback_needs_is_read_once(registered: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    aliases = Registry(registered).aliases
    aliases.promote("1", expected=None, reason="first")
    with pytest.raises(NoChampion, match="first champion"):
        Registry(registered).require_succession()
    aliases.promote("2", expected="1", reason="better")
    reads, read, held = [], audit.moves, DatabaseReader.holder
    monkeypatch.setattr(audit, "moves", lambda *what: reads.append("trail") or read(*what))
    monkeypatch.setattr(DatabaseReader, "holder", lambda *what: reads.append("registry") or held(*what))
    present, before = Registry(registered).require_succession()
    assert sorted(reads) == ["registry", "trail"]
    assert (present.version, before.version) == ("2", "1")
    assert present.promoted_at is not None
    assert before == Registry(registered).versions.get("1")


def test_a_crash_between_record_and_move_is_found_and_reported(registered: Settings) -> None:
    model = name(registered)
    Registry(registered).aliases.promote("1", expected=None, reason="first")
    audit.record(
        registered,
        action="promote",
        model=model,
        alias="champion",
        from_version="1",
        to_version="2",
        digest=None,
        why="crashed here",
    )
    assert Registry(registered).aliases.succession().previous is None
    Registry(registered).aliases.promote("2", expected="1", reason="once more")
    assert [move.action for move in audit.moves(registered, model, "champion")] == [
        "promote",
        "promote",
        "found",
        "promote",
    ]
    assert Registry(registered).aliases.succession().previous == "1"


def test_a_challenger_waits_beside_the_champion_and_is_moved_as_carefully(
    registered: Settings, other_bundle: Path
) -> None:
    model = name(registered)
    Registry(registered).aliases.promote("1", expected=None, reason="first")
    Registry(registered).aliases.challenge("1", expected=None, reason="waits")
    with pytest.raises(ModelError, match=f"the challenger of {model} is version 1, not absent"):
        Registry(registered).aliases.challenge("2", expected=None, reason="blind")
    Registry(registered).aliases.challenge("2", expected="1", reason="waits too")
    trail = audit.moves(registered, model, "challenger")
    assert [(move.action, move.from_version, move.to_version) for move in trail] == [
        ("challenge", None, "1"),
        ("challenge", "1", "2"),
    ]
    holders = [Registry(registered).aliases.holder(alias) for alias in ("champion", "challenger")]
    assert [found.version for found in holders if found] == ["1", "2"]
    shutil.copy(other_bundle / "match.onnx", stored(registered, "1") / "match.onnx")
    with pytest.raises(TamperedModel):
        Registry(registered).aliases.challenge("1", expected="2", reason="swapped")


@pytest.mark.parametrize("host", ["192.0.2.1", "::"])
def test_pages_without_a_login_stay_on_loopback(settings: Settings, host: str) -> None:
    command = serve_command(settings.model_copy(update={"host": host}))
    assert command[command.index("--host") + 1] == "127.0.0.1"


def statuses(settings: Settings) -> list[str]:
    client = Registry(settings).client
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    return sorted(run.info.status for run in client.search_runs(ids))


def test_a_run_ends_as_it_ended(settings: Settings, empty_registry: Path) -> None:
    settings.mlflow_folder.mkdir(parents=True)
    shutil.copy(empty_registry, settings.mlflow_folder / "mlflow.db")
    for error in (GateRefused("no"), ValueError("broken"), KeyboardInterrupt()):
        with pytest.raises(type(error)), Registry(settings).runs.recorded({}):
            raise error
    assert statuses(settings) == ["FAILED", "FINISHED", "KILLED"]


def test_only_runs_of_dead_processes_are_reaped(settings: Settings, empty_registry: Path) -> None:
    settings.mlflow_folder.mkdir(parents=True)
    shutil.copy(empty_registry, settings.mlflow_folder / "mlflow.db")
    client = Registry(settings).client
    with Registry(settings).runs.recorded({}):
        dead = subprocess.Popen([sys.executable, "-c", ""])
        gone = {"host": Process.current().host, "pid": dead.pid, "started": "an earlier boot/1"}
        dead.wait()
        elsewhere = {"host": "another-host", "pid": 1, "started": "whenever"}
        reused = Process(Process.current().host, os.getpid(), 1.0).facts()
        for process in (gone, elsewhere, reused):
            client.create_run("0", tags={"tandem.process": json.dumps(process)})
        assert len(Registry(settings).runs.reap_orphans()) == 2
        assert statuses(settings) == ["KILLED", "KILLED", "RUNNING", "RUNNING"]


def test_looking_into_an_empty_home_makes_nothing(settings: Settings) -> None:
    assert Registry(settings).aliases.champion() is None
    assert Registry(settings).versions.all() == []
    assert Registry(settings).runs.reap_orphans() == []
    assert not settings.root.exists()


def test_a_damaged_database_is_reported_in_one_line(settings: Settings) -> None:
    settings.mlflow_folder.mkdir(parents=True)
    (settings.mlflow_folder / "mlflow.db").write_bytes(bytes(range(256)) * 400)
    with pytest.raises(StorageError, match=r"mlflow\.db is damaged: restore a copy"):
        Registry(settings).aliases.champion()


def test_two_commands_can_create_the_registry_at_once(settings: Settings) -> None:
    lines = ["from home.settings import Settings", "from pipelines.registry.registry import Registry"]
    command = [sys.executable, "-c", "\n".join([*lines, "Registry(Settings()).create()"])]
    environment = os.environ | {"TANDEM_HOME": str(settings.root), "PYTHONPATH": str(Path(__file__).parents[3])}
    both = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(one.communicate(timeout=120)[1], one.returncode) for one in both] == [("", 0), ("", 0)]
    assert quick.knows(settings.mlflow_uri)
