"""Trainings on small real data: what they leave behind when they end well, are refused, or are cut short."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from home import lock
from home.settings import Settings
from matching.data.dataset import Dataset
from matching.errors import BusyError, GateRefused, InputError, MissingInput, StorageError, UnusableData
from matching.model import manifest
from matching.model.match_model import MatchModel
from matching.problems import load_problem
from matching.problems.estimators import Trees
from matching.sources import tables as tables_source
from pipelines import steps
from pipelines.registry import audit
from pipelines.registry.registry import Registry
from pipelines.training_flow import TrainingRefused, TrainingResult, train
from store import profiles
from store.database import connect
from tandem.commands.train import train_model
from tandem.console import out
from tests.pipelines.conftest import small_dataset

pytestmark = pytest.mark.slow


def home_with(folder: Path, *databases: Path) -> Settings:
    """Make a home with copies of the databases of MLflow and Prefect."""
    for database in databases:
        (folder / database.parent.name).mkdir(parents=True)
        shutil.copy(database, folder / database.parent.name)
    return Settings(home=folder, source="tables", label_maturity_days=1.0)


def quick(settings: Settings, data: Path) -> TrainingResult:
    return train(settings, data=data, orchestrated=False)


@pytest.fixture(scope="module", autouse=True)
def few_trees() -> Iterator[None]:
    """Fewer trees than by default: these tests train a dozen times."""
    with pytest.MonkeyPatch.context() as patch:
        few = Trees(max_iter=80, max_bins=63)
        patch.setattr(steps, "load_problem", lambda name: replace(load_problem(name), estimator=few))
        yield


@pytest.fixture
def home(tmp_path: Path, empty_registry: Path, empty_prefect: Path) -> Settings:
    return home_with(tmp_path / "home", empty_registry, empty_prefect)


@pytest.fixture(scope="module")
def promoted(
    tmp_path_factory: pytest.TempPathFactory, empty_registry: Path, empty_prefect: Path, tables_folder: Path
) -> tuple[Settings, TrainingResult]:
    settings = home_with(tmp_path_factory.mktemp("trained") / "home", empty_registry, empty_prefect)
    return settings, quick(settings, tables_folder)


@pytest.fixture
def write_tables(tmp_path: Path, dataset: Dataset) -> Callable[[pl.DataFrame], Path]:
    """Write the small market with other events."""

    def write(events: pl.DataFrame) -> Path:
        folder = tmp_path / "data"
        tables_source.write(Dataset("tables", dataset.candidates, dataset.jobs, events), folder)
        return folder

    return write


def statuses(settings: Settings) -> list[str]:
    client = Registry(settings).client
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    return sorted(run.info.status for run in client.search_runs(ids))


def newest_run(settings: Settings) -> Any:
    client = Registry(settings).client
    experiment = client.get_experiment_by_name(settings.model_name)
    return client.search_runs([experiment.experiment_id], order_by=["attributes.start_time DESC"])[0]


def logged(settings: Settings, name: str) -> str:
    """A file of the newest run."""
    run = newest_run(settings).info.run_id
    return Path(Registry(settings).client.download_artifacts(run, name)).read_text(encoding="utf-8")


def nothing_registered(settings: Settings) -> bool:
    return Registry(settings).versions.all() == [] and Registry(settings).aliases.champion() is None


def test_a_first_training_is_promoted_by_the_floors(promoted: tuple[Settings, TrainingResult]) -> None:
    settings, result = promoted
    champion = Registry(settings).aliases.champion()
    assert champion is not None
    assert (result.outcome, result.version, champion.version) == ("promoted", "1", "1")
    assert champion.digest == result.digest
    assert champion.promoted_at is not None
    assert result.report.verdict is not None
    assert result.report.verdict.passed
    assert result.report.verdict.champion_version is None
    assert statuses(settings) == ["FINISHED"]
    assert not (settings.root / "work").exists()


def test_the_registered_bundle_is_complete_and_answers_its_golden_cases(
    promoted: tuple[Settings, TrainingResult], tmp_path: Path
) -> None:
    settings, result = promoted
    bundle = Registry(settings).versions.fetch(result.version, tmp_path)
    files = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}
    assert files == {
        *("model.json", "features/text.npz", "match.onnx", "golden.json", "reference.parquet", "metrics.json"),
        *("features.json", "background.json", "support.json", "salary.onnx", "salary.json", "card.md", "manifest.json"),
        *("plots/calibration.png", "plots/ranking.png", "plots/importance.png"),
    }
    sealed = manifest.verify(bundle)
    # JSON has no NaN: other readers than Python's refuse the whole file.
    json.loads((bundle / "manifest.json").read_text(), parse_constant=pytest.fail)
    assert None in sealed["metrics"]["evaluation"][0].values(), "without a known truth some figures are undefined"
    assert sealed["data_hash"]
    assert sealed["git_commit"] != ""
    assert json.loads((bundle / "metrics.json").read_text())["gate"]["passed"] is True
    assert pl.read_parquet(bundle / "reference.parquet").height > 3_000
    assert MatchModel.load(bundle).digest == result.digest


def test_the_run_shows_figures_settings_plots_and_card(promoted: tuple[Settings, TrainingResult]) -> None:
    settings, result = promoted
    client = Registry(settings).client
    run = client.get_run(result.run_id)
    assert run.data.metrics["match.model.auc"] == pytest.approx(result.report.evaluation.find("match", "model").auc)
    assert len(run.data.metrics) <= 10
    figures = json.loads(Path(client.download_artifacts(result.run_id, "figures.json")).read_text())
    assert "company.TF-IDF.ndcg_lists" in figures
    assert figures.items() >= {name: run.data.metrics[name] for name in figures if name in run.data.metrics}.items()
    assert run.info.run_name == f"seed 7, AUC {run.data.metrics['match.model.auc']:.3f}".replace("0.", ".")
    dataset = run.inputs.dataset_inputs[0].dataset
    assert (dataset.name, dataset.digest) == ("tables", run.data.tags["tandem.data_hash"][:16])
    assert json.loads(dataset.profile)["rows.candidates"] == 200
    experiment = client.get_experiment(run.info.experiment_id)
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    version = client.get_model_version(result.model_name, result.version)
    for description in (
        run.data.tags["mlflow.note.content"],
        version.description,
        client.get_registered_model(result.model_name).description,
    ):
        assert description.startswith(f"# {result.model_name}")
        assert len(description) <= 5_000
    assert (version.tags["tandem.gate"], version.tags["tandem.compared_with"]) == ("passed", "none")
    assert run.data.params["model.max_iter"] == "80"
    assert run.data.params["seed"] == "7"
    assert run.data.params["text_encoder"] == "tfidf"
    assert run.data.tags["tandem.gate"] == "passed"
    assert len(run.data.tags["tandem.data_hash"]) == 64
    assert run.data.tags["tandem.git_commit"]
    shown = {file.path for file in client.list_artifacts(result.run_id)}
    assert shown == {"card.md", "figures.json", "metrics.json", "plots", "verdict.json"}
    card = Path(client.download_artifacts(result.run_id, "card.md")).read_text()
    assert result.digest in card
    assert "gender, age_band, ethnicity" in card
    assert "| match: popularity |" in card


def test_the_same_data_and_seed_give_the_same_model_and_no_new_version(
    promoted: tuple[Settings, TrainingResult], tables_folder: Path
) -> None:
    settings, first = promoted
    messages: list[str] = []
    begun: list[str] = []
    again = train(settings, data=tables_folder, orchestrated=False, progress=messages.append, on_step=begun.append)
    assert (again.outcome, again.version, again.digest) == ("identical", "1", first.digest)
    assert begun == list(again.seconds)
    assert "identical to champion version 1: nothing new to register" in messages
    assert len(Registry(settings).versions.all()) == 1


def test_an_identical_training_fills_a_new_log_database(
    promoted: tuple[Settings, TrainingResult], tables_folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    settings, _ = promoted
    moved = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'moved.db'}"})
    assert quick(moved, tables_folder).outcome == "identical"
    engine = connect(moved.log_url)
    try:
        candidates, jobs = profiles.load(engine, "tables")
    finally:
        engine.dispose()
    assert (candidates.height, jobs.height) == (dataset.candidates.height, dataset.jobs.height)


def test_a_champion_of_another_version_of_the_code_is_replaced_with_a_warning(
    home: Settings, bundle: Path, tables_folder: Path, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    shutil.copytree(bundle, older)
    state = json.loads((older / "model.json").read_text())
    (older / "model.json").write_text(json.dumps(state | {"feature_names": state["feature_names"][1:]}))
    manifest.seal(older, {})
    with Registry(home).runs.recorded({}) as run:
        Registry(home).aliases.promote(Registry(home).versions.register(run, older, tags={}), expected=None, reason="")
    messages: list[str] = []
    result = train(home, data=tables_folder, orchestrated=False, progress=messages.append)
    assert (result.outcome, result.version) == ("promoted", "2")
    warning = "this version of the code cannot load champion version 1: thresholds and baselines alone decided"
    assert any(line.startswith(f"note: {warning}") for line in messages)
    assert warning in audit.moves(home, home.model_name, "champion")[-1].why


def test_a_refused_model_is_logged_with_the_verdict_and_the_champion_stays(
    promoted: tuple[Settings, TrainingResult], dataset: Dataset, write_tables: Callable[[pl.DataFrame], Path]
) -> None:
    settings, first = promoted
    shuffled = dataset.events.with_columns(
        pl.when(pl.col("kind") == "impression")
        .then(pl.col("candidate_id"))
        .otherwise(pl.col("candidate_id").shuffle(seed=1).over("job_id"))
    )
    words = r"AUC: 0\.\d+, at least 0\.6000 required.*the champion stays"
    with out.capture() as shown, pytest.raises(GateRefused, match=words) as refused:
        train_model(settings, write_tables(shuffled))
    assert refused.value.exit_code == 3
    printed = shown.get()
    for ranker in ("popularity", "rules", "TF-IDF", "model"):
        assert printed.count(f"  {ranker} ") == 3, f"{ranker}: one line a direction and one for the match"
    assert re.search(r"the gate checked 10 figures, \d failed\n$", printed)
    champion = Registry(settings).aliases.champion()
    assert champion is not None
    assert champion.digest == first.digest
    assert len(Registry(settings).versions.all()) == 1
    latest = newest_run(settings)
    assert latest.data.tags["tandem.gate"] == "refused"
    assert latest.data.tags["tandem.compared_with"] == "1"
    verdict = json.loads(logged(settings, "verdict.json"))
    assert {check["name"] for check in verdict["checks"]} >= {
        "nDCG@10 minus the champion's",
        "company: log loss relative to the champion's, minus 1",
        "candidate: log loss relative to the champion's, minus 1",
    }
    assert verdict["warnings"] == []


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory, empty_registry: Path) -> tuple[Settings, TrainingRefused]:
    """A log of 150 lists with an invalid row, which is left out; the gate refuses what is learned from it."""
    folder = tmp_path_factory.mktemp("short")
    settings = home_with(folder / "home", empty_registry)
    data = small_dataset(seed=10, n_lists=150)
    invalid = data.candidates[:1].with_columns(candidate_id=pl.lit("c-minus"), experience_years=pl.lit(-5.0))
    tables_source.write(replace(data, candidates=pl.concat([data.candidates, invalid])), folder / "data")
    with pytest.raises(TrainingRefused) as refused:
        train(settings, data=folder / "data", orchestrated=False, drop_invalid=True)
    return settings, refused.value


def test_a_refusal_says_how_many_more_lists_would_settle_it(short: tuple[Settings, TrainingRefused]) -> None:
    settings, refused = short
    assert refused.report.verdict is not None
    checks = [check for check in refused.report.verdict.checks if "minus that of" in check.name and not check.passed]
    assert all(check.more_lists is None for check in checks if check.value < 0), "more lists would only confirm it"
    open_ = next(check for check in checks if check.value > 0)
    assert open_.low is not None
    card = logged(settings, "card.md")
    (lists,) = re.findall(r"^\| holdout \| \d+ \| (\d+) \|", card, re.MULTILINE)
    times = ((open_.value - open_.low) / open_.value) ** 2
    assert open_.more_lists == pytest.approx(int(lists) * (times - 1), abs=0.5)
    more = f"bout {open_.more_lists} more lists in the holdout would settle"
    assert f"(a{more} it); nothing was registered" in str(refused)
    assert f"- A{more} `{open_.name}`." in card
    assert json.loads(logged(settings, "verdict.json"))["checks"][-1]["more_lists"] == open_.more_lists


def test_the_card_says_which_invalid_rows_were_left_out(short: tuple[Settings, TrainingRefused]) -> None:
    settings, _ = short
    card = logged(settings, "card.md")
    assert "**The training left out 1 invalid row** (`--drop-invalid`):\n\n- candidates: 1 x experience_years " in card
    assert "--drop-invalid\n```" in card, "the command that trains it again leaves them out too"


def test_a_source_with_one_direction_trains_and_says_so(
    home: Settings, dataset: Dataset, write_tables: Callable[[pl.DataFrame], Path]
) -> None:
    views = dataset.events.filter(pl.col("kind") == "accept").with_columns(pl.lit("view").alias("kind"))
    data = write_tables(views)
    messages: list[str] = []
    result = train(home, data=data, orchestrated=False, promote=False, progress=messages.append)
    assert any("only the candidate direction has labels" in line for line in messages)
    assert result.report.only_direction == "candidate"
    assert result.report.next_view is not None
    # Without a promotion the model waits as challenger.
    assert result.outcome == "registered"
    assert Registry(home).aliases.champion() is None
    challenger = Registry(home).aliases.holder("challenger")
    assert challenger is not None
    assert challenger.version == "1"


def test_one_class_only_is_one_clear_line(
    home: Settings, dataset: Dataset, write_tables: Callable[[pl.DataFrame], Path]
) -> None:
    with pytest.raises(UnusableData, match="only answer is 'no'"):
        quick(home, write_tables(dataset.events.filter(pl.col("kind") == "impression")))
    assert nothing_registered(home)
    assert statuses(home) == ["FAILED"]


def test_missing_data_is_reported_before_anything_is_made(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="nowhere is not there"):
        train(settings, data=tmp_path / "nowhere")
    assert not settings.root.exists()


def test_wrong_columns_and_empty_tables_are_refused(home: Settings, tables_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(tables_folder, folder)
    events = pl.read_parquet(folder / "events.parquet")
    events.rename({"time": "when"}).write_parquet(folder / "events.parquet")
    with pytest.raises(InputError, match="when"):
        quick(home, folder)
    events.clear().write_parquet(folder / "events.parquet")
    with pytest.raises(UnusableData, match="no rows"):
        quick(home, folder)
    assert nothing_registered(home)
    assert statuses(home) == ["FAILED", "FAILED"]


def test_a_second_training_names_the_first(home: Settings, tables_folder: Path) -> None:
    with (
        lock.held(home, "train", "a training"),
        pytest.raises(BusyError, match=rf"a training is running already \(process {os.getpid()} since "),
    ):
        quick(home, tables_folder)
    assert statuses(home) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 4 MiB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(mount)]
    made = subprocess.run(command, capture_output=True, text=True, check=False) if shutil.which("mount") else None
    if made is None or made.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {made.stderr.strip() if made else 'no mount'}")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


# What is left when the training starts: nothing; enough to begin; enough for the model but not for its registration.
@pytest.mark.parametrize("left_kib", [0, 300, 900])
def test_a_full_disk_is_one_line_and_nothing_is_registered(
    small_disk: Path, empty_registry: Path, tables_folder: Path, left_kib: int
) -> None:
    settings = home_with(small_disk / "home", empty_registry)
    space = os.statvfs(small_disk)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (space.f_bavail * space.f_frsize - left_kib * 1024))
    with pytest.raises(StorageError, match="is full: free some space"):
        quick(settings, tables_folder)
    filler.unlink()
    assert nothing_registered(settings)
    assert "FINISHED" not in statuses(settings)


SCRIPT = """
import os, sys
from pathlib import Path
from home.settings import Settings
from pipelines.training_flow import train

settings = Settings(home=sys.argv[1], source="tables", label_maturity_days=1.0)
try:
    train(settings, data=Path(sys.argv[2]), orchestrated=sys.argv[3] == "flow", progress=lambda m: print(m, flush=True))
except KeyboardInterrupt:
    sys.exit(130)
"""


@contextmanager
def started_until(line: str, settings: Settings, data: Path, how: str) -> "Iterator[subprocess.Popen[str]]":
    """A training in a process of its own that has just printed `line`."""
    command = [sys.executable, "-c", SCRIPT, str(settings.root), str(data), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        printed = next((text for text in process.stdout if text.strip() == line), None)
        assert printed is not None, f"the training ended with {process.wait()} before {line!r}"
        yield process


@pytest.mark.parametrize("how", ["plain", "flow"])
def test_ctrl_c_ends_with_130_and_a_killed_run(home: Settings, tables_folder: Path, how: str) -> None:
    with started_until("fitting and calibrating", home, tables_folder, how) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    assert statuses(home) == ["KILLED"]
    assert nothing_registered(home)


def test_ctrl_c_between_two_steps_is_no_fault_of_prefect(
    home: Settings, tables_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect fails as it handles an interrupt that comes while it prepares a task, and raises its own error."""
    from pipelines import prefect_flow

    def interrupted(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise ValueError("Task run is not set")  # noqa: B904 - as Prefect does

    monkeypatch.setattr(prefect_flow, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(home, data=tables_folder)
    assert statuses(home) == ["KILLED"]
    assert nothing_registered(home)


def test_a_killed_training_is_closed_by_the_next(home: Settings, tables_folder: Path, tmp_path: Path) -> None:
    with started_until("fitting and calibrating", home, tables_folder, "plain") as process:
        process.kill()
    assert statuses(home) == ["RUNNING"]
    assert nothing_registered(home)
    messages: list[str] = []
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(MissingInput):
        train(home, data=empty, orchestrated=False, progress=messages.append)
    assert messages[0].startswith("closed run")
    assert statuses(home) == ["FAILED", "KILLED"]
    assert not (home.root / "work").exists()
