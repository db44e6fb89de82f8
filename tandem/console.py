"""What the user sees: tables, steps of long work with their times, progress bars; plain lines without a terminal."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
COUNT = re.compile(r"\b([\d,]+) of ([\d,]+)\b")
SAY_EVERY = 10  # percent, without a terminal


@contextmanager
def steps(doing: str) -> Iterator[Callable[[str], None]]:
    """Show long work as it goes: a spinner with the current step, and each step once with the second at which it began.

    A step that counts ("week 3 of 26") is printed only once it is complete.
    """
    began = time.monotonic()
    with out.status(f"{doing} ...", spinner="dots") as status:

        def say(step: str) -> None:
            counted = COUNT.search(step)
            if counted is None or counted[1] == counted[2]:
                out.print(f"[dim]{time.monotonic() - began:6.1f} s[/dim]  {escape(step)}")
            status.update(escape(f"{doing}: {step}"))

        yield say


@contextmanager
def bar(doing: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show countable work: a bar on a terminal, a line at every tenth without one."""
    if not out.is_terminal:
        yield _lines(doing, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda done: progress.update(task, completed=done)


def _lines(doing: str, total: int) -> Callable[[int], None]:
    said = 0

    def update(done: int) -> None:
        nonlocal said
        percent = 100 * done // max(total, 1)
        if percent >= said + SAY_EVERY:
            said = percent - percent % SAY_EVERY
            out.print(f"{doing}: {done:,} of {total:,} ({percent} %)")

    return update


def table(title: str | None, columns: list[str], rows: list[list[str]], *, numbers_from: int = 1) -> None:
    """Print a table; columns from `numbers_from` on are aligned right."""
    shown = Table(title=title, title_justify="left", header_style="bold", box=None, padding=(0, 2, 0, 0))
    for position, name in enumerate(columns):
        is_number = position >= numbers_from
        # Beside numbers a name stays whole, and the headings wrap.
        is_name = not is_number and numbers_from < len(columns)
        # A heading wraps between words, never within one; a number never does.
        whole = [*name.split(), *(row[position] for row in rows)]
        longest = max(map(len, whole), default=0) if is_number else None
        shown.add_column(
            name, justify="right" if is_number else "left", overflow="fold", no_wrap=is_name, min_width=longest
        )
    for row in rows:
        shown.add_row(*row)
    out.print(shown)
