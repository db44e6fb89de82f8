"""The salary model finds what pays, is written as data, answers the same; a public survey shows how well it guesses."""

import importlib
import json
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from matching.advice.salary import training
from matching.advice.salary.inputs import SalaryInputs, candidate_inputs
from matching.advice.salary.model import FILES, SalaryModel
from matching.advice.salary.percentile import percentile
from matching.advice.salary.training import FittedSalary, SalarySettings, fit_candidates
from matching.data.tables import Candidate, ProtectedAttributes, frame
from matching.errors import ModelError, UnusableData

QUICK = SalarySettings(max_iter=100, max_leaf_nodes=(6,), max_features=0.5, fewest_people=5)
PAY = {"Berlin": 90_000.0, "Kyiv": 45_000.0}


def people(count: int, seed: int) -> pl.DataFrame:
    """Candidates who expect more with experience, in Berlin, and with Rust; some leave out what may be left out."""
    generator = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        city, years = str(generator.choice(list(PAY))), float(generator.uniform(0, 15))
        skills = ["Rust"] if generator.random() < 0.5 else ["PHP"]
        pay = PAY[city] * (1 + 0.05 * years) * (1.3 if skills == ["Rust"] else 1.0) * np.exp(generator.normal(0, 0.15))
        rows.append(
            {
                "candidate_id": f"c{number}",
                "headline": "Backend engineer",
                "skills": [{"name": name, "years": None} for name in skills],
                "experience_years": None if number % 11 == 0 else years,
                "city": None if number % 13 == 0 else city,
                "expected_salary_usd_per_year": None if number % 7 == 0 else pay,
                "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
            }
        )
    return frame(Candidate, rows)


@pytest.fixture(scope="module")
def fitted() -> FittedSalary:
    return fit_candidates(people(900, 1), seed=3, settings=QUICK)


@pytest.fixture(scope="module")
def folder(fitted: FittedSalary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("salary")
    training.write(fitted, folder, check=fitted.encoder.transform(candidate_inputs(people(300, 2))))
    return folder


def loaded(folder: Path) -> SalaryModel:
    model = SalaryModel.load(folder)
    assert model is not None
    return model


def test_the_market_pays_for_experience_place_and_skill(folder: Path) -> None:
    base = {"candidate_id": "c", "headline": "Backend engineer", "updated_at": datetime(2026, 1, 1, tzinfo=UTC)}
    php, rust = ([{"name": name, "years": None}] for name in ("php", "Rust"))
    rows = [
        base | {"skills": php, "experience_years": 2.0, "city": "Kyiv"},
        base | {"skills": php, "experience_years": 12.0, "city": "Kyiv"},
        base | {"skills": php, "experience_years": 2.0, "city": "Berlin"},
        base | {"skills": rust, "experience_years": 2.0, "city": "Kyiv"},
    ]
    plain, years, city, skill = loaded(folder).quantiles(candidate_inputs(frame(Candidate, rows)))[:, 1]
    assert years / plain == pytest.approx(1.6 / 1.1, rel=0.2)
    assert city / plain == pytest.approx(2.0, rel=0.2)
    assert skill / plain == pytest.approx(1.3, rel=0.15)


def test_half_of_unseen_people_lie_between_the_quartiles(folder: Path) -> None:
    unseen = people(2_000, 5).filter(pl.col("expected_salary_usd_per_year").is_not_null())
    quartiles = loaded(folder).quantiles(candidate_inputs(unseen))
    expected = unseen["expected_salary_usd_per_year"].to_numpy()
    assert (np.diff(quartiles, axis=1) >= 0).all()
    assert np.mean((quartiles[:, 0] <= expected) & (expected <= quartiles[:, 2])) == pytest.approx(0.5, abs=0.08)
    assert np.mean(expected <= quartiles[:, 1]) == pytest.approx(0.5, abs=0.06)


def test_nobody_has_no_salaries(folder: Path) -> None:
    assert loaded(folder).quantiles(candidate_inputs(people(1, 1).clear())).shape == (0, 3)


def test_a_salary_model_of_another_format_is_refused(folder: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    state = json.loads((other / "salary.json").read_text())
    (other / "salary.json").write_text(json.dumps(state | {"format": 99}))
    with pytest.raises(ModelError, match=r"salary\.json has format 99, .*: run `make train`"):
        SalaryModel.load(other)


def test_a_dollar_weighs_the_same_for_everybody() -> None:
    generator = np.random.default_rng(1)
    rich, lead, night = (generator.random(3_000) < share for share in (0.4, 0.5, 0.5))
    pay = np.where(rich, 100_000 * np.where(lead, 1.3, 1), 2_000 * np.where(night, 1.3, 1))
    columns = {"rich": rich, "lead": rich & lead, "night": ~rich & night}
    inputs = SalaryInputs({name: values.astype(float) for name, values in columns.items()}, {})
    few = SalarySettings(max_iter=8, learning_rate=0.3, max_leaf_nodes=(2,), squared_leaf_nodes=(), max_features=1.0)
    fitted = training.fit(inputs, pay * np.exp(generator.normal(0, 0.2, 3_000)), seed=1, settings=few, quantiles=(0.5,))
    inputs = SalaryInputs({"rich": np.array([1.0, 1, 0, 0]), "lead": np.array([1.0, 0, 0, 0]),
                          "night": np.array([0, 0, 1.0, 0])}, {})  # fmt: skip
    lead_pay, other, night_pay, day_pay = np.exp(fitted.log_quantiles(fitted.encoder.transform(inputs)).ravel())
    assert lead_pay / other > 1.2  # the few trees there are find the 30 % of the rich first
    assert night_pay / day_pay < 1.1


def test_the_written_model_answers_as_scikit_learn_does(fitted: FittedSalary, folder: Path) -> None:
    X = fitted.encoder.transform(candidate_inputs(people(500, 6)))
    expected = np.exp(np.sort(fitted.log_quantiles(X), axis=1))
    np.testing.assert_allclose(loaded(folder).quantiles_of_columns(X), expected, rtol=1e-5)


def test_the_same_data_and_seed_give_the_same_files(folder: Path, tmp_path: Path) -> None:
    again = fit_candidates(people(900, 1), seed=3, settings=QUICK)
    training.write(again, tmp_path, check=again.encoder.transform(candidate_inputs(people(20, 2))))
    assert [(tmp_path / name).read_bytes() for name in FILES] == [(folder / name).read_bytes() for name in FILES]


def test_only_names_that_many_have_are_written_and_none_is_protected() -> None:
    table = people(900, 1).with_columns(
        headline=pl.when(pl.col("candidate_id") == "c5").then(pl.lit("Ann Smith")).otherwise(pl.col("headline"))
    )
    fitted = fit_candidates(table, seed=3, settings=QUICK)
    assert "smith" not in fitted.encoder.columns["headline"]
    assert "backend" in fitted.encoder.columns["headline"]
    fields = {*fitted.encoder.numbers, *fitted.encoder.columns}
    assert not fields & (set(ProtectedAttributes.model_fields) - {"candidate_id"})


def test_one_version_of_a_person_counts(fitted: FittedSalary) -> None:
    old = people(900, 1).with_columns(
        expected_salary_usd_per_year=pl.lit(1_000.0), updated_at=pl.lit(datetime(2025, 1, 1, tzinfo=UTC))
    )
    both = pl.concat([people(900, 1), old.cast(dict(people(1, 1).schema))])
    X = fitted.encoder.transform(candidate_inputs(people(50, 2)))
    again = fit_candidates(both, seed=3, settings=QUICK)
    np.testing.assert_array_equal(again.log_quantiles(X), fitted.log_quantiles(X))


def test_a_percentile_is_the_share_that_asks_for_less() -> None:
    quartiles = np.array([40_000.0, 50_000.0, 70_000.0])
    assert [round(percentile(value, quartiles), 6) for value in quartiles] == [0.25, 0.5, 0.75]
    assert percentile(5_000_000.0, np.array([50_000.0] * 3)) == pytest.approx(1.0)
    assert percentile(1_000.0, quartiles) < 0.01


def test_too_few_people_are_refused() -> None:
    with pytest.raises(UnusableData, match="needs 200"):
        fit_candidates(people(150, 1), seed=1, settings=QUICK)


def test_half_a_model_is_refused_and_none_is_none(folder: Path, tmp_path: Path) -> None:
    assert SalaryModel.load(tmp_path) is None
    (tmp_path / "salary.json").write_bytes((folder / "salary.json").read_bytes())
    with pytest.raises(ModelError, match=r"salary\.onnx is missing"):
        SalaryModel.load(tmp_path)


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.skipif("TANDEM_REALDATA" not in os.environ, reason="TANDEM_REALDATA is not set")
def test_on_the_survey_the_error_of_all_five_folds_is_below_470(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mean absolute errors out of fold, USD per month; no gender and no age is read."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "bench"))
    bench = importlib.import_module("salary")
    try:
        inputs, expected = bench.load(Path(os.environ["TANDEM_REALDATA"]))
        answers = bench.predicted(inputs, expected, seed=0, settings=SalarySettings())
        first_two = np.concatenate([test for _, test in bench.folds(len(expected), seed=0)[:2]])
    finally:
        sys.modules.pop("salary", None)
    assert len(expected) == 10_186
    assert not {*inputs.numbers, *inputs.names} & {"gender", "age"}
    assert all(np.isfinite(values).all() for values in answers.values())
    for rows, most in ((slice(None), 470), (first_two, 461)):  # measured: 468.1 and 459.5; the other folds are harder
        errors = {name: float(np.mean(np.abs(values - expected)[rows])) for name, values in answers.items()}
        assert errors["salary model"] < most
        assert errors["salary model"] < errors["plain trees"] < errors["median of all"]


def test_the_largest_seed_leaves_every_tree_a_seed_that_scikit_learn_takes() -> None:
    trees = dict(training._averaged(SalarySettings(), 2**32 - 1).estimators)
    assert {0 <= tree.random_state < 2**32 for tree in trees.values()} == {True}
