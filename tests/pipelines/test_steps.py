"""Single steps of the training, called without any framework."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from matching.dataset import Dataset
from matching.errors import InputError, MissingInput
from matching.model import MatchModel
from matching.settings import Settings
from pipelines import steps


def test_the_data_hash_sees_values_and_nothing_else(dataset: Dataset) -> None:
    in_pieces = pl.concat([dataset.jobs[:7], dataset.jobs[7:]], rechunk=False)
    first = steps.data_hash(dataset)
    assert steps.data_hash(replace(dataset, jobs=in_pieces)) == first
    changed = dataset.jobs.with_columns(title=pl.lit("other"))
    assert steps.data_hash(replace(dataset, jobs=changed)) != first
    assert steps.data_hash(replace(dataset, events=dataset.events[:-1])) != first


def test_a_champion_that_has_seen_the_frozen_rows_is_named(dataset: Dataset, settings: Settings, bundle: Path) -> None:
    holdout = steps.cut(settings, dataset).holdout
    champion = MatchModel.load(bundle)
    first = str(holdout.time.min())
    champion.facts = {"cuts": {"calibration_end": f"{first}+00:00"}}
    assert steps.unfairness(champion, holdout) == ()
    champion.facts = {"cuts": {"calibration_end": "2026-12-01T00:00:00+00:00"}}
    (warning,) = steps.unfairness(champion, holdout)
    assert "favours the champion" in warning
    assert "2026-12-01" in warning


def test_a_wrong_source_or_path_is_told_before_anything_starts(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(MissingInput, match="--data"):
        steps.check_input(settings, tmp_path / "nowhere")
    with pytest.raises(InputError, match="no source is called 'nope'"):
        steps.check_input(settings.model_copy(update={"source": "nope"}), None)
    with pytest.raises(InputError, match="'tables' reads files: pass their folder with --data"):
        steps.check_input(settings.model_copy(update={"source": "tables"}), None)


def test_the_next_view_is_measured_only_in_a_one_sided_log(dataset: Dataset, settings: Settings) -> None:
    assert steps.measure_next_view(settings, dataset) is None
