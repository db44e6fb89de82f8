"""A second process that draws reports: it imports Evidently, which takes longest, while ours evaluates the window."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from matching.errors import EngineError, TandemError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from home.settings import Settings
    from monitoring.verdict import WindowVerdict
    from monitoring.windows import Sample


class Drawer:
    """The process at the other end of a connection.

    Args:
        connection: where requests go.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def draw(
        self,
        settings: "Settings",
        verdict: "WindowVerdict",
        *,
        reference: "Sample",
        window: "Sample",
        replaces: "Sequence[str]",
    ) -> str:
        """Draw one window as `monitoring.reports.write_report` does, and return the report's id.

        Raises:
            StorageError: the workspace cannot be written.
            EngineError: the process ended.
        """
        try:
            self._connection.send((settings, verdict, reference, window, list(replaces)))
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise EngineError("the process that draws the report ended: run `make monitor` again") from error
        if isinstance(answer, BaseException):
            raise answer
        return str(answer)


@contextmanager
def started() -> Iterator[Drawer]:
    """Run the process as long as the block runs."""
    context = multiprocessing.get_context("spawn")  # a fork would share the threads of polars
    ours, theirs = context.Pipe()
    process = context.Process(target=_draw, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Drawer(ours)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _draw(connection: Connection) -> None:
    """Draw what is requested until the other end is closed."""
    from monitoring import reports

    reports.prepare()
    while True:
        try:
            settings, verdict, reference, window, replaces = connection.recv()
        except EOFError:
            return
        try:
            connection.send(
                reports.write_report(settings, verdict, reference=reference, window=window, replaces=replaces)
            )
        except TandemError as error:
            connection.send(error)
