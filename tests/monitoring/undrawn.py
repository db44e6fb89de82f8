"""A process that seems to draw for a long time, so that reports stay in the queue."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from home.settings import Settings
from monitoring import drawing

HOLD = """
from home import lock
from home.settings import Settings
with lock.held(Settings(), "reports", "the test"):
    print("held", flush=True)
    input()
"""


@contextmanager
def nothing_is_drawn(settings: Settings) -> Iterator[None]:
    """Stop what draws; have another process hold the lock of the reports while the block runs; then stop it."""
    drawing.stop(settings)
    environment = os.environ | {"TANDEM_HOME": str(settings.root)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", HOLD], env=environment, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        drawing.stop(settings)  # also the process that has been started and has not found the lock held yet
