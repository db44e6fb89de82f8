"""A home with a champion and predictions in its log, for the commands that read them."""

import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from home.process import Process
from home.settings import Settings
from matching.model import manifest
from monitoring.windows import Sample
from pipelines.registry.registry import Registry
from serving.release import state
from serving.release.state import Deployment
from tests.monitoring.logged import log_window, renamed
from tests.monitoring.market import INPUTS, Market
from tests.pipelines.conftest import bundle, dataset, empty_registry  # noqa: F401 - fixtures

SOURCE = "tables"
MOMENT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
BEGIN = datetime(2025, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Watched:
    """A home whose champion is version 1."""

    settings: Settings

    def answer(self, name: str, market: Market, *, lists: int = 40, day: int = 1) -> None:
        """Log a window of answers to lists of ten, sent on one day of March."""
        sample = replace(market, start=BEGIN.replace(day=day)).sample(sum(name.encode()), lists=lists, size=10)
        named = {"model_name": self.settings.model_name, "version": "1"}
        log_window(self.settings, renamed(narrow(sample), name), **named)


def narrow(sample: Sample) -> Sample:
    """Leave out most features."""
    return Sample.of(sample.frame.drop(name for name in sample.features if name not in INPUTS), "test")


@pytest.fixture(scope="session")
def promoted(
    bundle: Path,  # noqa: F811
    empty_registry: Path,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Home with one version, which is champion; it takes seconds to make, so that it is copied."""
    settings = Settings(home=tmp_path_factory.mktemp("promoted"), source=SOURCE)
    model = Path(shutil.copytree(bundle, tmp_path_factory.mktemp("model") / "bundle"))
    narrow(Market().sample(11, lists=200, size=25, propensity=True)).frame.write_parquet(model / "reference.parquet")
    (model / manifest.MANIFEST).unlink()
    manifest.seal(model, {"note": "made by a test"})
    settings.mlflow_folder.mkdir(parents=True)
    shutil.copy(empty_registry, settings.mlflow_folder / "mlflow.db")
    registry = Registry(settings)
    with registry.runs.recorded({}) as run:
        version = registry.versions.register(run, model, tags={"tandem.gate": "passed"})
    registry.aliases.promote(version, expected=None, reason="a test")
    return settings.root


@pytest.fixture
def watched(promoted: Path, own_home: Path) -> Watched:
    shutil.copytree(promoted, own_home)
    return Watched(Settings(home=own_home, source=SOURCE))


@pytest.fixture
def settings(own_home: Path) -> Settings:
    return Settings(home=own_home)


def deployed(settings: Settings, model_name: str, process: Process, version: str = "1") -> None:
    """Note that a process serves a model."""
    state.write(
        settings,
        Deployment(
            engine="process",
            model_name=model_name,
            model_version=version,
            bento_tag="tandem:1",
            bento_path=settings.root,
            digest="d" * 64,
            image=None,
            identity=str(process.pid),
            created=process.created,
            host="127.0.0.1",
            port=1,
            started_at=MOMENT,
        ),
    )


def ended() -> Process:
    """A process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as one:
        return Process.of(one.pid)
