"""The training as a Prefect flow: only this module imports prefect, and only a flow run imports this module.

Prefect sees names, times and states of the steps, but not their data: tasks take no arguments and return nothing, so
that no table is hashed for a cache, searched for futures or pickled to disk.
"""

from collections.abc import Callable
from typing import TypeVar

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from pipelines.steps import StepRunner

Result = TypeVar("Result")


def run_step(name: str, work: Callable[[], Result]) -> Result:
    """Run one step as a task of the running flow."""
    results: list[Result] = []

    @task(name=name, cache_policy=NO_CACHE, persist_result=False)
    def step() -> None:
        results.append(work())

    step()
    return results[0]


def run(pipeline: Callable[[StepRunner], Result], *, source: str, seed: int, data: str | None) -> Result:
    """Run a pipeline as a flow.

    Args:
        pipeline: receives the function that runs one step.
        source: source of the training; Prefect only shows it, as it does seed and data.
        seed: seed of the training.
        data: folder of the data.
    """
    results: list[Result] = []

    @flow(name="train", validate_parameters=False, persist_result=False)
    def train(source: str, seed: int, data: str | None) -> None:  # noqa: ARG001 - Prefect shows them
        results.append(pipeline(run_step))

    train(source, seed, data)
    return results[0]
