"""The options that commands share, and the settings that they and the `TANDEM_*` variables give."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from matching.errors import InputError

if TYPE_CHECKING:
    from home.settings import Settings

Source = Annotated[
    str | None, typer.Option(help="marketplace, job_board or tables; also names the model.", show_default="marketplace")
]
Data = Annotated[Path | None, typer.Option(help="Folder with the source's files; the marketplace needs none.")]
# `home.settings` has the same limit; it is not imported, so that `tandem --help` stays instant.
MAX_SEED = 2**32 - 1
Seed = Annotated[
    int | None, typer.Option(min=0, max=MAX_SEED, help="Random seed: the same data and seed give the same model.")
]
MarketSeed = Annotated[
    int | None, typer.Option(min=0, max=MAX_SEED, help="Seed of the marketplace; traffic needs that of the training.")
]
TextEncoder = Annotated[
    str | None,
    typer.Option(help="tfidf, or the folder of an exported transformer encoder.", show_default="tfidf"),
]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the service.", show_default="3000")]
Engine = Annotated[
    str | None, typer.Option(help="What runs the service: auto, docker, podman or process.", show_default="auto")
]
OpenPages = Annotated[bool, typer.Option("--open", help="Open the pages in a browser.")]


def settings_from(**options: Any) -> "Settings":
    """Build the settings; an option left out (None) leaves the variable or the default.

    Raises:
        InputError: a variable or an option is out of range, or no source has this name; the message names it and what
            is allowed.
    """
    from pydantic import ValidationError

    from home.settings import Settings

    try:
        settings = Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(
            f"{_written(str(detail['loc'][0]), options)}: {detail['msg'].lower()}" for detail in error.errors()
        )
        raise InputError(f"a setting is wrong: {wrong}") from error
    if settings.root.exists() and not settings.root.is_dir():
        raise InputError(f"TANDEM_HOME: {settings.root} is a file: name a folder")
    _require_source(settings)
    return settings


def _require_source(settings: "Settings") -> None:
    """Refuse a misspelt source; what was trained or deployed can be served and stopped without its problem's file."""
    from matching import problems

    if settings.source in problems.names():
        return
    from pipelines.registry.registry import Registry
    from serving.release import state

    if state.read(settings, settings.model_name) is None and not Registry(settings).versions.all():
        raise problems.unknown(settings.source)


def _written(name: str, options: dict[str, Any]) -> str:
    """How the user gave a setting: as an option or as a variable."""
    is_option = options.get(name) is not None
    return f"--{name.replace('_', '-')}" if is_option else f"TANDEM_{name.upper()}"
