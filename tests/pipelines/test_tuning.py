"""A search and an ablation on small real data: nested runs, the recommendation, and what is never looked at."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from home import lock
from home.settings import Settings
from matching.errors import BusyError, InputError, MissingInput
from matching.problems import load_problem
from matching.problems.estimators import Trees
from matching.training import trial
from matching.training.ablation import Ablation
from matching.training.trial import Losses
from pipelines import steps, tuning
from pipelines.registry.registry import Registry
from pipelines.tuning import Search
from tandem.commands import tune as shown_tune
from tandem.console import out

pytestmark = pytest.mark.slow

TRIALS = 4


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search of small models."""
    from optuna.distributions import IntDistribution

    wide = tuning.space
    monkeypatch.setattr(
        tuning, "space", lambda: wide() | {"max_iter": IntDistribution(5, 20), "max_bins": IntDistribution(15, 31)}
    )
    small = lambda name: replace(load_problem(name), estimator=Trees(max_iter=20, max_bins=31))  # noqa: E731
    for module in (steps, tuning):
        monkeypatch.setattr(module, "load_problem", small)


@pytest.fixture
def home(tmp_path: Path, empty_registry: Path) -> Settings:
    settings = Settings(home=tmp_path / "home", source="tables", label_maturity_days=1.0)
    settings.mlflow_folder.mkdir(parents=True)
    shutil.copy(empty_registry, settings.mlflow_folder / "mlflow.db")
    return settings


def runs(settings: Settings) -> list[Any]:
    client = Registry(settings).client
    experiment = client.get_experiment_by_name(f"{settings.model_name}-tuning")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"]))


def test_every_trial_is_a_nested_run_and_the_first_has_the_default_settings(
    home: Settings, tables_folder: Path
) -> None:
    messages: list[str] = []
    found = tuning.tune(home, data=tables_folder, trials=TRIALS, progress=messages.append)
    parent, *nested = runs(home)
    assert parent.info.run_id == found.run_id
    assert {run.info.status for run in (parent, *nested)} == {"FINISHED"}
    assert len(nested) == TRIALS == len(found.trials)
    assert {run.data.tags["mlflow.parentRunId"] for run in nested} == {found.run_id}
    assert found.default.settings == Trees(max_iter=20, max_bins=31)
    by_name = {run.info.run_name: run for run in nested}
    for one in found.trials:
        run = by_name[f"trial {one.number}"]
        assert run.data.params["max_leaf_nodes"] == str(one.settings.max_leaf_nodes)
        assert run.data.metrics["loss"] == pytest.approx(one.losses.mean())
        assert run.data.metrics["loss.company"] == pytest.approx(one.losses.by_direction["company"])
    assert parent.data.metrics["loss.best"] == pytest.approx(min(one.losses.mean() for one in found.trials))
    assert parent.data.params["max_iter"] == str(found.recommended.settings.max_iter)
    assert messages[-1].startswith(f"trial {TRIALS} of {TRIALS}: loss 0.")
    assert Registry(home).versions.all() == [], "nothing is registered"


def test_the_same_seed_proposes_the_same_settings_and_another_one_others(home: Settings, tables_folder: Path) -> None:
    first, again = (tuning.tune(home, data=tables_folder, trials=3) for _ in range(2))
    assert [one.settings for one in first.trials] == [one.settings for one in again.trials]
    assert [one.losses.mean() for one in first.trials] == [one.losses.mean() for one in again.trials]
    other = tuning.tune(home.model_copy(update={"seed": 8}), data=tables_folder, trials=2)
    assert other.trials[1].settings != first.trials[1].settings


def test_only_the_training_slice_is_looked_at(
    home: Settings, tables_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = steps.label_and_split

    def without_the_rest(settings: Settings, dataset: Any) -> Any:
        parts = kept(settings, dataset)
        nothing = parts.holdout.take(np.zeros(len(parts.holdout), dtype=bool))
        return replace(parts, calibration=nothing, holdout=nothing)

    whole = tuning.tune(home, data=tables_folder, trials=1)
    monkeypatch.setattr(steps, "label_and_split", without_the_rest)
    assert tuning.tune(home, data=tables_folder, trials=1).default.losses.mean() == whole.default.losses.mean()


def test_the_minutes_bound_the_search(home: Settings, tables_folder: Path) -> None:
    found = tuning.tune(home, data=tables_folder, trials=50, minutes=1e-6)
    assert len(found.trials) == 1
    assert found.stopped_early
    assert found.recommended is found.default


@pytest.mark.parametrize("wrong", [{"trials": 0}, {"minutes": 0.0}])
def test_a_search_of_nothing_is_refused(home: Settings, tables_folder: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="at least one trial"):
        tuning.tune(home, data=tables_folder, **wrong)


def test_a_failed_search_leaves_a_failed_run_and_a_second_one_waits(home: Settings, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(MissingInput):
        tuning.tune(home, data=empty)
    assert [run.info.status for run in runs(home)] == ["FAILED"]
    with lock.held(home, "tune", "a search of settings"), pytest.raises(BusyError):
        tuning.tune(home, data=empty)


def losses(mean: float, wobble: float = 0.0) -> Losses:
    noise = np.random.default_rng(1).normal(size=2_000)
    rows = mean + wobble * (noise - noise.mean())
    return Losses(rows, np.repeat(np.arange(200), 10), np.ones(2_000), {"company": mean})


def searched(*tried: tuple[int, int, Losses]) -> Search:
    done = [(Trees(max_iter=trees, max_leaf_nodes=leaves), loss, 1.0) for trees, leaves, loss in tried]
    return tuning._search(done, "run", stopped_early=False, seed=1)


def test_the_smallest_settings_that_are_as_good_as_the_best_are_recommended() -> None:
    found = searched(
        (150, 15, losses(0.3010)),
        (400, 31, losses(0.3000)),
        (100, 8, losses(0.3001, wobble=0.02)),
        (50, 4, losses(0.3100, wobble=0.02)),
    )
    assert found.best is found.trials[1]
    # Worse by less than its standard error of 0.02 / sqrt(2000) = 0.0004; the smaller one is worse by far more.
    assert found.recommended is found.trials[2]
    assert found.default.added.mean == pytest.approx(0.001)
    only_best = searched((150, 15, losses(0.3010)), (400, 31, losses(0.3000)), (50, 4, losses(0.4)))
    assert only_best.recommended is only_best.best


def test_an_ablation_is_recorded_and_shown(home: Settings, tables_folder: Path) -> None:
    found, run_id = tuning.ablate(home, data=tables_folder)
    assert isinstance(found, Ablation)
    parent, *nested = runs(home)
    assert parent.info.run_id == run_id
    assert parent.data.params["dropped"] == (", ".join(found.dropped) or "none")
    named = {run.info.run_name for run in nested}
    assert {"every group", "without experience", "without salary", "logistic regression"} <= named
    assert "without wishes" not in named, "these tables state none"
    with out.capture() as shown:
        shown_tune.show_ablation(found)
    assert "without experience" in shown.get()
    decisions = {one.name: one.decision for one in found.groups}
    assert decisions["without experience"] == "keep", "companies ask the experienced"


def test_only_trees_can_be_searched(home: Settings, tables_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(load_problem("tables"), estimator=trial.Logistic())
    monkeypatch.setattr(tuning, "load_problem", lambda _: other)
    with pytest.raises(InputError, match="estimator of the problem is Logistic: only the settings of Trees"):
        tuning.tune(home, data=tables_folder)


def test_the_table_names_three_trials_and_the_recommended_settings() -> None:
    found = searched((150, 15, losses(0.301)), (400, 31, losses(0.300)))
    with out.capture() as shown:
        shown_tune.show_search(replace(found, stopped_early=True))
    text = shown.get()
    assert "recommended: Trees(max_iter=400, learning_rate=0.07, max_leaf_nodes=31" in text
    assert "0.30100  +0.00100" in text
    assert "time ran out" in text


def test_every_setting_of_the_trees_is_searched_within_its_range() -> None:
    assert set(tuning.space()) == set(Trees.__dataclass_fields__)
    assert trial.OLDER_SHARE == 0.75
