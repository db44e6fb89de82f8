"""`tandem promote`: make a registered version the champion, with the gate's verdict on record."""

from typing import TYPE_CHECKING, Annotated

import typer

from tandem.console import out
from tandem.options import Source, settings_from

if TYPE_CHECKING:
    from home.settings import Settings


def promote(
    version: Annotated[str, typer.Argument(help="Number of the registered version.")],
    source: Source = None,
    reason: Annotated[str, typer.Option(help="Why; written to the trail.")] = "",
    override_gate: Annotated[
        bool, typer.Option("--override-gate", help="Promote a version that did not pass the gate; needs --reason.")
    ] = False,
) -> None:
    """Make a registered version the champion; this also undoes a rollback. Then run `tandem deploy`."""
    promote_version(settings_from(source=source), version, reason=reason, override_gate=override_gate)


def promote_version(settings: "Settings", version: str, *, reason: str = "", override_gate: bool = False) -> None:
    """Show the verdict stored with a version, then move the alias; the trail keeps verdict and reason.

    Raises:
        InputError: the gate is to be overridden without a reason, or the version did not pass it.
        ModelError: there is no such version, or the champion changed meanwhile.
    """
    from matching.errors import InputError
    from pipelines.registry import next_steps
    from pipelines.registry.registry import Registry

    if override_gate and not reason.strip():
        raise InputError('--override-gate needs a reason: pass --reason "..." too')
    registry = Registry(settings)
    model, present = registry.versions.get(version), registry.aliases.champion()
    if present is not None and present.version == model.version:
        out.print(f"{model.name} version {version} is champion already")
        return
    out.print(f"version {version}, gate: {model.gate}")
    is_overridden = not model.passed_gate
    if is_overridden and not override_gate:
        raise InputError(
            f"version {version} of {model.name} has no passed gate on record ({model.gate}): to promote it anyway, "
            'pass --override-gate --reason "..."'
        )
    why = "; ".join(
        filter(
            None,
            [
                reason.strip() or "promoted by hand",
                "gate overridden" if is_overridden else "",
                f"gate: {model.gate}",
            ],
        )
    )
    with out.status("verifying and promoting ..."):
        registry.aliases.promote(version, expected=present.version if present else None, reason=why)
    step = next_steps.make("deploy", settings.source)
    before = f", before it was version {present.version}" if present else ""
    out.print(f"[bold]{model.name} version {version}[/bold] is champion now{before}: run `{step}` to serve it")
