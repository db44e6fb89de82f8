import json
import os
import subprocess
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from home.settings import Settings
from matching.errors import StorageError
from monitoring import drawing, report_queue
from monitoring.drawn_columns import MAX_DRAWN_ROWS, drawn_columns
from monitoring.report_queue import ReportContent, WaitingReport
from monitoring.reports import SHARE, write_report
from monitoring.verdict import Evaluator, WindowVerdict
from monitoring.windows import Sample
from monitoring.workspace import serve_command, workspace_folder
from tests.monitoring.market import INPUTS, Market

# Evidently warns of its own dependencies when it is first imported.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
SALARY = "candidate_expected_salary_usd_per_year"


def _evaluate(reference: Sample, window: Sample) -> WindowVerdict:
    return Evaluator(reference, seed=7, inputs=INPUTS).evaluate(window, model_name="tandem-test", model_version="3")


def _draw(
    settings: Settings, verdict: WindowVerdict, *, reference: Sample, window: Sample, replaces: Sequence[str] = ()
) -> str:
    """Draw a window as it comes out of the queue; return the report's id."""
    content = ReportContent(verdict, *(drawn_columns(sample, settings.seed) for sample in (reference, window)))
    waiting = report_queue.add(settings, str(uuid.uuid4()), content, replaces=replaces)
    assert write_report(settings, waiting).stem == waiting.id
    waiting.remove()
    return waiting.id


def _runs(settings: Settings) -> dict[str, Any]:
    from evidently.ui.workspace import Workspace

    workspace = Workspace(str(workspace_folder(settings)))
    (project,) = workspace.search_project("tandem-test")
    return {str(run): workspace.get_run(project.id, run) for run in workspace.list_runs(project.id)}


def _values(run: Any) -> dict[str, float]:
    """Score of each column by the name of the metric."""
    found = {result.display_name: getattr(result, "value", None) for result in run.metric_results.values()}
    return {name: value for name, value in found.items() if value is not None}


def _narrow(sample: Sample) -> Sample:
    """Leave out most features: each costs a plot."""
    return Sample.of(sample.frame.drop(name for name in sample.features if name not in INPUTS), "test")


@pytest.fixture(scope="module")
def reference(market: Market) -> Sample:
    return _narrow(market.sample(11, lists=200, size=25, propensity=True))


@pytest.fixture(scope="module")
def drifted(reference: Sample, market: Market) -> tuple[Sample, WindowVerdict]:
    window = _narrow(market.with_(monthly_share=0.6).sample(6, lists=100, size=10))
    return window, _evaluate(reference, window)


def test_a_report_opens_with_the_verdicts_own_figures(
    settings: Settings, reference: Sample, drifted: tuple[Sample, WindowVerdict]
) -> None:
    window, verdict = drifted
    report = _draw(settings, verdict, reference=reference, window=window)
    runs = _runs(settings)
    assert set(runs) == {report}
    run = runs[report]
    assert run.name.startswith(f"drift: {SALARY}: median")
    assert run.timestamp.replace(tzinfo=verdict.window.end.tzinfo) == verdict.window.end
    assert run.metadata["reason 1"] == verdict.reasons[0].words
    values = _values(run)
    salary = next(column for column in verdict.columns if column.column == SALARY)
    assert values[f"Value drift for {SALARY}"] == pytest.approx(salary.severity)
    assert any("RocAuc" in name for name in values)
    assert sum(name.startswith("Value drift") for name in values) == len(verdict.columns)


def test_the_same_window_replaces_its_report_and_another_one_does_not(
    settings: Settings, reference: Sample, market: Market, drifted: tuple[Sample, WindowVerdict]
) -> None:
    window, verdict = drifted
    first = _draw(settings, verdict, reference=reference, window=window)
    second = _draw(settings, verdict, reference=reference, window=window, replaces=[first, "not there"])
    quiet = _narrow(market.sample(5, lists=40, size=10))
    third = _draw(settings, _evaluate(reference, quiet), reference=reference, window=quiet)
    assert set(_runs(settings)) == {second, third}


def test_a_column_without_any_value_and_one_sided_labels_are_drawn(
    settings: Settings, reference: Sample, market: Market
) -> None:
    window = _narrow(market.with_(missing_salary=1.0).sample(6, lists=60, size=10))
    window = Sample.of(window.frame.with_columns(candidate_label=pl.lit(None, dtype=pl.Boolean)), "test")
    verdict = _evaluate(reference, window)
    report = _draw(settings, verdict, reference=reference, window=window)
    values = _values(_runs(settings)[report])
    assert values[f"Mean value of '{SHARE}'"] == pytest.approx(verdict.drifted_share)
    assert verdict.drifted_share >= 2 / 12
    assert f"Value drift for {SALARY}" not in values


def test_large_samples_are_drawn_in_part_and_nothing_warns(
    settings: Settings, reference: Sample, market: Market
) -> None:
    window = _narrow(market.sample(6, lists=MAX_DRAWN_ROWS // 20, size=21))
    verdict = _evaluate(reference, window)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = _draw(settings, verdict, reference=reference, window=window)
    file = next(workspace_folder(settings).glob(f"*/snapshots/{report}.json"))
    assert file.stat().st_size < 10_000_000
    assert json.loads(file.read_text())["metadata"]["predictions"] == str(len(window))


def test_an_unexpected_failure_is_noted_and_the_next_report_is_drawn(
    settings: Settings, queued: Callable[..., WaitingReport], capsys: pytest.CaptureFixture[str]
) -> None:
    broken, whole = queued(), queued()
    (broken.folder / "window.parquet").unlink()
    drawing.draw_waiting(settings)
    assert broken.failure == "unexpected FileNotFoundError"
    assert f"report {broken.id}\nTraceback" in capsys.readouterr().err
    assert set(_runs(settings)) == {whole.id}


def test_a_workspace_that_cannot_be_written_is_one_line(
    settings: Settings, reference: Sample, drifted: tuple[Sample, WindowVerdict]
) -> None:
    settings.root.mkdir(parents=True)
    workspace_folder(settings).write_text("in the way")
    with pytest.raises(StorageError, match="the report cannot be stored"):
        _draw(settings, drifted[1], reference=reference, window=drifted[0])


def test_the_pages_have_no_login_and_listen_on_loopback_alone(settings: Settings) -> None:
    command = serve_command(settings.model_copy(update={"host": "0.0.0.0"}))  # noqa: S104 what it must not use
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "8000"
    assert command[command.index("--workspace") + 1] == str(settings.root / "evidently")


@contextmanager
def _pages(settings: Settings, log: Path) -> Iterator[httpx.Client]:
    with log.open("w") as out:
        server = subprocess.Popen(
            serve_command(settings), stdout=out, stderr=out, env=os.environ | {"HOME": str(log.parent)}
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{settings.evidently_port}", timeout=30) as client:
            while True:
                assert server.poll() is None, log.read_text()
                try:
                    client.get("/api/version")
                    break
                except httpx.TransportError:
                    time.sleep(0.2)
            yield client
    finally:
        server.terminate()
        server.wait()


def test_pages_that_run_show_projects_reports_and_panels_as_they_come(
    own_home: Path,
    tmp_path: Path,
    reference: Sample,
    drifted: tuple[Sample, WindowVerdict],
    free_port: Callable[[], int],
) -> None:
    settings = Settings(home=own_home, evidently_port=free_port())
    window, verdict = drifted
    with _pages(settings, tmp_path / "pages.log") as client:
        assert client.get("/api/projects").json() == []
        report = _draw(settings, verdict, reference=reference, window=window)
        project = _only(client, "/api/projects")
        assert project["name"] == "tandem-test"
        shown = _only(client, f"/api/projects/{project['id']}/reports")
        assert (shown["id"], shown["name"]) == (report, f"drift: {verdict.reasons[0].words}")
        assert client.get(f"/api/projects/{project['id']}/{report}/data").status_code == 200
        panels = client.get(f"/api/v2/dashboards/{project['id']}").json()["panels"]
        assert len(panels) == 6
        for panel in panels:
            assert _points(client, project["id"], panel), panel["title"]


def _only(client: httpx.Client, path: str) -> dict[str, Any]:
    """The one thing that a page lists, as soon as it does."""
    until = time.monotonic() + 60
    while not (listed := client.get(path).json()):
        assert time.monotonic() < until, f"{path} stays empty"
        time.sleep(0.2)
    (only,) = listed
    return dict(only)


def _points(client: httpx.Client, project: str, panel: dict[str, Any]) -> list[Any]:
    """Values behind one panel, as the page asks for them."""
    keys = ("tags", "metadata", "metric", "metric_labels")
    filters = [{key: value[key] for key in keys} for value in panel["values"]]
    answer = client.post(f"/api/v2/snapshots/{project}/data_series_batch", json={"series_filter": filters}).json()
    return [series for series in answer["series"] if any(value is not None for value in series["values"])]
