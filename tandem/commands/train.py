"""`tandem train`: train, evaluate, gate and register a model."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tandem.console import steps
from tandem.options import Data, Seed, Source, TextEncoder, settings_from

if TYPE_CHECKING:
    from home.settings import Settings
    from pipelines.training_flow import TrainingResult


def train(
    *,
    source: Source = None,
    data: Data = None,
    seed: Seed = None,
    text_encoder: TextEncoder = None,
    promote: Annotated[bool, typer.Option(help="Make the model champion; otherwise it becomes challenger.")] = True,
    drop_invalid: Annotated[
        bool,
        typer.Option("--drop-invalid", help="Leave out rows that break a rule; without it they stop the training."),
    ] = False,
) -> None:
    """Train, evaluate, gate and register a model."""
    settings = settings_from(source=source, seed=seed, text_encoder=text_encoder)
    train_model(settings, data, promote=promote, drop_invalid=drop_invalid)


def train_model(
    settings: "Settings",
    data: Path | None,
    *,
    promote: bool = True,
    drop_invalid: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> "TrainingResult":
    """Train, then print every figure and the gate's decision; the arguments are those of the training flow.

    Raises:
        TrainingRefused: the model is not good enough; its figures were printed, and nothing was registered.
    """
    from pipelines import prefect_server
    from tandem import figures

    # A request that cannot train fails at once, before a server is started for it.
    begun = prefect_server.temporary(settings) if _may_train(settings, data) else nullcontext()
    with begun as server, steps("training") as say:
        from pipelines.training_flow import TrainingRefused, train

        ready = server.wait if server else None
        try:
            result = train(
                settings,
                data=data,
                progress=say,
                promote=promote,
                drop_invalid=drop_invalid,
                ready=ready,
                on_step=on_step,
            )
        except TrainingRefused as refused:
            figures.show_report(refused.report)
            raise
    figures.show_report(result.report)
    figures.show_outcome(result)
    return result


def _may_train(settings: "Settings", data: Path | None) -> bool:
    """Whether a problem of this name exists and its data's path too; loads no problem."""
    from matching import problems

    return settings.source in problems.names() and (data is None or data.exists())
