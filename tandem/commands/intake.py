"""`tandem intake`: resumes in files and folders become profiles, and what cannot be read is listed with its reason."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from matching.errors import InputError, MissingInput, StorageError, UnreadableFile, UnusableData
from tandem.console import bar, out, table
from tandem.options import settings_from

if TYPE_CHECKING:
    from intake.resumes.reading import ReadResume

SHOWN = 50
_OWNER_ONLY = 0o600


def intake(
    files: Annotated[list[Path], typer.Argument(help="Resumes, or folders of them.", show_default=False)],
    to: Annotated[
        Path | None, typer.Option("--out", help="Write profiles with sources and doubts to this file, as JSON lines.")
    ] = None,
) -> None:
    """Read resumes (PDF, DOCX, HTML, Markdown, text, JSON Resume, Europass XML) and show what was found."""
    found = _files(files)
    if to is not None and to.exists():
        raise InputError(f"{to} exists already: remove it, or name another file")
    read, rejected = _read(found)
    _show(read)
    if rejected:
        out.print(f"\n{len(rejected)} of {len(found)} files cannot be read")
    for sentence in rejected:
        out.print(f"  {sentence}", markup=False)
    if not read:
        raise UnusableData("no file could be read: see the reasons above")
    if to is not None:
        _write([result for _, result in read], to)


def _files(named: Sequence[Path]) -> list[Path]:
    """Return the files that were named, and those in folders that were.

    Raises:
        MissingInput: one does not exist, or there are none.
    """
    files: list[Path] = []
    for path in named:
        if not path.exists():
            raise MissingInput(f"{path} does not exist: name a resume, or a folder of resumes")
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        files += [one for one in inside if one.is_file() and not one.name.startswith(".")]
    if not files:
        raise MissingInput(f"{' '.join(map(str, named))} holds no files: name a folder of resumes")
    return list(dict.fromkeys(files))


def _read(files: Sequence[Path]) -> tuple[list[tuple[Path, "ReadResume"]], list[str]]:
    """Read every file; return the results, and a sentence for each that cannot be read."""
    from intake.documents import limits
    from intake.resumes.reading import resume
    from matching.text import pay_rates

    settings = settings_from()
    rates = pay_rates.read(settings.pay_rates) if settings.pay_rates else pay_rates.built_in()
    today = datetime.now(UTC).date()
    read: list[tuple[Path, ReadResume]] = []
    rejected: list[str] = []
    with bar("reading", len(files)) as progress:
        for done, file in enumerate(files, start=1):
            try:
                with file.open("rb") as stream:  # one byte more than allowed shows that a file is too large
                    content = stream.read(limits.MAX_FILE_BYTES + 1)
                read.append((file, resume(content, file.name, today, rates=rates)))
            except UnreadableFile as error:
                rejected.append(str(error))
            except OSError as error:
                rejected.append(f"{file.name} cannot be opened: {(error.strerror or 'input/output error').lower()}.")
            progress(done)
    return read, rejected


def _show(read: Sequence[tuple[Path, "ReadResume"]]) -> None:
    """Print a line for each resume."""
    rows = [
        [
            result.document.name,
            result.profile.headline[:40] or "-",
            ", ".join(filter(None, (result.profile.city, result.profile.country))) or "-",
            "-" if result.profile.experience_years is None else f"{result.profile.experience_years:g}",
            str(len(result.profile.skills)),
            str(len(result.doubts)),
            str(sum(hidden.characters for hidden in result.document.hidden)),
        ]
        for _, result in read[:SHOWN]
    ]
    if rows:
        columns = ["file", "headline", "place", "years", "skills", "doubts", "hidden characters"]
        table(None, columns, rows, numbers_from=3)
    if len(read) > SHOWN:
        out.print(f"and {len(read) - SHOWN:,} more")


def _write(results: Sequence["ReadResume"], to: Path) -> None:
    """Write one line of JSON a resume, to a file that only its owner may read.

    Raises:
        StorageError: the file cannot be written.
    """
    from intake.resumes.report import report

    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w", encoding="utf-8") as stream:
            stream.writelines(f"{json.dumps(report(result), ensure_ascii=False)}\n" for result in results)
    except OSError as error:
        raise StorageError(f"{to} cannot be written: {error.strerror}: name another file") from None
    out.print(f"{len(results):,} profiles with sources and doubts: {to}", markup=False)
