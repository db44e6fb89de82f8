"""The training: ingest, validate, split, fit, calibrate, evaluate, gate, log, register, promote.

Nothing is registered before the gate, and the alias moves last: a training that is interrupted leaves a closed run and
nothing else.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from home import lock
from home.settings import Settings
from matching.data.dataset import Dataset
from matching.data.finite import finite_or_null
from matching.data.progress import Progress
from matching.data.splits import Splits
from matching.errors import EngineError, GateRefused, TandemError
from matching.evaluation import gate
from matching.evaluation.evaluation import Evaluation, importance
from matching.fairness.audit import measure_fairness
from matching.fairness.report import FairnessReport
from matching.model import golden_requests, manifest, reference
from matching.model.match_model import MatchModel
from matching.value.report import ValueReport
from pipelines import companions, plots, steps
from pipelines.environment import prefect_variables, provide
from pipelines.findings import Findings, TrainingReport, write_json
from pipelines.registry.audit import CHALLENGER
from pipelines.registry.failures import explain, explained
from pipelines.registry.registry import Registry
from pipelines.registry.versions import RegisteredModel
from pipelines.steps import StepRunner

Outcome = Literal["promoted", "registered", "identical"]
Result = TypeVar("Result")
SHOWN_FILES = ("card.md", "metrics.json", "plots")
IMPORTANCE_ROWS = 4_000


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training that the gate did not refuse.

    Attributes:
        outcome: `promoted` to champion, `registered` as challenger, or `identical` to the champion.
        model_name: name of the registered model.
        version: number of its version; the champion's for an identical model.
        digest: digest of the core files.
        run_id: the run in the registry.
        report: every measured figure.
        seconds: duration of each step, by its name.
    """

    outcome: Outcome
    model_name: str
    version: str
    digest: str
    run_id: str
    report: TrainingReport
    seconds: Mapping[str, float]


class TrainingRefused(GateRefused):
    """The gate refused the model; nothing was registered.

    Attributes:
        report: every measured figure.
    """

    def __init__(self, message: str, report: TrainingReport) -> None:
        super().__init__(message)
        self.report = report


def train(
    settings: Settings,
    *,
    data: Path | None = None,
    progress: Progress = lambda _: None,
    promote: bool = True,
    drop_invalid: bool = False,
    orchestrated: bool = True,
    ready: Callable[[], None] | None = None,
    on_step: Callable[[str], None] = lambda _: None,
) -> TrainingResult:
    """Train on a source, and register and promote the model if it passes the gate.

    Args:
        settings: source, seed, home and maturity of labels.
        data: folder of the source's files; None if the source needs none.
        progress: receives a few words about each step.
        promote: make the model champion; otherwise it becomes challenger.
        drop_invalid: leave out invalid rows; otherwise they stop the training.
        orchestrated: run as a Prefect flow, on the server at `PREFECT_API_URL` or a temporary one.
        ready: returns once that server answers; None if it already does, or if Prefect starts one.
        on_step: receives the name of each step before it runs; what it raises ends the training.

    Raises:
        InputError: the data is missing or invalid, or nothing can be learned from it.
        TrainingRefused: the gate refused the model; it was logged, and nothing was registered.
        BusyError: another training runs in this home.
        StorageError: the disk is full or cannot be written to.
        EngineError: Prefect did not start.
    """
    steps.check_input(settings, data)
    with explained(settings.root), lock.held(settings, "train", "a training"):
        registry = Registry(settings)
        for run in registry.runs.reap_orphans():
            progress(f"closed run {run[:8]}, whose process is gone")
        tags = {"tandem.source": settings.source, "tandem.git_commit": steps.git_commit()}
        with registry.runs.recorded(tags) as run_id, _workshop(settings) as bundle:
            work = _Work(settings, registry, data, progress, on_step, run_id, bundle, promote, drop_invalid)
            return _as_flow(work, ready) if orchestrated else work.run(steps.directly)


@contextmanager
def _workshop(settings: Settings) -> Iterator[Path]:
    """Provide the path of the bundle in an empty folder of the home; files of a killed training are removed."""
    folder = settings.root / "work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder / "bundle"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_flow(work: "_Work", ready: Callable[[], None] | None) -> TrainingResult:
    """Run as a Prefect flow; Prefect's own errors become one line."""
    provide(prefect_variables(work.settings))
    work.progress("starting the flow")
    from pipelines import prefect_flow

    if ready is not None:
        ready()
    data = str(work.data) if work.data else None
    try:
        return prefect_flow.run(work.run, source=work.settings.source, seed=work.settings.seed, data=data)
    except Exception as error:
        if _interrupted(error):
            raise KeyboardInterrupt from error
        if error in work.failures or isinstance(error, TandemError) or explain(error, work.settings.root):
            raise
        if ready:
            remedy = "read prefect/server.log in the home, then run the command again"
        else:
            remedy = "check the server at PREFECT_API_URL, or unset it to use a temporary one"
        raise EngineError(f"Prefect did not run the flow ({type(error).__name__}): {remedy}") from error


def _interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C led to an error: between two steps, Prefect fails to handle it and raises an error of its own."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


@dataclass(frozen=True)
class _Work:
    """One training, and what its steps share."""

    settings: Settings
    registry: Registry
    data: Path | None
    progress: Progress
    on_step: Callable[[str], None]
    run_id: str
    bundle: Path
    promote: bool
    drop_invalid: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)

    def run(self, runner: StepRunner) -> TrainingResult:
        """Run all steps in order."""
        settings, step = self.settings, self._announced(runner)
        dataset = step("ingest", self._ingest)
        data_digest = step("hash", lambda: steps.data_hash(dataset))
        splits = step("split", lambda: steps.label_and_split(settings, dataset))
        model = step("fit", lambda: steps.build(settings, splits, self.bundle, data_digest=data_digest))
        rankers = step("baselines", lambda: steps.fit_baselines(model, splits))
        evaluation = step("evaluate", lambda: steps.evaluate_model(settings, model, rankers, splits, dataset))
        next_view = step("next view", lambda: steps.evaluate_next_view(settings, dataset))
        scores = step("score", lambda: model.score(splits.holdout.pairs))
        champion = self.registry.aliases.champion()
        is_champion = champion is not None and champion.digest == model.digest
        scored_champion = None if is_champion else self._score_champion(step, champion, splits)
        compared = steps.HoldoutScores.of(splits.holdout, scores, rankers, scored_champion)
        value = step("value", lambda: steps.estimate_value(settings, dataset, splits, compared))
        slices = step("slices", lambda: steps.calibration_by_slice(settings, splits, scores))
        fairness = step("fairness", lambda: self._fairness(model, dataset, splits))
        verdict = None if is_champion else step("gate", lambda: self._apply_gate(evaluation, compared, value))
        step("companions", lambda: self._companions(model, splits, dataset))
        findings = Findings(
            dataset, splits, model, scores, evaluation, next_view, verdict, slices, fairness, value, data_digest
        )
        if len(model.directions) == 1:
            self.progress(f"only the {model.directions[0]} direction has labels: it alone gives the match probability")
        step("describe", lambda: self._describe(findings))
        step("log", lambda: self._log(findings))
        version, outcome = self._publish(step, findings, champion)
        return TrainingResult(
            outcome=outcome,
            model_name=self.settings.model_name,
            version=version,
            digest=model.digest,
            run_id=self.run_id,
            report=findings.report(),
            seconds=self.seconds,
        )

    def _announced(self, runner: StepRunner) -> StepRunner:
        """Return a runner that also announces each step, times it and keeps its error."""

        def step(name: str, work: Callable[[], Result]) -> Result:
            def timed() -> Result:
                began = time.monotonic()
                try:
                    return work()
                except Exception as error:
                    self.failures.append(error)
                    raise
                finally:
                    self.seconds[name] = time.monotonic() - began

            self.progress(_ANNOUNCEMENTS[name])
            self.on_step(name)
            return runner(name, timed)

        return step

    def _ingest(self) -> Dataset:
        return steps.ingest(self.settings, self.data, self.progress, drop_invalid=self.drop_invalid)

    def _score_champion(
        self, step: StepRunner, champion: RegisteredModel | None, splits: Splits
    ) -> steps.ScoredChampion | None:
        if champion is None:
            return None
        return step("champion", lambda: steps.score_champion(self.registry, champion, splits.holdout))

    def _fairness(self, model: MatchModel, dataset: Dataset, splits: Splits) -> FairnessReport:
        seed = self.settings.seed
        return measure_fairness(model, splits.holdout, dataset.protected, truth=dataset.truth, seed=seed)

    def _companions(self, model: MatchModel, splits: Splits, dataset: Dataset) -> None:
        companions.write(model, splits, dataset, self.bundle, seed=self.settings.seed, progress=self.progress)

    def _apply_gate(
        self, evaluation: Evaluation, compared: steps.HoldoutScores, value: ValueReport | None
    ) -> gate.GateVerdict:
        verdict = steps.apply_gate(self.settings, evaluation, compared, value)
        for warning in verdict.warnings:
            self.progress(f"note: {warning}")
        return verdict

    def _describe(self, found: Findings) -> None:
        """Add golden requests, reference, plots, metrics and card to the bundle."""
        holdout, seed = found.splits.holdout, self.settings.seed
        golden_requests.write(found.model, found.dataset.jobs, self.bundle, seed=seed)
        reference.write(holdout, found.scores, found.model.feature_names, self.bundle)
        pictures = self.bundle / "plots"
        plots.calibration(holdout, found.scores, pictures / "calibration.png")
        plots.ranking(found.evaluation, pictures / "ranking.png")
        losses = importance(found.model, holdout, seed=seed, rows=IMPORTANCE_ROWS)
        plots.importance(losses, pictures / "importance.png")
        plots.fairness(found.fairness, pictures / "fairness.png")
        if found.value is not None:
            plots.value(found.value, pictures / "value.png")
        write_json(self.bundle / "metrics.json", found.metrics())
        (self.bundle / "card.md").write_text(
            found.card(self.settings, has_data=self.data is not None), encoding="utf-8"
        )

    def _log(self, found: Findings) -> None:
        shown = self.bundle.with_name("shown")
        for name in SHOWN_FILES:
            source, target = self.bundle / name, shown / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        if found.verdict is not None:
            write_json(shown / "verdict.json", finite_or_null(found.verdict.to_dict()))
        # As metrics, these hundreds of figures would bury the ten by which people compare runs.
        write_json(shown / "figures.json", finite_or_null(found.flat() | self._timings()))
        self.registry.runs.log(
            self.run_id,
            metrics=found.headline() | {"seconds": sum(self.seconds.values())},
            params=found.parameters(self.settings),
            tags=found.tags(),
            files=shown,
            name=found.run_name(self.settings),
            description=(self.bundle / "card.md").read_text(encoding="utf-8"),
            data=found.data(self.data),
        )

    def _timings(self) -> dict[str, float]:
        return {f"seconds.{name.replace(' ', '_')}": value for name, value in self.seconds.items()}

    def _publish(self, step: StepRunner, found: Findings, champion: RegisteredModel | None) -> tuple[str, Outcome]:
        """Store the profiles, register the model and move an alias; raise if the gate refused the model."""
        if champion is not None and found.verdict is None:
            step("profiles", lambda: steps.store_profiles(self.settings, found.dataset))
            self.progress(f"identical to champion version {champion.version}: nothing new to register")
            return champion.version, "identical"
        verdict = found.verdict or gate.GateVerdict(())
        if not verdict.passed:
            raise TrainingRefused(_refusal(verdict, champion, self.run_id), found.report())
        step("profiles", lambda: steps.store_profiles(self.settings, found.dataset))
        version = step("register", lambda: self._register(found))
        step("alias", lambda: self._move_alias(version, verdict, champion))
        return version, "promoted" if self.promote else "registered"

    def _move_alias(self, version: str, verdict: gate.GateVerdict, champion: RegisteredModel | None) -> None:
        """Make the version champion or challenger; the trail records what was unfair about the comparison."""
        aliases = self.registry.aliases
        why = "; ".join((f"passed the gate in run {self.run_id}", *verdict.warnings))
        if self.promote:
            expected = champion.version if champion else None
            aliases.promote(version, expected=expected, reason=why)
        else:
            waiting = aliases.holder(CHALLENGER)
            expected = waiting.version if waiting else None
            aliases.challenge(version, expected=expected, reason=why)

    def _register(self, found: Findings) -> str:
        commit = steps.git_commit()
        manifest.seal(self.bundle, {"data_hash": found.data_digest, "git_commit": commit, "metrics": found.metrics()})
        tags = found.tags() | {"tandem.git_commit": commit}
        return self.registry.versions.register(self.run_id, self.bundle, tags=tags)


_ANNOUNCEMENTS = {
    "ingest": "reading and checking the data",
    "hash": "hashing the data",
    "split": "labelling and splitting by time",
    "fit": "fitting and calibrating",
    "baselines": "fitting the baselines",
    "evaluate": "evaluating beside the baselines",
    "next view": "evaluating the next view",
    "score": "scoring the holdout",
    "champion": "scoring the holdout with the champion",
    "value": "estimating the value",
    "slices": "measuring calibration by slice",
    "fairness": "measuring fairness on both sides",
    "companions": "preparing explanations, intervals and advice",
    "gate": "applying the gate",
    "describe": "writing the model card and plots",
    "log": "logging",
    "profiles": "storing the profiles for the service",
    "register": "registering",
    "alias": "moving the alias",
}


def _refusal(verdict: gate.GateVerdict, champion: RegisteredModel | None, run_id: str) -> str:
    stays = "the champion stays" if champion else "there is no champion yet"
    refused = f"the gate refused the model: {'; '.join(verdict.failures)}"
    return f"{refused}; nothing was registered, {stays}; run {run_id} has every figure"
