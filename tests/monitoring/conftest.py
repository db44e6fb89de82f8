from pathlib import Path

import pytest

from home.settings import Settings
from monitoring.windows import Sample
from tests.monitoring.market import Market


@pytest.fixture(scope="session")
def market() -> Market:
    return Market()


@pytest.fixture(scope="session")
def reference(market: Market) -> Sample:
    return market.sample(11, lists=400, size=25, propensity=True)


@pytest.fixture
def settings(own_home: Path) -> Settings:
    return Settings(home=own_home)
