"""How long work reports what it is doing."""

from collections.abc import Callable

# Called with a few words at each stage. In a module of its own: the command line needs the type, not numpy and polars.
Progress = Callable[[str], None]
