"""How long work reports its progress."""

from collections.abc import Callable

# Called with a few words at each stage. A module of its own: the command line imports it without numpy and polars.
Progress = Callable[[str], None]
