"""Another dataset, other features, another estimator: one new file runs through every flow, from CSV to drift."""

import csv
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

import matching.problems
from home.settings import Settings
from matching.data.splits import split
from matching.data.tables import Direction
from matching.model.match_model import MatchModel
from matching.problems import load_problem, names
from matching.training import fit
from monitoring import drawing
from monitoring.monitor import monitor
from monitoring.windows import read_reference
from monitoring.workspace import report_file
from pipelines.registry.registry import Registry
from pipelines.training_flow import TrainingResult, train
from serving.answers.advise import advise_candidate
from serving.answers.explain import explain
from serving.answers.loading import load_model
from serving.answers.match import match
from serving.answers.rank import rank_candidates
from serving.answers.served_model import Call, ServedModel
from serving.contract.requests import AdviseCandidateRequest, ExplainRequest, MatchRequest, RankCandidatesRequest
from serving.sides import CANDIDATE

FOLDER = Path(__file__).parent / "second_problem"
FEATURES = ("years_above", "same_subject", "same_town")
SUBJECTS, TOWNS = ("maths", "music", "law"), ("Lyon", "Graz", "")
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=130)

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def write(file: Path, rows: list[dict[str, Any]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def meetings(folder: Path) -> Path:
    """Mentors invite who shares their subject and is far enough; students accept who lives near."""
    generator = np.random.default_rng(5)

    def one_of(values: tuple[str, ...]) -> str:
        return str(generator.choice(values))

    since = (START - timedelta(days=1)).isoformat()
    students = [
        {"student": f"s{n}", "goal": one_of(SUBJECTS), "years": n % 7 or "", "town": one_of(TOWNS), "since": since}
        for n in range(150)
    ]
    mentors = [
        {"mentor": f"m{n}", "teaches": one_of(SUBJECTS), "from_years": n % 5, "town": one_of(TOWNS), "since": since}
        for n in range(120)
    ]
    log: list[dict[str, Any]] = []
    for number in range(900):
        mentor, at = mentors[generator.integers(len(mentors))], START + timedelta(hours=3 * number)
        for place, row in enumerate(generator.choice(len(students), 8, replace=False), start=1):
            log += meeting(generator, students[row], mentor, (number, place, at))
    folder.mkdir()
    for name, rows in (("students", students), ("mentors", mentors), ("log", log)):
        write(folder / f"{name}.csv", rows)
    return folder


def meeting(
    generator: np.random.Generator, student: dict[str, Any], mentor: dict[str, Any], shown: tuple[int, int, datetime]
) -> Iterator[dict[str, Any]]:
    number, place, at = shown
    row = {"student": student["student"], "mentor": mentor["mentor"], "list_id": f"l{number}", "position": place}
    yield row | {"kind": "impression", "time": at.isoformat()}
    above = (student["years"] or 3) - mentor["from_years"]
    if generator.random() > expit(0.5 * above + 2.5 * (student["goal"] == mentor["teaches"]) - 2):
        return
    yield row | {"kind": "outreach", "time": (at + timedelta(hours=1)).isoformat()}
    near = student["town"] and student["town"] == mentor["town"]
    answer = "accept" if generator.random() < (0.9 if near else 0.2) else "decline"
    yield row | {"kind": answer, "time": (at + timedelta(hours=2)).isoformat()}


@pytest.fixture(scope="module")
def swapped(
    tmp_path_factory: pytest.TempPathFactory, empty_registry: Path
) -> Iterator[tuple[Settings, TrainingResult, Path, Path]]:
    """The real training of the second problem: its folder of problems is the only thing that is added."""
    home = tmp_path_factory.mktemp("mentoring")
    settings = Settings(home=home / "home", source="mentoring", label_maturity_days=1.0)
    settings.mlflow_folder.mkdir(parents=True)
    shutil.copy(empty_registry, settings.mlflow_folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching.problems, "__path__", [*matching.problems.__path__, str(FOLDER)])
        data = meetings(home / "data")
        result = train(settings, data=data, orchestrated=False)
        bundle = Registry(settings).versions.fetch(result.version, home / "fetched")
        yield settings, result, bundle, data


@pytest.fixture(scope="module")
def served(swapped: tuple[Settings, TrainingResult, Path, Path]) -> Iterator[ServedModel]:
    settings, _, bundle, _ = swapped
    loaded = load_model(settings, bundle)
    yield loaded
    loaded.close()


def student(years: float, subject: str = "maths", town: str = "Graz") -> dict[str, Any]:
    key = f"{subject}-{town}-{years}"
    return {"candidate_id": key, "headline": subject, "skills": [], "experience_years": years, "city": town}


def mentor(subject: str = "maths", town: str = "Graz") -> dict[str, Any]:
    return {"job_id": f"{subject}-{town}", "title": subject, "min_experience_years": 2, "city": town}


def test_the_second_problem_is_one_small_file() -> None:
    (file,) = FOLDER.glob("*.py")
    assert len(file.read_text(encoding="utf-8").splitlines()) < 50


@pytest.mark.usefixtures("swapped")
def test_it_is_found_by_name() -> None:
    assert "mentoring" in names()


def test_it_passes_the_gate_and_is_promoted(swapped: tuple[Settings, TrainingResult, Path, Path]) -> None:
    settings, result, _, _ = swapped
    champion = Registry(settings).aliases.champion()
    assert champion is not None
    assert (result.outcome, champion.name, champion.version) == ("promoted", "tandem-mentoring", result.version)
    assert champion.digest == result.digest
    checks = {check.name: check for check in result.report.verdict.checks} if result.report.verdict else {}
    thresholds = load_problem("mentoring").thresholds
    assert checks["company: AUC"].threshold == thresholds.min_auc
    assert checks["candidate: calibration error"].threshold >= thresholds.max_ece
    assert "match: nDCG@10 minus that of popularity" in checks


def test_the_registered_model_scores_as_scikit_learn_does(
    swapped: tuple[Settings, TrainingResult, Path, Path],
) -> None:
    settings, _, bundle, data = swapped
    model = MatchModel.load(bundle)
    assert model.feature_names == FEATURES
    dataset = load_problem("mentoring").source.load(data, seed=settings.seed, progress=lambda _: None)
    parts = split(dataset, maturity=timedelta(days=1), seed=settings.seed)
    fitted = fit.fit(parts.train, parts.calibration, seed=settings.seed, problem=load_problem("mentoring"))
    rows = fitted.transform(parts.holdout.pairs)
    assert np.isnan(rows[:, 0]).any(), "the imputer must have something to do"
    served, by_hand = model.score(parts.holdout.pairs), np.ones(len(rows))
    for direction in Direction:
        one = fitted.models[direction]
        by_hand *= one.calibration.apply(one.classifier.predict_proba(rows)[:, 1])
    np.testing.assert_allclose(served.match, by_hand, atol=1e-5)
    assert np.ptp(by_hand) > 0.3


def test_its_service_matches_and_ranks(served: ServedModel) -> None:
    pairs = [
        {"candidate": student(4), "job": mentor()},
        {"candidate": student(4, "law", "Lyon"), "job": mentor()},
    ]
    answer = match(served, MatchRequest.model_validate({"pairs": pairs}), Call("r1", NOW))
    good, bad = answer.predictions
    assert answer.model_name == "tandem-mentoring"
    assert good.match_probability > 2 * bad.match_probability
    given = RankCandidatesRequest.model_validate({"job": mentor(), "limit": 5})
    ranked = rank_candidates(served, given, Call("r2", NOW))
    assert ranked.ranked_from == 150
    table = served.snapshot(CANDIDATE).table()
    best = table.filter(pl.col("candidate_id") == ranked.results[0].candidate_id).row(0, named=True)
    assert (best["headline"], best["city"]) == ("maths", "Graz")


def test_its_scores_are_explained_by_its_own_features(served: ServedModel) -> None:
    request = ExplainRequest.model_validate({"candidate": student(0), "job": mentor()})
    explained = {one.target: one for one in explain(served, request, Call("r3", NOW)).scores}["match"]
    by_group = {one.group: one for one in explained.contributions}
    assert set(by_group) == set(FEATURES)
    assert by_group["same_subject"].effect == "raises"
    assert by_group["years_above"].effect == "lowers"
    assert explained.base + sum(one.contribution for one in explained.contributions) == pytest.approx(
        explained.score, abs=1e-6
    )
    assert len({one.for_candidate for one in explained.contributions}) == len(FEATURES), "the words name the feature"


def test_advice_counts_what_its_features_can_see(served: ServedModel) -> None:
    request = AdviseCandidateRequest.model_validate({"candidate": student(0, "law"), "limit": 5})
    answer = advise_candidate(served, request, Call("r4", NOW))
    assert answer.now.matches > 0
    assert answer.salary is None


def test_monitoring_reads_its_reference_and_sees_a_drift_of_its_features(
    swapped: tuple[Settings, TrainingResult, Path, Path], served: ServedModel
) -> None:
    settings, result, bundle, _ = swapped
    reference = read_reference(bundle)
    assert reference.features == FEATURES
    for n in range(120):
        asking = mentor() | {"job_id": f"new-{n % 60}"}
        newcomers = [{"candidate": student(15 + k, town="Lyon"), "job": asking} for k in range(5)]
        match(served, MatchRequest.model_validate({"pairs": newcomers}), Call(f"newcomers-{n}", NOW))
    served.log.flush()
    verdict = monitor(
        settings,
        model_name=result.model_name,
        model_version="unregistered",
        bundle=bundle,
        last=600,
        now=NOW + timedelta(hours=1),
        progress=lambda _: None,
    )
    moved = {reason.column for reason in verdict.reasons}
    assert verdict.state == "drift", verdict.notes
    assert "years_above" in moved
    drawing.draw_waiting(settings)
    assert report_file(settings, str(verdict.report)) is not None


def test_what_is_explained_of_the_model_names_its_own_features(
    swapped: tuple[Settings, TrainingResult, Path, Path],
) -> None:
    _, _, bundle, _ = swapped
    card = (bundle / "card.md").read_text(encoding="utf-8")
    assert "mentoring" in card
    assert "must_have_coverage" not in card
