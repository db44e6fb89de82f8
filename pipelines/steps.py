"""The steps of a training, without any framework: each is a function that can be called and tested alone."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import polars as pl

from matching import baselines, gate, golden, next_view, reference, training
from matching.dataset import Dataset, Pairs, Progress
from matching.errors import MissingInput, ModelError, TamperedModel, UnusableData
from matching.evaluation import Evaluation, evaluate, importance
from matching.labels import ONE_SIDED_KINDS
from matching.model import MatchModel, Scores
from matching.settings import Settings
from matching.sources import source
from matching.split import Split, split
from matching.validation import validate
from pipelines import registry

Result = TypeVar("Result")
CHECKED_ROWS = 2_000
HASHED_ROWS = 100_000


class StepRunner(Protocol):
    """Runs one named step: directly, or as a task of an orchestrator."""

    def __call__(self, name: str, work: Callable[[], Result]) -> Result:
        """Run `work` and return what it returns."""
        ...


def directly(name: str, work: Callable[[], Result]) -> Result:  # noqa: ARG001 - the name is for orchestrators
    """Run a step without any orchestrator."""
    return work()


def ingest(settings: Settings, data: Path | None, progress: Progress) -> Dataset:
    """Load and validate the dataset; rows that break a rule stop the training and are written to `rejected/`.

    Raises:
        InputError: the data is missing, wrong, or useless.
    """
    if data is not None and not data.exists():
        raise MissingInput(f"{data} is not there: pass the folder of your data with --data")
    dataset = source(settings.source).load(data, seed=settings.seed, progress=progress)
    progress(f"checking {dataset.candidates.height:,} candidates, {dataset.jobs.height:,} jobs, ")
    validate(dataset, settings.root / "rejected")
    return dataset


class _Hash:
    """A file that keeps nothing but the digest of what is written to it."""

    def __init__(self) -> None:
        self.digest = sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return len(data)


def data_hash(dataset: Dataset) -> str:
    """SHA-256 over every table: the same rows in the same order give the same hash."""
    whole = sha256()
    for name, (_, table) in dataset.tables().items():
        whole.update(name.encode())
        for start in range(0, table.height, HASHED_ROWS):
            whole.update(_digest(table.slice(start, HASHED_ROWS)))
    return whole.hexdigest()


def _digest(table: pl.DataFrame) -> bytes:
    """Digest of a small table by its values, whatever its memory looks like."""
    return sha256(table.rechunk().write_ndjson().encode()).digest()
