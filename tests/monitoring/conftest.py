import pytest

from monitoring.windows import Sample
from tests.monitoring.market import Market


@pytest.fixture(scope="session")
def market() -> Market:
    return Market()


@pytest.fixture(scope="session")
def reference(market: Market) -> Sample:
    return market.sample(11, lists=400, size=25, propensity=True)
