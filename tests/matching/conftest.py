"""The small marketplace that the tests of this room share."""

from tests.matching.small_market import trained

__all__ = ["trained"]  # a fixture is found by its name in this file
