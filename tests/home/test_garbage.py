"""A command searches for cycles rarely, and not at its exit."""

import subprocess
import sys

CODE = """
import atexit, gc
from home import garbage
before = gc.get_freeze_count()  # some versions of Python start with frozen objects
atexit.register(lambda: print(gc.get_freeze_count() > before, flush=True))  # runs after what is registered later
garbage.tune()
cycle = []
cycle.append(cycle)
del cycle
print(gc.get_threshold()[0] > 10_000, gc.collect() > 0)
"""


def test_cycles_are_still_found_and_the_exit_leaves_all_objects_alone() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]
