"""Searches of settings and ablations, as tables."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.console import out, steps, table
from tandem.options import Data, Seed, Source, settings_from

if TYPE_CHECKING:
    from home.settings import Settings
    from matching.training.ablation import Ablation
    from matching.training.trial import AddedLoss, Losses
    from pipelines.tuning import Search, Trial

LEGEND = (
    "Loss: nats per shown pair on the newest quarter of the training split, both directions together. Added: to the "
    "loss of {}, with the ends of the one-sided 95 % interval over lists."
)


def tune(
    *,
    source: Source = None,
    data: Data = None,
    seed: Seed = None,
    trials: Annotated[int, typer.Option(min=1, max=1_000, help="Settings to try, the default ones first.")] = 30,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Start no trial later than this.")] = None,
    ablate: Annotated[bool, typer.Option("--ablate", help="Leave out each group of features in turn instead.")] = False,
) -> None:
    """Search the settings of the trees, or find features that do not help; registers nothing."""
    settings = settings_from(source=source, seed=seed)
    if ablate:
        ablation(settings, data)
    else:
        search(settings, data, trials=trials, minutes=minutes)


def search(settings: "Settings", data: Path | None, *, trials: int, minutes: float | None) -> "Search":
    """Search settings, and print the default beside the best and the simplest that is as good."""
    from pipelines.tuning import tune

    with steps("tuning") as say:
        found = tune(settings, data=data, trials=trials, minutes=minutes, progress=say)
    show_search(found)
    return found


def ablation(settings: "Settings", data: Path | None) -> "Ablation":
    """Leave out each group of features, and print which are missed."""
    from pipelines.tuning import ablate

    with steps("ablating") as say:
        found, _ = ablate(settings, data=data, progress=say)
    show_ablation(found)
    return found


def show_search(found: "Search") -> None:
    """Print three trials: the default, the best, and the simplest within one standard error of the best."""
    named = {"default": found.default, "best": found.best, "recommended": found.recommended}
    lines = [[name, *_settings(one), *_loss(one.losses, one.added)] for name, one in named.items()]
    columns = ["", "trees", "rate", "leaves", "loss", "added", "from", "to"]
    table(f"{len(found.trials)} settings tried", columns, lines)
    out.print(f"[dim]{LEGEND.format('the best')}[/dim]")
    if found.stopped_early:
        out.print("time ran out before all trials had started")
    words = ", ".join(f"{name}={value!r}" for name, value in asdict(found.recommended.settings).items())
    out.print(f"recommended: Trees({words})", markup=False)


def _settings(one: "Trial") -> list[str]:
    chosen = one.settings
    return [str(chosen.max_iter), f"{chosen.learning_rate:.3f}", str(chosen.max_leaf_nodes)]


def _loss(losses: "Losses", added: "AddedLoss") -> list[str]:
    return [f"{losses.mean():.5f}", *(f"{value:+.5f}" for value in (added.mean, added.low, added.high))]


def show_ablation(found: "Ablation") -> None:
    """Print every refit beside the full model, and what to drop."""
    lines = [[one.name, *_loss(one.losses, one.added), one.decision] for one in found.refits()]
    table("Refits without a group of features", ["", "loss", "added", "from", "to", "decision"], lines)
    out.print(f"[dim]{LEGEND.format('the model with every group')}[/dim]")
    out.print(f"drop: {', '.join(found.dropped)}" if found.dropped else "every group is missed: nothing to drop")
    if found.logistic.decision == "wins":
        out.print("logistic regression is not worse than the trees: it is the simpler model")
