"""Time what a change waits for, beside the targets: step, target in seconds, measured.

python -m tests.bench.loop [--only NAME,...] [--whole]

Targets hold on two idle cores. The commands of a running deployment share one home with two versions of a model. All
tests together are timed only with --whole or by name; `.ci/run` prints the seconds of its own steps, and its target
stands here for the record.
"""

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import polars as pl

from monitoring import drawing, history
from tests.e2e.house import House

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {
    "status": 1.5,
    "monitor": 8.0,
    "report": 15.0,
    "deploy": 20.0,
    "rollback": 20.0,
    "lint": 15.0,
    "demo": 120.0,
    "test-fast": 60.0,
    "test": 480.0,
    ".ci/run": 1200.0,
}
WORDS = {
    "status": "tandem status",
    "monitor": "make monitor, 2,000 predictions",
    "report": "from its start until the report is there",
    "deploy": "make deploy, process engine, warm",
    "rollback": "make rollback, process engine",
    "lint": "make lint, warm",
    "demo": "make demo, fresh clone, warm index",
    "test-fast": "make test-fast",
    "test": "make test",
    ".ci/run": "brand-new machine; see its own log",
}
LONG = ("test", ".ci/run")
OWN = ("--source", "tables")


def seconds(run: Callable[[], object]) -> float:
    """Wall time of a call."""
    began = time.monotonic()
    run()
    return time.monotonic() - began


def make(*arguments: str, folder: Path = ROOT, variables: dict[str, str] | None = None) -> None:
    """Run make quietly; raises CalledProcessError with what it printed on stderr."""
    # The options of the make that runs this must not reach the commands that are timed.
    inherited = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "ARGS")}
    environment = inherited | (variables or {})
    subprocess.run(["make", *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


class Stand:
    """A home with one marketplace model in service, its window of traffic, and two versions of a second model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.house = House(folder / "home")

    @cache  # noqa: B019 - one stand a run
    def service(self) -> None:
        """Train and deploy for the first time."""
        self.house.done("train")
        self.house.done("deploy")

    @cache  # noqa: B019
    def two_versions(self) -> None:
        """Train twice on tables, first without what candidates want, so that the second is promoted."""
        poor, whole = self.folder / "poor", self.folder / "whole"
        self.house.done(*f"simulate --out {whole} --candidates 4000 --jobs 800 --impressions 120000".split())
        shutil.copytree(whole, poor)
        table = pl.read_parquet(poor / "candidates.parquet")
        nothing = {name: pl.lit([], dtype=table.schema[name]) for name in ("wish_roles", "wish_stack")}
        salary = pl.lit(None, dtype=table.schema["expected_salary_usd_per_year"])
        table.with_columns(**nothing, expected_salary_usd_per_year=salary, resume=pl.lit("")).write_parquet(
            poor / "candidates.parquet"
        )
        self.house.done("stop")
        for data in (poor, whole):
            self.house.done("train", *OWN, "--data", str(data))
            self.house.done("deploy", *OWN)

    def status(self) -> float:
        """Status of a running service."""
        self.service()
        return seconds(lambda: self.house.done("status"))

    @cache  # noqa: B019
    def monitored(self) -> tuple[float, float]:
        """Verdict on one window of 2,000 predictions, and the report: seconds from the start until each is there."""
        self.service()
        self.house.done("traffic", "--scenario", "none")
        began = time.monotonic()
        make("monitor", variables=self.house.variables)
        verdict = time.monotonic() - began
        settings = self.house.settings
        last = history.latest(settings, settings.model_name)
        drawing.wait(settings, str(last and last.report))
        return verdict, time.monotonic() - began

    def deploy(self) -> float:
        """Deployment of a release that was deployed before."""
        self.service()
        return seconds(lambda: self.house.done("deploy"))

    def rollback(self) -> float:
        """Rollback to the first champion."""
        self.two_versions()
        return seconds(lambda: self.house.done("rollback", *OWN))


@contextmanager
def stand() -> Iterator[Stand]:
    """Yield a stand whose services are stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="tandem-loop-") as folder:
        made = Stand(Path(folder))
        try:
            yield made
        finally:
            made.house.tandem("stop")


def lint() -> float:
    """Lint a second time, with warm caches."""
    make("lint")
    return seconds(lambda: make("lint"))


def demo() -> float:
    """The demo in a fresh clone; the packages come from the index or its cache."""
    with tempfile.TemporaryDirectory(prefix="tandem-loop-") as folder:
        clone = Path(folder, "clone")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        variables = House(clone / ".tandem").variables
        try:
            return seconds(lambda: make("demo", folder=clone, variables=variables))
        finally:
            make("stop", folder=clone, variables=variables)


def measure(names: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Measure one step after the other; those of the stand first, because the demo's clone fills the disk cache."""
    with stand() as made:
        of = {
            "status": made.status,
            "monitor": lambda: made.monitored()[0],
            "report": lambda: made.monitored()[1],
            "deploy": made.deploy,
            "rollback": made.rollback,
            "lint": lint,
            "demo": demo,
            "test-fast": partial(seconds, lambda: make("test-fast")),
            "test": partial(seconds, lambda: make("test")),
        }
        for name in (name for name in TARGETS if name in names and name in of):
            yield name, of[name]()


def main() -> None:
    """Print the table, each line as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help=f"some of {', '.join(TARGETS)}, separated by commas")
    parser.add_argument("--whole", action="store_true", help="also time all tests")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else [name for name in TARGETS if given.whole or name not in LONG]
    if unknown := sorted(set(names) - set(TARGETS)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(TARGETS)}")
    print(f"{'what':<42} {'target s':>9} {'measured s':>11}")  # noqa: T201
    for name, measured in measure(names):
        print(f"{WORDS[name]:<42} {TARGETS[name]:>9,.1f} {measured:>11,.1f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
