"""What every test shares: no telemetry, no state outside the test's own folder, no variables of the developer."""

import os
from pathlib import Path

import pytest

from tandem import telemetry

telemetry.switch_off()


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep a test away from the real home and from the variables of whoever runs it."""
    for name in os.environ:
        if name.startswith("TANDEM_") and name not in ("TANDEM_REALDATA", "TANDEM_CHROMIUM", "TANDEM_SCREENSHOTS"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("TANDEM_HOME", str(home))
    return home
