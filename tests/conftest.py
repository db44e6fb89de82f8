"""What every test shares: no telemetry, no state outside the test's own folder, no variables of the developer."""

import os
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

# Set before anything loads OpenMP. Threads of scikit-learn wait for each other by spinning, so two workers with two
# threads each spend most of their time waiting. The commands and services that a test starts inherit these.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(variable, "1")

from home import garbage  # noqa: E402
from tandem import telemetry  # noqa: E402

telemetry.switch_off()
garbage.tune()
# A job in the background of a shell ignores Ctrl-C, and so would every command that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

KEPT_VARIABLES = ("TANDEM_REALDATA", "TANDEM_CHROMIUM", "TANDEM_SCREENSHOTS", "TANDEM_TEST_ENCODER")


SHARED = ("trained", "service")
"""Slow fixtures of the whole session: a model of a small market, a running service. Files that use one of them run on
the same worker."""


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep a test away from the real home and from the variables of whoever runs it."""
    for name in os.environ:
        if name.startswith("TANDEM_") and name not in KEPT_VARIABLES:
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("TANDEM_HOME", str(home))
    return home


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Give a port of loopback that nothing listens on."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find


def chromium() -> str | None:
    """Path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("TANDEM_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group what one worker must run, put long groups first so that none is left for the end, skip what cannot run."""
    shared = {item.path: name for item in items for name in SHARED if name in getattr(item, "fixturenames", ())}
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in shared, item.path not in slow))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(shared.get(item.path, str(item.path))))
    skip_what_cannot_run(items)


def skip_what_cannot_run(items: list[pytest.Item]) -> None:
    """Skip, with a reason, what this machine cannot run; CI may not skip the pages and the transformer."""
    reasons = {
        "realdata": None if os.environ.get("TANDEM_REALDATA") else "TANDEM_REALDATA names no folder of public data",
        "container": None if os.environ.get("TANDEM_TEST_CONTAINER") == "1" else "TANDEM_TEST_CONTAINER is not 1",
        "transformer": None
        if os.environ.get("TANDEM_TEST_ENCODER") or os.environ.get("CI")
        else "TANDEM_TEST_ENCODER names no exported encoder (scripts/encoder-tools.sh --test-encoder makes one)",
        "browser": None if chromium() or os.environ.get("CI") else "no Chromium; TANDEM_CHROMIUM may name one",
    }
    for item in items:
        for marker, reason in reasons.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
