"""One home for all end-to-end tests, filled step by step, and a real browser that may not leave this machine."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.house import Ended, House

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
QUIET, DRIFT = "none", "unit-bug"


@dataclass(frozen=True)
class Window:
    """What `tandem traffic` printed about one window, and how `tandem monitor` ended."""

    traffic: str
    monitor: Ended


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"))
    yield house
    house.done("stop")


@pytest.fixture(scope="session")
def trained(house: House) -> str:
    """What `tandem train` printed for the built-in marketplace, which every user trains first."""
    return house.done("train")


@pytest.fixture(scope="session")
def deployed(house: House, trained: str) -> str:  # noqa: ARG001 it needs a champion
    """What `tandem deploy` printed."""
    return house.done("deploy")


@pytest.fixture(scope="session")
def windows(house: House, deployed: str) -> dict[str, Window]:  # noqa: ARG001 it needs a service
    """A quiet and a drifted window of traffic, each with its verdict, by scenario."""
    return {
        name: Window(house.done("traffic", "--scenario", name), house.tandem("monitor", "--fail-on-drift"))
        for name in (QUIET, DRIFT)
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium as installed on this machine."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    executable = os.environ.get("TANDEM_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    assert executable, "no Chromium: install one, or set TANDEM_CHROMIUM to its path"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """Give a page that may reach nothing but this machine, and whose scripts may not fail."""
    strangers: list[str] = []
    failures: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def only_here(route: Any) -> None:
        if route.request.url.startswith(LOOPBACK):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    context.route("**/*", only_here)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    context.close()
    assert strangers == [], "a page requested something that is not on this machine"
    assert failures == [], "a script of a page failed"
