"""The steps of a training, without any framework: each is a function that can be called and tested alone."""

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
from numpy.typing import NDArray

from home.settings import Settings
from matching.data.cleaning import clean
from matching.data.dataset import Dataset
from matching.data.labels import ONE_SIDED_KINDS, LabelledPairs
from matching.data.progress import Progress
from matching.data.scores import Scores
from matching.data.splits import Splits, split
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
from store import profiles
from store.database import connect

Result = TypeVar("Result")
Baselines = dict[str, baselines.CalibratedBaseline]
CHECKED_ROWS = 2_000
HASHED_ROWS = 100_000


class StepRunner(Protocol):
    """Runs one named step: directly, or as a task of an orchestrator."""

    def __call__(self, name: str, work: Callable[[], Result]) -> Result:
        """Run `work` and return what it returns."""
        ...


def directly(name: str, work: Callable[[], Result]) -> Result:  # noqa: ARG001 - the name is for orchestrators
    """Run a step without any orchestrator."""
    return work()


def check_input(settings: Settings, data: Path | None) -> None:
    """Tell a wrong source or path at once, before anything slow starts.

    Raises:
        InputError: there is no such source, it reads files and no folder is named, it cannot use an encoder, or no
            bundle could name its features.
        MissingInput: there is nothing at `data`, or no encoder in the folder of the setting.
    """
    problem = load_problem(settings.source)
    DeclaredFeatures.of(problem.features(), problem.features)
    if settings.text_encoder_folder is not None:
        _open_to_encoders(settings)
        EncoderFacts.read(settings.text_encoder_folder)
    if data is None and problem.needs_files:
        raise InputError(f"source {settings.source!r} reads files: pass their folder with --data")
    if data is not None and not data.exists():
        raise MissingInput(f"{data} is not there: pass the folder of your data with --data")


def ingest(settings: Settings, data: Path | None, progress: Progress, *, drop_invalid: bool = False) -> Dataset:
    """Load and examine the dataset, as `tandem check` does.

    Rows that break a rule are written to `rejected/`; they stop the training, or are left out with `drop_invalid`.

    Raises:
        InputError: the data is missing, wrong, or useless.
    """
    dataset = load(load_problem(settings.source).source, data, seed=settings.seed, progress=progress)
    progress(
        f"checking {dataset.candidates.height:,} candidates, {dataset.jobs.height:,} jobs, "
        f"{dataset.events.height:,} events"
    )
    return clean(dataset, settings.root / "rejected", drop_invalid=drop_invalid, progress=progress)


def data_hash(dataset: Dataset) -> str:
    """SHA-256 over every table by its values: the same rows in the same order give the same hash."""
    whole = sha256()
    for name, (_, table) in dataset.tables().items():
        whole.update(name.encode())
        for start in range(0, table.height, HASHED_ROWS):
            whole.update(table.slice(start, HASHED_ROWS).write_ndjson().encode())
    return whole.hexdigest()


def git_commit() -> str:
    """Commit of the code that runs, with `-dirty` where files differ from it; `unknown` outside a repository."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        answer = subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=True)
        return answer.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def cut(settings: Settings, dataset: Dataset) -> Splits:
    """Label and cut by time.

    Raises:
        UnusableData: a slice is empty.
    """
    return split(dataset, maturity=timedelta(days=settings.label_maturity_days), seed=settings.seed)


def declared(settings: Settings) -> Problem:
    """The problem of the source; with the transformer encoder of the setting, where it names one.

    Raises:
        InputError: the problem's own features have no place for an encoder.
        ModelError: the encoder cannot be loaded.
    """
    folder = settings.text_encoder_folder
    if folder is None:
        return load_problem(settings.source)
    _open_to_encoders(settings)
    encoder = TransformerEncoder.load(folder)
    problem = load_problem(settings.source)

    @wraps(problem.features)  # the bundle names what it wraps
    def features() -> FeatureSet[Any]:
        return _open_to_encoders(settings).use(encoder)

    return replace(problem, features=features)


def _open_to_encoders(settings: Settings) -> TakesEncoder:
    features = load_problem(settings.source).features()
    if not isinstance(features, TakesEncoder):
        raise InputError(
            f"problem {settings.source!r} has features of its own, which no transformer encoder can be added to: "
            "set the text encoder back to tfidf, or build its features on matching.features.pair_features.PairFeatures"
        )
    return features


def build(settings: Settings, parts: Splits, folder: Path, *, data_digest: str) -> MatchModel:
    """Fit and calibrate both directions where labelled, write the core files, and load them as serving will.

    The loaded model keeps the profiles as they were encoded in memory; that the restored vocabularies encode alike is
    checked on a sample of rows.

    Raises:
        UnusableData: a direction has one class only.
    """
    fitted = fit.fit(parts.train, parts.calibration, seed=settings.seed, problem=declared(settings))
    rows = np.linspace(0, len(parts.holdout) - 1, min(CHECKED_ROWS, len(parts.holdout))).astype(np.int64)
    facts = {
        "cuts": {name: moment.isoformat() for name, moment in asdict(parts.cuts).items()},
        "data_hash": data_digest,
        "seed": settings.seed,
    }
    check = fitted.transform(parts.holdout.pairs.take(rows))
    fit.write(fitted, folder, source=settings.source, facts=facts, check=check)
    return MatchModel.load(folder).with_tables(fitted.tables)


def fit_baselines(model: MatchModel, parts: Splits) -> Baselines:
    """Fit and calibrate popularity, rules and TF-IDF on the slices the model learned from."""
    features = model.transform(parts.calibration.pairs)
    names = model.features.feature_names
    return baselines.fit_baselines(parts.train, parts.calibration, features, names)


def measure(settings: Settings, model: MatchModel, named: Baselines, parts: Splits, dataset: Dataset) -> Evaluation:
    """Measure the model beside the baselines on the newest slice, and beside the truth where known."""
    return evaluate(model, named, parts.holdout, truth=dataset.truth, seed=settings.seed)


def measure_next_view(settings: Settings, dataset: Dataset) -> pl.DataFrame | None:
    """Recall and nDCG@10 for the next view, leave-last-out over all jobs; None for a two-sided log."""
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
class Rival:
    """The champion's answers for the same frozen rows.

    Attributes:
        version: which version.
        scores: its answers, through its own encoders; None where this version of the code cannot read it.
        warnings: what is unfair about a comparison.
    """

    version: str
    scores: Scores | None
    warnings: tuple[str, ...]


def rival(settings: Settings, holdout: LabelledPairs) -> Rival | None:
    """Score the frozen rows with the champion; None where there is none.

    Raises:
        TamperedModel: the champion's files are not what was registered.
    """
    registry = Registry(settings)
    champion = registry.aliases.champion()
    if champion is None:
        return None
    with TemporaryDirectory() as scratch:
        bundle = registry.versions.copy(champion, Path(scratch))
        try:
            old = MatchModel.load(bundle)
        except ModelError as error:
            note = (
                f"champion version {champion.version} cannot be read by this version of the code and was not compared, "
                f"floors and baselines alone decided ({error})"
            )
            return Rival(champion.version, None, (note,))
        return Rival(champion.version, old.score(holdout.pairs), unfairness(old, holdout))


def worth(
    settings: Settings, dataset: Dataset, parts: Splits, *, scores: Scores, named: Baselines, against: Rival | None
) -> ValueReport | None:
    """What the model's ranking is worth per week; None where the holdout is too short to tell."""
    champion = against.scores.match if against and against.scores else None
    try:
        return measure_value(
            dataset,
            parts,
            scores.match,
            champion=champion,
            baselines=_match_by_baseline(named, parts.holdout, scores),
            maturity=timedelta(days=settings.label_maturity_days),
            costs=Costs(**settings.costs),
            seed=settings.seed,
        )
    except UnusableData:
        return None


def calibration_by_slice(settings: Settings, parts: Splits, scores: Scores) -> tuple[slices.SliceFigures, ...]:
    """Calibration of each direction in each slice of the holdout that the problem names."""
    named = list(slices.rows_by_slice(parts.holdout, parts.train, load_problem(settings.source).slices))
    return slices.calibration(parts.holdout, scores, named, seed=settings.seed)


def judge(
    settings: Settings,
    evaluation: Evaluation,
    *,
    scores: Scores,
    named: Baselines,
    holdout: LabelledPairs,
    against: Rival | None,
    value: ValueReport | None,
) -> gate.GateVerdict:
    """Hold the model against the floors, and against baselines and champion on the same frozen rows."""
    lead = leads(holdout, scores, _match_by_baseline(named, holdout, scores))
    noise = calibration_noise(holdout, scores, seed=settings.seed)
    beside = None
    if against is not None and against.scores is not None:
        beside = compare_with_champion(holdout, scores, against.scores, champion_version=against.version)
    thresholds = load_problem(settings.source).thresholds
    if settings.gate_min_value_usd_per_week is not None:
        thresholds = replace(thresholds, min_value_lead=settings.gate_min_value_usd_per_week)
    verdict = gate.decide(
        evaluation,
        beside,
        lead=lead,
        seed=settings.seed,
        noise=noise,
        thresholds=thresholds,
        value_lead=value.usd_lead if value else None,
        lists=len(np.unique(holdout.lists)),
    )
    return replace(verdict, warnings=against.warnings if against else ())


def _match_by_baseline(named: Baselines, holdout: LabelledPairs, scores: Scores) -> dict[str, NDArray[np.float64]]:
    """Each baseline's probability of a match: the product of its directions, as the model's is."""
    return {
        name: np.prod([one.probability(d, holdout.pairs, scores.features) for d in holdout.directions()], axis=0)
        for name, one in named.items()
    }


def unfairness(champion: MatchModel, holdout: LabelledPairs) -> tuple[str, ...]:
    """What makes the comparison unfair: a champion that has learned from the frozen rows."""
    learned_until = champion.facts.get("cuts", {}).get("calibration_end")
    first = datetime.fromisoformat(str(holdout.time.min())).replace(tzinfo=UTC)
    if learned_until is None or datetime.fromisoformat(learned_until) <= first:
        return ()
    return (
        f"the champion learned from data up to {learned_until[:19]}, after the frozen rows begin ({str(first)[:19]}): "
        "the comparison favours the champion",
    )


def store_profiles(settings: Settings, dataset: Dataset) -> None:
    """Store the newest version of every profile, for the service to name and to search.

    Raises:
        StorageError: the database cannot be written.
    """
    engine = connect(settings.log_url)
    try:
        profiles.replace_all(engine, settings.source, dataset.candidates, dataset.jobs)
    finally:
        engine.dispose()
