"""`tandem check`: every fault of every file of a dataset in one pass, without training."""

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from matching.errors import InvalidTable, MissingInput, StorageError
from tandem.console import out, steps
from tandem.options import settings_from

if TYPE_CHECKING:
    from matching.data.dataset import Dataset
    from matching.data.validation_report import FaultGroup, ValidationReport


def check(
    data: Annotated[Path, typer.Argument(help="Folder with your files.", show_default=False)],
    source: Annotated[str, typer.Option(help="tables, job_board, or a source of your own.")] = "tables",
) -> None:
    """List every fault of your data, grouped by rule, and write the rows that break one to a folder."""
    from matching.data import validation
    from matching.problems import load_problem
    from matching.sources.loading import load

    settings = settings_from(source=source)
    if not data.is_dir():
        raise MissingInput(f"{data} is not a folder: pass the folder that holds your files")
    with steps("checking") as say:
        dataset = load(load_problem(settings.source).source, data, seed=settings.seed, progress=say)
        say("examining every row")
        report = validation.examine(dataset, now=datetime.now(UTC))
    _show(dataset, report, settings.root / "rejected")


def _show(dataset: "Dataset", report: "ValidationReport", rejected: Path) -> None:
    """Print what was found, and write the rejected rows.

    Raises:
        InvalidTable: there are faults.
    """
    from matching.data.validation_report import count

    groups = report.groups()
    for place, of_file in groupby(groups, key=lambda group: group.place):
        out.print(f"\n[bold]{escape(place)}[/bold]")
        for group in of_file:
            _show_group(group)
    if report.warnings or report.redelivered:
        out.print("\n[bold]Warnings[/bold] (legal: training accepts these)")
    for warning in report.warnings:
        out.print(f"  {report.place(warning.table)}: {warning.text}", markup=False)
    for kind, copies in report.redelivered.items():
        out.print(
            f"  {report.place('events')}: {count(copies, f'{kind} event')} delivered again, counted once", markup=False
        )
    sizes = ", ".join(f"{rows.height:,} {name}" for name, (_, rows) in dataset.tables().items() if rows.height)
    out.print(f"\nread {sizes or 'no rows'}: {count(len(groups), 'broken rule') if groups else 'no faults'}")
    _write_rejected(dataset, report, rejected)
    if not groups:
        return
    rejected_rows = f", {count(report.rows, 'row')} rejected" if report.rows else ""
    ways = ", or train without these rows: `tandem train --drop-invalid`" if report.droppable else ""
    raise InvalidTable(f"{count(len(groups), 'rule')} broken{rejected_rows}: correct the files and check again{ways}")


def _write_rejected(dataset: "Dataset", report: "ValidationReport", folder: Path) -> None:
    """Write the rejected rows, and print where; what was found is worth more than these files."""
    from matching.data import rejects

    try:
        rejects.write(dataset, report, folder)
    except StorageError as error:
        out.print(str(error), markup=False)
    else:
        if report.rows:
            out.print(f"rejected rows, as CSV and Parquet, each with its place and its rules: {folder}", markup=False)


def _show_group(group: "FaultGroup") -> None:
    """Print one rule, where it is broken, and what was found there."""
    from matching.data.validation_report import count

    column = f"{group.column}: " if group.column else ""
    more = ", ..." if group.count > len(group.first) else ""
    numbers = ", ".join(f"{number:,}" for number in group.first)
    unit = group.unit if len(group.first) == 1 else f"{group.unit}s"
    rows = f"  [{count(group.count, 'row')}: {unit} {numbers}{more}]" if group.count else ""
    out.print(f"  {column}{group.rule}{rows}", markup=False)
    for hint in group.hints:
        out.print(f"      {hint}", markup=False, style="dim")
