"""A real browser, and the real command as a process of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

LOOPBACK = ("http://127.0.0.1:", "http://localhost:", "data:", "blob:", "about:")
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
]
Tandem = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def tandem() -> Tandem:
    """Run the command in a home; the test sees its exit code and what it printed."""

    def run(
        *arguments: str, home: Path, variables: Mapping[str, str] | None = None, seconds: float = 600
    ) -> "subprocess.CompletedProcess[str]":
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
        return subprocess.run(
            [sys.executable, "-m", "tandem", *arguments],
            env={**inherited, "TANDEM_HOME": str(home), "COLUMNS": "160", **(variables or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium, as it is installed on this machine."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    executable = os.environ.get("TANDEM_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    assert executable, "no Chromium: install one, or name one in TANDEM_CHROMIUM"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """Give a page that may not talk to anything but this machine; what it asked for elsewhere fails the test."""
    strangers: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def only_here(route: Any) -> None:
        if route.request.url.startswith(LOOPBACK):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    context.route("**/*", only_here)
    yield context.new_page()
    context.close()
    assert strangers == [], "a page asked for something that is not on this machine"
