"""Search of settings and ablation of features, on the training split alone; every fit is a nested run in MLflow.

Only this module imports Optuna. The study stays in memory and is seeded: the same data, seed and number of trials give
the same settings. Calibration split and holdout are not used, so that the gate stays fair.

Source: Akiba et al. (2019), "Optuna"; Bergstra et al. (2011) for the tree-structured Parzen estimator.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from home import lock
from home.settings import Settings
from matching.data.finite import finite_or_null
from matching.data.progress import Progress
from matching.errors import InputError
from matching.problems import load_problem
from matching.problems.estimators import Trees
from matching.problems.problem import Problem
from matching.training import trial
from matching.training.ablation import Ablation, Refit
from matching.training.ablation import ablate as ablate_groups
from matching.training.trial import AddedLoss, InnerSplit, Losses
from pipelines import steps
from pipelines.findings import write_json
from pipelines.registry.failures import explained
from pipelines.registry.registry import Registry

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study

EXPERIMENT = "tuning"
LARGEST_STARTUP = 10


@dataclass(frozen=True)
class Trial:
    """One trial of a search.

    Attributes:
        number: counted from 0; trial 0 has the default settings.
        settings: its settings.
        losses: its losses on the newer part of the training split.
        added: its loss minus that of the best trial.
        seconds: duration of its fits.
    """

    number: int
    settings: Trees
    losses: Losses
    added: AddedLoss
    seconds: float

    @property
    def size(self) -> int:
        """The largest possible number of leaves: iterations times leaves per tree."""
        return self.settings.max_iter * self.settings.max_leaf_nodes


@dataclass(frozen=True)
class Search:
    """The result of a search of settings.

    Attributes:
        trials: all trials in their order; the first has the default settings.
        best: the trial with the smallest loss.
        recommended: the smallest model whose loss is within one standard error of the best.
        run_id: the parent run in the registry.
        stopped_early: whether time ran out before the last trial.
    """

    trials: tuple[Trial, ...]
    best: Trial
    recommended: Trial
    run_id: str
    stopped_early: bool

    @property
    def default(self) -> Trial:
        """The trial with the default settings."""
        return self.trials[0]


def space() -> "dict[str, BaseDistribution]":
    """Return the search space: every setting of `Trees` with its range."""
    from optuna.distributions import FloatDistribution, IntDistribution

    return {
        "max_iter": IntDistribution(50, 400, step=25),
        "learning_rate": FloatDistribution(0.02, 0.2, log=True),
        "max_leaf_nodes": IntDistribution(2, 48, log=True),
        "max_bins": IntDistribution(31, 255, log=True),
        "min_samples_leaf": IntDistribution(10, 240, log=True),
        "l2_regularization": FloatDistribution(0.1, 50.0, log=True),
        "max_features": FloatDistribution(0.2, 1.0),
    }


def tune(
    settings: Settings,
    *,
    data: Path | None = None,
    trials: int = 30,
    minutes: float | None = None,
    progress: Progress = lambda _: None,
) -> Search:
    """Search the settings of the trees, starting with the default ones.

    Args:
        settings: source, seed and home.
        data: folder of the source's files; None if the source needs none.
        trials: number of trials, including the default settings.
        minutes: start no trial later than this after the first; None for no limit.
        progress: receives a few words about each step.

    Raises:
        InputError: the data is missing or invalid, nothing can be learned from it, or there are no trials.
        BusyError: another search runs in this home.
        StorageError: the disk is full or cannot be written to.
    """
    if trials < 1 or (minutes is not None and minutes <= 0):
        raise InputError("a search needs at least one trial and more than zero minutes")
    _trees(load_problem(settings.source))
    with _recorded(settings, data, "search", progress) as work:
        done = _tried(work, trials, minutes)
        found = _search(done, work.run_id, stopped_early=len(done) < trials, seed=settings.seed)
        work.log(_table(found), _figures(found), asdict(found.recommended.settings))
    return found


def ablate(
    settings: Settings, *, data: Path | None = None, progress: Progress = lambda _: None
) -> tuple[Ablation, str]:
    """Leave out each group of features in turn, and try a simpler model.

    Args:
        settings: source, seed and home.
        data: folder of the source's files; None if the source needs none.
        progress: receives a few words about each step.

    Returns:
        The ablation, and the identifier of its parent run in the registry.

    Raises:
        InputError: the data is missing or invalid, or nothing can be learned from it.
        BusyError: another search runs in this home.
        StorageError: the disk is full or cannot be written to.
    """
    with _recorded(settings, data, "ablation", progress) as work:
        found = ablate_groups(
            work.inner,
            work.inner.groups,
            estimator=work.inner.problem.estimator,
            seed=settings.seed,
            progress=progress,
            finished=work.refitted,
        )
        rows = [_row(one) for one in found.refits()]
        work.log(rows, {"loss": found.full.losses.mean()}, {"dropped": ", ".join(found.dropped) or "none"})
    return found, work.run_id


@dataclass
class _Work:
    """One search or ablation, and what its fits share."""

    settings: Settings
    registry: Registry
    inner: InnerSplit
    run_id: str
    progress: Progress
    facts: dict[str, Any] = field(default_factory=dict)

    def nested(self, name: str, losses: Losses, seconds: float, params: Mapping[str, Any]) -> None:
        """Record one fit."""
        metrics = {"loss": losses.mean(), "seconds": seconds}
        metrics |= {f"loss.{direction}": loss for direction, loss in losses.by_direction.items()}
        self.registry.runs.log_nested(self.run_id, name, metrics=metrics, params=params)

    def refitted(self, found: Refit) -> None:
        """Record one refit of an ablation."""
        self.nested(found.name, found.losses, found.seconds, {"refit": found.name, "features_left_out": found.features})

    def log(self, rows: list[dict[str, Any]], metrics: Mapping[str, float], params: Mapping[str, Any]) -> None:
        """Record the table, figures and parameters of the whole search or ablation."""
        with TemporaryDirectory() as folder:
            write_json(Path(folder) / "table.json", finite_or_null(rows))
            self.registry.runs.log(
                self.run_id,
                metrics=metrics,
                params=self.facts | dict(params),
                tags={},
                files=Path(folder),
            )


@contextmanager
def _recorded(settings: Settings, data: Path | None, kind: str, progress: Progress) -> Iterator[_Work]:
    """Provide the encoded inner split inside a run, which ends as the block ends."""
    steps.check_input(settings, data)
    tags = {"tandem.source": settings.source, "tandem.kind": kind, "tandem.git_commit": steps.git_commit()}
    with explained(settings.root), lock.held(settings, "tune", "a search of settings"):
        registry = Registry(settings)
        registry.runs.reap_orphans()
        with registry.runs.recorded(tags, of=EXPERIMENT) as run_id:
            dataset = steps.ingest(settings, data, progress)
            progress("labelling and splitting by time")
            train = steps.label_and_split(settings, dataset).train
            progress("encoding")
            inner = trial.inner_split(train, steps.declared(settings))
            facts = {"seed": settings.seed, "rows.older": len(inner.older), "rows.newer": len(inner.newer)}
            yield _Work(settings, registry, inner, run_id, progress, facts)


def _tried(work: _Work, trials: int, minutes: float | None) -> list[tuple[Trees, Losses, float]]:
    """Try the default settings, then those that the sampler proposes, while there is time."""
    study, searched = _study(work.settings.seed, trials), space()
    trees = _trees(work.inner.problem)
    default = asdict(trees)
    study.enqueue_trial({name: default[name] for name in searched})
    began = time.monotonic()
    done: list[tuple[Trees, Losses, float]] = []
    best = float("inf")
    while len(done) < trials and not (done and minutes is not None and time.monotonic() - began > minutes * 60):
        proposed = study.ask(searched)
        settings = replace(trees, **proposed.params)
        started = time.monotonic()
        losses = trial.losses(work.inner, settings, seed=work.settings.seed)
        done.append((settings, losses, time.monotonic() - started))
        study.tell(proposed, losses.mean())
        work.nested(f"trial {proposed.number}", losses, done[-1][2], asdict(settings))
        best = min(best, losses.mean())
        work.progress(f"trial {len(done)} of {trials}: loss {losses.mean():.5f}, best {best:.5f}")
    return done


def _trees(declared: Problem) -> Trees:
    """Return the trees that a problem declares.

    Raises:
        InputError: its estimator is not `Trees`.
    """
    if not isinstance(declared.estimator, Trees):
        raise InputError(
            f"the estimator of the problem is {type(declared.estimator).__name__}: only the settings of Trees can be "
            "searched"
        )
    return declared.estimator


def _study(seed: int, trials: int) -> "Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # A third of a short search explores at random: the sampler needs trials to learn from.
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(LARGEST_STARTUP, max(1, trials // 3)))
    return optuna.create_study(storage=None, sampler=sampler)


def _search(done: list[tuple[Trees, Losses, float]], run_id: str, *, stopped_early: bool, seed: int) -> Search:
    """Compare every trial with the best one, and recommend the smallest model that is as good."""
    best_losses = min((losses for _, losses, _ in done), key=Losses.mean)
    tried = tuple(
        Trial(number, settings, losses, trial.added(losses, best_losses, seed=seed), seconds)
        for number, (settings, losses, seconds) in enumerate(done)
    )
    as_good = [one for one in tried if one.added.is_noise]
    return Search(
        trials=tried,
        best=min(tried, key=lambda one: one.losses.mean()),
        recommended=min(as_good, key=lambda one: (one.size, one.losses.mean())),
        run_id=run_id,
        stopped_early=stopped_early,
    )


def _table(found: Search) -> list[dict[str, Any]]:
    return [
        {
            "trial": one.number,
            **asdict(one.settings),
            "loss": one.losses.mean(),
            **{f"loss.{direction}": loss for direction, loss in one.losses.by_direction.items()},
            "added": asdict(one.added),
            "recommended": one is found.recommended,
        }
        for one in found.trials
    ]


def _figures(found: Search) -> dict[str, float]:
    named = {"default": found.default, "best": found.best, "recommended": found.recommended}
    return {f"loss.{name}": one.losses.mean() for name, one in named.items()} | {"trials": float(len(found.trials))}


def _row(found: Refit) -> dict[str, Any]:
    return {
        "refit": found.name,
        "features_left_out": found.features,
        "loss": found.losses.mean(),
        "added": asdict(found.added),
        "decision": found.decision,
    }
