"""Ctrl-C, held back while one service takes the place of another: half of a switch would leave none running."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class _Held:
    """Takes SIGINT and remembers that it came."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.came = True


@contextmanager
def held() -> Iterator[None]:
    """Hold Ctrl-C back until the block has ended; an error of the block comes before it.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed during the block.
    """
    if threading.current_thread() is not threading.main_thread():  # Python delivers signals to the main thread only
        yield
        return
    handler = _Held()
    former = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
    if handler.came:
        raise KeyboardInterrupt


def are_held() -> bool:
    """Whether Ctrl-C is being held back."""
    return isinstance(signal.getsignal(signal.SIGINT), _Held)
