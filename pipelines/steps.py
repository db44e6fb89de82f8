"""The steps of a training as plain functions, each callable and testable on its own without a framework."""

import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

import numpy as np
import polars as pl

from home.settings import Settings
from matching.arrays import Floats
from matching.data.cleaning import clean
from matching.data.dataset import Dataset
from matching.data.labels import ONE_SIDED_KINDS, LabelledPairs
from matching.data.progress import Progress
from matching.data.scores import Scores
from matching.data.splits import Splits, split
from matching.data.validation_report import count
from matching.errors import InputError, MissingInput, ModelError, UnusableData
from matching.evaluation import baselines, gate, slices
from matching.evaluation.comparison import calibration_noise, compare_with_champion, leads
from matching.evaluation.evaluation import Evaluation, evaluate
from matching.features.feature_set import FeatureSet, TakesEncoder
from matching.features.transformer import EncoderFacts, TransformerEncoder
from matching.model.declared_features import DeclaredFeatures
from matching.model.match_model import MatchModel
from matching.problems import load_problem
from matching.problems.problem import Problem
from matching.sources.loading import load
from matching.training import fit, next_view
from matching.value.costs import Costs
from matching.value.estimation import measure_value
from matching.value.report import ValueReport
from pipelines.registry.registry import Registry
from pipelines.registry.versions import RegisteredModel
from store import profiles
from store.database import connect

Result = TypeVar("Result")
Baselines = dict[str, baselines.CalibratedBaseline]
CHECKED_ROWS = 2_000
HASHED_ROWS = 100_000


class StepRunner(Protocol):
    """Runs one step under its name: directly, or as a task of an orchestrator."""

    def __call__(self, name: str, work: Callable[[], Result]) -> Result:
        """Run `work` and return what it returns."""
        ...


def directly(name: str, work: Callable[[], Result]) -> Result:  # noqa: ARG001 - orchestrators need the name
    """Run a step without an orchestrator."""
    return work()


def check_input(settings: Settings, data: Path | None) -> None:
    """Check the source and the paths before anything slow starts.

    Raises:
        InputError: the source does not exist, needs a folder of files, cannot use an encoder, or has features that a
            bundle cannot name.
        MissingInput: `data` does not exist, or the folder of the text encoder holds none.
    """
    problem = load_problem(settings.source)
    DeclaredFeatures.of(problem.features(), problem.features)
    if settings.text_encoder_folder is not None:
        _features_for_encoder(settings)
        EncoderFacts.read(settings.text_encoder_folder)
    if data is None and problem.needs_files:
        raise InputError(f"source {settings.source!r} reads files: pass their folder with --data")
    if data is not None and not data.exists():
        raise MissingInput(f"{data} is not there: pass the folder of your data with --data")


def ingest(settings: Settings, data: Path | None, progress: Progress, *, drop_invalid: bool = False) -> Dataset:
    """Load and validate the dataset, as `tandem check` does.

    Invalid rows are written to `rejected/`. They stop the training, or are left out with `drop_invalid`.

    Raises:
        InputError: the data is missing or invalid, or nothing can be learned from it.
    """
    dataset = load(load_problem(settings.source).source, data, seed=settings.seed, progress=progress)
    progress(
        f"checking {count(dataset.candidates.height, 'candidate')}, {count(dataset.jobs.height, 'job')}, "
        f"{count(dataset.events.height, 'event')}"
    )
    rejected, now = settings.root / "rejected", datetime.now(UTC)
    return clean(dataset, rejected, now=now, drop_invalid=drop_invalid, progress=progress)


def data_hash(dataset: Dataset) -> str:
    """Return the SHA-256 of the values of all tables: the same rows in the same order give the same hash."""
    whole = sha256()
    for name, (_, table) in dataset.tables().items():
        whole.update(name.encode())
        for start in range(0, table.height, HASHED_ROWS):
            whole.update(table.slice(start, HASHED_ROWS).write_ndjson().encode())
    return whole.hexdigest()


def git_commit() -> str:
    """Return the commit of the running code, with `-dirty` if files differ from it; `unknown` outside a repository."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        answer = subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=True)
        return answer.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def label_and_split(settings: Settings, dataset: Dataset) -> Splits:
    """Label the pairs and split them by time.

    Raises:
        UnusableData: a split is empty.
    """
    return split(dataset, maturity=timedelta(days=settings.label_maturity_days), seed=settings.seed)


def declared(settings: Settings) -> Problem:
    """Return the problem of the source, with the transformer encoder if the settings name one.

    Raises:
        InputError: the features of the problem cannot use an encoder.
        ModelError: the encoder cannot be loaded.
    """
    folder = settings.text_encoder_folder
    if folder is None:
        return load_problem(settings.source)
    _features_for_encoder(settings)
    encoder = TransformerEncoder.load(folder)
    problem = load_problem(settings.source)

    @wraps(problem.features)  # the bundle names what it wraps
    def features() -> FeatureSet[Any]:
        return _features_for_encoder(settings).use(encoder)

    return replace(problem, features=features)


def _features_for_encoder(settings: Settings) -> TakesEncoder:
    features = load_problem(settings.source).features()
    if not isinstance(features, TakesEncoder):
        raise InputError(
            f"problem {settings.source!r} has its own features, which cannot use a transformer encoder: set the text "
            "encoder back to tfidf, or build the features on matching.features.pair_features.PairFeatures"
        )
    return features


def build(settings: Settings, splits: Splits, folder: Path, *, data_digest: str) -> MatchModel:
    """Fit and calibrate every labelled direction, write the core files and load them as the service will.

    The loaded model reuses the encodings in memory. A sample of rows checks that the restored features give the same.

    Raises:
        UnusableData: a direction has only one class.
    """
    fitted = fit.fit(splits.train, splits.calibration, seed=settings.seed, problem=declared(settings))
    rows = np.linspace(0, len(splits.holdout) - 1, min(CHECKED_ROWS, len(splits.holdout))).astype(np.int64)
    facts = {
        "cuts": {name: moment.isoformat() for name, moment in asdict(splits.cuts).items()},
        "data_hash": data_digest,
        "seed": settings.seed,
    }
    check = fitted.transform(splits.holdout.pairs.take(rows))
    fit.write(fitted, folder, source=settings.source, facts=facts, check=check)
    return MatchModel.load(folder).with_tables(fitted.tables)


def fit_baselines(model: MatchModel, splits: Splits) -> Baselines:
    """Fit and calibrate popularity, rules and TF-IDF on the splits that the model learned from."""
    features = model.transform(splits.calibration.pairs)
    names = model.features.feature_names
    return baselines.fit_baselines(splits.train, splits.calibration, features, names)


def evaluate_model(
    settings: Settings, model: MatchModel, rankers: Baselines, splits: Splits, dataset: Dataset
) -> Evaluation:
    """Evaluate the model and the baselines on the holdout, and the truth if the source knows it."""
    return evaluate(model, rankers, splits.holdout, truth=dataset.truth, seed=settings.seed)


def evaluate_next_view(settings: Settings, dataset: Dataset) -> pl.DataFrame | None:
    """Evaluate the ranking of all jobs for the last view of each candidate, left out; None for a two-sided log."""
    kinds = set(dataset.events["kind"].unique())
    if not kinds or kinds - {str(kind) for kind in ONE_SIDED_KINDS}:
        return None

    try:
        return next_view.report(
            dataset,
            lambda rest: next_view.fit_model(rest, seed=settings.seed, problem=declared(settings)),
            seed=settings.seed,
        )
    except UnusableData:
        return None


@dataclass(frozen=True)
class ScoredChampion:
    """The champion on the holdout of a challenger.

    Attributes:
        version: number of the champion's version.
        scores: its scores, computed from its own features; None if this version of the code cannot load it.
        warnings: what is unfair about a comparison, in words.
    """

    version: str
    scores: Scores | None
    warnings: tuple[str, ...]


def score_champion(registry: Registry, champion: RegisteredModel, holdout: LabelledPairs) -> ScoredChampion:
    """Score the holdout with the champion.

    Raises:
        TamperedModel: the champion's files differ from what was registered.
    """
    with TemporaryDirectory() as scratch:
        bundle = registry.versions.copy(champion, Path(scratch))
        try:
            model = MatchModel.load(bundle)
        except ModelError as error:
            note = (
                f"this version of the code cannot load champion version {champion.version}: thresholds and baselines "
                f"alone decided ({error})"
            )
            return ScoredChampion(champion.version, None, (note,))
        return ScoredChampion(champion.version, model.score(holdout.pairs), unfairness(model, holdout))


@dataclass(frozen=True)
class HoldoutScores:
    """The scores that are compared on the holdout.

    Attributes:
        holdout: the rows.
        model: scores of the model.
        baselines: match probability of each baseline, shape (n_rows,), by its name.
        champion: scores of the champion; None if there is none to compare with.
    """

    holdout: LabelledPairs
    model: Scores
    baselines: dict[str, Floats]
    champion: ScoredChampion | None

    @classmethod
    def of(
        cls, holdout: LabelledPairs, model: Scores, rankers: Baselines, champion: ScoredChampion | None
    ) -> "HoldoutScores":
        """Add the baselines' scores: a match is the product of the directions, as for the model."""
        matches = {
            name: np.prod([ranker.probability(d, holdout.pairs, model.features) for d in holdout.directions()], axis=0)
            for name, ranker in rankers.items()
        }
        return cls(holdout, model, matches, champion)


def estimate_value(settings: Settings, dataset: Dataset, splits: Splits, compared: HoldoutScores) -> ValueReport | None:
    """Estimate the value per week of each ranking of the holdout; None if the holdout is too short."""
    champion = compared.champion
    try:
        return measure_value(
            dataset,
            splits,
            compared.model.match,
            champion=champion.scores.match if champion and champion.scores else None,
            baselines=compared.baselines,
            maturity=timedelta(days=settings.label_maturity_days),
            costs=Costs(**settings.costs),
            seed=settings.seed,
        )
    except UnusableData:
        return None


def calibration_by_slice(settings: Settings, splits: Splits, scores: Scores) -> tuple[slices.SliceFigures, ...]:
    """Measure the calibration of each direction in each slice of the holdout that the problem declares."""
    declared_slices = list(slices.rows_by_slice(splits.holdout, splits.train, load_problem(settings.source).slices))
    return slices.calibration(splits.holdout, scores, declared_slices, seed=settings.seed)


def apply_gate(
    settings: Settings, evaluation: Evaluation, compared: HoldoutScores, value: ValueReport | None
) -> gate.GateVerdict:
    """Compare the model with the thresholds, and with the baselines and the champion on the same rows."""
    holdout, scores, champion = compared.holdout, compared.model, compared.champion
    comparison = None
    if champion is not None and champion.scores is not None:
        comparison = compare_with_champion(holdout, scores, champion.scores, champion_version=champion.version)
    thresholds = load_problem(settings.source).thresholds
    if settings.gate_min_value_usd_per_week is not None:
        thresholds = replace(thresholds, min_value_lead=settings.gate_min_value_usd_per_week)
    verdict = gate.decide(
        evaluation,
        comparison,
        lead=leads(holdout, scores, compared.baselines),
        seed=settings.seed,
        noise=calibration_noise(holdout, scores, seed=settings.seed),
        thresholds=thresholds,
        value_lead=value.usd_lead if value else None,
        lists=len(np.unique(holdout.lists)),
    )
    return replace(verdict, warnings=champion.warnings if champion else ())


def unfairness(champion: MatchModel, holdout: LabelledPairs) -> tuple[str, ...]:
    """Say what makes a comparison unfair: a champion that learned from events of the holdout."""
    learned_until = champion.facts.get("cuts", {}).get("calibration_end")
    first = datetime.fromisoformat(str(holdout.time.min())).replace(tzinfo=UTC)
    if learned_until is None or datetime.fromisoformat(learned_until) <= first:
        return ()
    return (
        f"the champion learned from events up to {learned_until[:19]}, and the holdout begins at {str(first)[:19]}: "
        "the comparison favours the champion",
    )


def store_profiles(settings: Settings, dataset: Dataset) -> None:
    """Store the newest version of every profile for the service.

    Raises:
        StorageError: the database cannot be written to.
    """
    engine = connect(settings.log_url)
    try:
        profiles.replace_all(engine, settings.source, dataset.candidates, dataset.jobs)
    finally:
        engine.dispose()
