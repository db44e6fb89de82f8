"""Single steps of a training, called without a framework."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import matching.problems
from home.settings import Settings
from matching.data.dataset import Dataset
from matching.errors import InputError, MissingInput
from matching.features.columns import FEATURE_NAMES
from matching.features.embeddings import EMBEDDING_NAMES
from matching.features.table_features import TableFeatures
from matching.model.match_model import MatchModel
from matching.problems import load_problem
from pipelines import steps
from tests.matching.encoders import write_tiny_encoder

SECOND_PROBLEM = Path(__file__).parent / "second_problem"


def test_the_data_hash_depends_on_the_values_alone(dataset: Dataset) -> None:
    in_pieces = pl.concat([dataset.jobs[:7], dataset.jobs[7:]], rechunk=False)
    first = steps.data_hash(dataset)
    assert steps.data_hash(replace(dataset, jobs=in_pieces)) == first
    changed = dataset.jobs.with_columns(title=pl.lit("other"))
    assert steps.data_hash(replace(dataset, jobs=changed)) != first
    assert steps.data_hash(replace(dataset, events=dataset.events[:-1])) != first


def test_a_champion_that_learned_from_the_holdout_is_reported(
    dataset: Dataset, settings: Settings, bundle: Path
) -> None:
    holdout = steps.label_and_split(settings, dataset).holdout
    champion = MatchModel.load(bundle)
    first = str(holdout.time.min())
    champion.facts = {"cuts": {"calibration_end": f"{first}+00:00"}}
    assert steps.unfairness(champion, holdout) == ()
    champion.facts = {"cuts": {"calibration_end": "2026-12-01T00:00:00+00:00"}}
    (warning,) = steps.unfairness(champion, holdout)
    assert "favours the champion" in warning
    assert "2026-12-01" in warning


def test_a_wrong_source_or_path_is_reported_before_anything_starts(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(MissingInput, match="--data"):
        steps.check_input(settings, tmp_path / "nowhere")
    with pytest.raises(InputError, match="no source is called 'nope'"):
        steps.check_input(settings.model_copy(update={"source": "nope"}), None)
    with pytest.raises(MissingInput, match="make one with `tandem encoder export`"):
        steps.check_input(settings.model_copy(update={"text_encoder": str(tmp_path / "nowhere")}), None)
    with pytest.raises(InputError, match="'tables' reads files: pass their folder with --data"):
        steps.check_input(settings.model_copy(update={"source": "tables"}), None)


def test_the_encoder_of_the_settings_joins_the_features_of_the_problem(tmp_path: Path, settings: Settings) -> None:
    folder = write_tiny_encoder(tmp_path / "tiny")
    changed = settings.model_copy(update={"text_encoder": str(folder)})
    steps.check_input(changed, tmp_path)
    assert steps.declared(changed).features().feature_names == (*FEATURE_NAMES, *EMBEDDING_NAMES)
    assert steps.declared(settings).features().feature_names == FEATURE_NAMES


def test_features_that_cannot_use_an_encoder_are_reported_before_anything_starts(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching.problems, "__path__", [*matching.problems.__path__, str(SECOND_PROBLEM)])
    settings = settings.model_copy(update={"source": "mentoring"})
    changed = settings.model_copy(update={"text_encoder": str(write_tiny_encoder(tmp_path / "tiny"))})
    with pytest.raises(InputError, match="its own features, which cannot use a transformer encoder"):
        steps.check_input(changed, tmp_path)
    with pytest.raises(InputError, match="its own features"):
        steps.declared(changed)
    steps.check_input(settings, tmp_path)


def test_features_that_a_bundle_cannot_name_are_reported_before_anything_starts(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = replace(load_problem(settings.source), features=lambda: TableFeatures({}, {}))
    monkeypatch.setattr(steps, "load_problem", lambda _: own)
    with pytest.raises(InputError, match="a bundle cannot name what makes these features"):
        steps.check_input(settings, tmp_path)


def test_the_next_view_is_evaluated_only_in_a_one_sided_log(dataset: Dataset, settings: Settings) -> None:
    assert steps.evaluate_next_view(settings, dataset) is None
