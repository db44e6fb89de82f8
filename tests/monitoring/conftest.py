import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from home.settings import Settings
from monitoring import report_queue
from monitoring.drawn_columns import drawn_columns
from monitoring.report_queue import ReportContent, WaitingReport
from monitoring.verdict import Evaluator
from monitoring.windows import Sample
from tests.monitoring.market import INPUTS, Market


@pytest.fixture(scope="session")
def market() -> Market:
    return Market()


@pytest.fixture(scope="session")
def reference(market: Market) -> Sample:
    return market.sample(11, lists=400, size=25, propensity=True)


@pytest.fixture
def settings(own_home: Path) -> Settings:
    return Settings(home=own_home)


@pytest.fixture(scope="session")
def content(market: Market) -> ReportContent:
    """What a small report shows: few columns, since each costs a plot."""
    few = [name for name in INPUTS if name.startswith("candidate_")]
    samples = []
    for seed, lists in ((11, 100), (5, 40)):
        sample = market.sample(seed, lists=lists, size=10)
        samples.append(Sample.of(sample.frame.drop(set(sample.features) - set(few)), "test"))
    reference, window = samples
    verdict = Evaluator(reference, seed=7, inputs=INPUTS).evaluate(window, model_name="tandem-test", model_version="3")
    return ReportContent(verdict, drawn_columns(reference, 7), drawn_columns(window, 7))


@pytest.fixture
def queued(settings: Settings, content: ReportContent) -> Callable[..., WaitingReport]:
    """Put one more report into the queue; the arguments are ids of the reports it replaces."""

    def queue(*replaces: str) -> WaitingReport:
        return report_queue.add(settings, str(uuid.uuid4()), content, replaces=replaces)

    return queue
