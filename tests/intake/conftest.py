"""One warm sandbox for the tests of the intake."""

from collections.abc import Iterator

import pytest

from intake.documents.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A process that reads files, each in a child with limits."""
    with Sandbox() as warm:
        yield warm
