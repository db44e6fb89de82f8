"""The training: ingest, validate, split, fit, calibrate, evaluate, gate, log, register, promote.

Nothing is registered before the gate, and the alias moves last: a training that ends early leaves a closed run and
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
from matching.data.scores import Scores
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
    """What a training ended with.

    Attributes:
        outcome: `promoted` to champion, `registered` as challenger, or `identical` to the champion.
        model_name: name of the registered model.
        version: its version; of an identical model, the champion's.
        digest: digest of the model's core files.
        run_id: the run in the registry.
        report: what was measured.
        seconds: how long each step took, by name.
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
        report: what was measured.
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
) -> TrainingResult:
    """Train on a source, and register and promote the model if it passes the gate.

    Args:
        settings: source, seed, home and the age at which a label is mature.
        data: folder of the source's files; None where it needs none.
        progress: told in a few words what is being done.
        promote: make the model champion; otherwise it becomes challenger.
        drop_invalid: leave out rows that break a rule; otherwise they stop the training.
        orchestrated: run as a Prefect flow, on the server at `PREFECT_API_URL` or a temporary one.
        ready: returns once that server answers; None where it does already, or Prefect is to start one.

    Raises:
        InputError: the data is missing, wrong or useless.
        TrainingRefused: the model is not good enough; it was logged, and nothing was registered.
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
            work = _Work(settings, registry, data, progress, run_id, bundle, promote, drop_invalid)
            return _as_flow(work, ready) if orchestrated else work.run(steps.directly)


@contextmanager
def _workshop(settings: Settings) -> Iterator[Path]:
    """An empty folder on the home's own disk; what a killed training left there is removed."""
    folder = settings.root / "work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder / "bundle"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_flow(work: "_Work", ready: Callable[[], None] | None) -> TrainingResult:
    """Run as a Prefect flow; an error of Prefect's own is told in one line."""
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
        named = "check the server at PREFECT_API_URL, or unset it to use a temporary one"
        what = "see prefect/server.log in the home, and run it again" if ready else named
        raise EngineError(f"Prefect did not run the flow ({type(error).__name__}): {what}") from error


@dataclass(frozen=True)
class Measured:
    """What was measured of the model on the newest slice."""

    evaluation: Evaluation
    scores: Scores
    named: steps.Baselines
    parts: Splits


def _interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C led to an error: between two steps, Prefect's own handling of it fails and hides it."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


@dataclass(frozen=True)
class _Work:
    """One training and what its steps share."""

    settings: Settings
    registry: Registry
    data: Path | None
    progress: Progress
    run_id: str
    bundle: Path
    promote: bool
    drop_invalid: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)

    def run(self, runner: StepRunner) -> TrainingResult:
        """Run every step in order."""
        step = self._told(runner)
        dataset = step("ingest", self._ingest)
        data_digest = step("hash", lambda: steps.data_hash(dataset))
        parts = step("split", lambda: steps.cut(self.settings, dataset))
        model = step("fit", lambda: steps.build(self.settings, parts, self.bundle, data_digest=data_digest))
        named = step("baselines", lambda: steps.fit_baselines(model, parts))
        evaluation = step("evaluate", lambda: steps.measure(self.settings, model, named, parts, dataset))
        next_view = step("next view", lambda: steps.measure_next_view(self.settings, dataset))
        scores = step("score", lambda: model.score(parts.holdout.pairs))
        before = self.registry.aliases.champion()
        same = before is not None and before.digest == model.digest
        found = Measured(evaluation, scores, named, parts)
        rival = None if same else step("rival", lambda: steps.rival(self.settings, parts.holdout))
        value = step("value", lambda: self._worth(dataset, found, rival))
        sliced = step("slices", lambda: steps.calibration_by_slice(self.settings, parts, scores))
        fair = step("fairness", lambda: self._fairness(model, dataset, parts))
        verdict = None if same else step("gate", lambda: self._judge(found, rival, value))
        step("companions", lambda: self._companions(model, parts, dataset))
        findings = Findings(
            dataset, parts, model, scores, evaluation, next_view, verdict, sliced, fair, value, data_digest
        )
        if len(model.directions) == 1:
            self.progress(f"only the {model.directions[0]}'s side has labels: the match is that side's alone")
        step("describe", lambda: self._describe(findings))
        step("log", lambda: self._log(findings))
        version, outcome = self._publish(step, findings, before)
        return TrainingResult(
            outcome=outcome,
            model_name=self.settings.model_name,
            version=version,
            digest=model.digest,
            run_id=self.run_id,
            report=findings.report(),
            seconds=self.seconds,
        )

    def _told(self, runner: StepRunner) -> StepRunner:
        """A runner that also tells the user, takes the time and keeps the error of a step."""

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

            self.progress(_WORDS[name])
            return runner(name, timed)

        return step

    def _ingest(self) -> Dataset:
        return steps.ingest(self.settings, self.data, self.progress, drop_invalid=self.drop_invalid)

    def _worth(self, dataset: Dataset, found: "Measured", rival: steps.Rival | None) -> ValueReport | None:
        return steps.worth(self.settings, dataset, found.parts, scores=found.scores, named=found.named, against=rival)

    def _fairness(self, model: MatchModel, dataset: Dataset, parts: Splits) -> FairnessReport:
        seed = self.settings.seed
        return measure_fairness(model, parts.holdout, dataset.protected, truth=dataset.truth, seed=seed)

    def _companions(self, model: MatchModel, parts: Splits, dataset: Dataset) -> None:
        companions.write(model, parts, dataset, self.bundle, seed=self.settings.seed, progress=self.progress)

    def _judge(self, found: "Measured", rival: steps.Rival | None, value: ValueReport | None) -> gate.GateVerdict:
        verdict = steps.judge(
            self.settings,
            found.evaluation,
            scores=found.scores,
            named=found.named,
            holdout=found.parts.holdout,
            against=rival,
            value=value,
        )
        for warning in verdict.warnings:
            self.progress(f"note: {warning}")
        return verdict

    def _describe(self, found: Findings) -> None:
        """Add everything but the core files to the bundle."""
        holdout, seed = found.parts.holdout, self.settings.seed
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
        # Hundreds of figures: as metrics they would bury the ten that a person compares runs by.
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

    def _publish(self, step: StepRunner, found: Findings, before: RegisteredModel | None) -> tuple[str, Outcome]:
        """Store the profiles, register, and move an alias, if the gate lets the model pass."""
        if before is not None and found.verdict is None:
            step("profiles", lambda: steps.store_profiles(self.settings, found.dataset))
            self.progress(f"identical to champion version {before.version}: nothing new to register")
            return before.version, "identical"
        verdict = found.verdict or gate.GateVerdict(())
        if not verdict.passed:
            raise TrainingRefused(_refusal(verdict, before, self.run_id), found.report())
        step("profiles", lambda: steps.store_profiles(self.settings, found.dataset))
        version = step("register", lambda: self._register(found))
        step("alias", lambda: self._move_alias(version, verdict, before))
        return version, "promoted" if self.promote else "registered"

    def _move_alias(self, version: str, verdict: gate.GateVerdict, before: RegisteredModel | None) -> None:
        """Make the version champion, or challenger; the trail keeps what was unfair about the comparison."""
        aliases = self.registry.aliases
        why = "; ".join((f"passed the gate in run {self.run_id}", *verdict.warnings))
        if self.promote:
            expected = before.version if before else None
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


_WORDS = {
    "ingest": "reading and checking the data",
    "hash": "hashing the data",
    "split": "labelling and cutting by time",
    "fit": "fitting and calibrating",
    "baselines": "fitting the baselines",
    "evaluate": "measuring beside the baselines",
    "next view": "measuring the next view",
    "score": "scoring the newest slice",
    "rival": "scoring the newest slice with the champion",
    "value": "counting what it is worth",
    "slices": "checking calibration slice by slice",
    "fairness": "measuring fairness on both sides",
    "companions": "preparing explanations, intervals and advice",
    "gate": "holding it against the floors and the champion",
    "describe": "writing model card and plots",
    "log": "logging",
    "profiles": "storing the profiles for the service",
    "register": "registering",
    "alias": "moving the alias",
}


def _refusal(verdict: gate.GateVerdict, champion: RegisteredModel | None, run_id: str) -> str:
    kept = "the champion stays" if champion else "there is no champion yet"
    refused = f"the gate refused the model: {'; '.join(verdict.failures)}"
    return f"{refused}; nothing was registered, {kept}; run {run_id} has every figure"
