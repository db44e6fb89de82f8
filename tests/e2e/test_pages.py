"""The pages as a person sees them: a real service, real dashboards, a real browser that may not leave this machine.

If TANDEM_SCREENSHOTS is set, a picture of each page is written to that folder, small enough for the repository.
"""

import io
import os
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.contract import examples
from tests.e2e.conftest import Window
from tests.e2e.house import House

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.slow]

MODEL = "tandem-marketplace"
MAX_BYTES = 200_000
COLORS = 96
REPORT_SECONDS = 120.0


def picture(page: Any, name: str) -> None:
    """Write what the page shows now, if pictures are requested."""
    folder = os.environ.get("TANDEM_SCREENSHOTS")
    if not folder:
        return
    from PIL import Image

    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    small = shot.quantize(COLORS, dither=Image.Dither.NONE)
    file = Path(folder) / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    small.save(file, optimize=True)
    assert file.stat().st_size < MAX_BYTES, f"{file} is too large for the repository"


@pytest.fixture(scope="module")
def dashboards(house: House, windows: dict[str, Window]) -> str:  # noqa: ARG001 they show the windows
    """What `tandem dashboards` printed, once the report of each window is drawn."""
    until = time.monotonic() + REPORT_SECONDS
    while (report := house.status()["last report"]) == "being drawn" and time.monotonic() < until:
        time.sleep(1)
    assert report == "ready: see Evidently's pages"
    return house.done("dashboards")


@pytest.mark.usefixtures("windows")
def test_the_example_on_the_service_page_runs_unchanged(page: Any, house: House) -> None:
    page.goto(house.address)
    operation = page.locator("#operations-Matching-v1_match")
    operation.wait_for()
    described = httpx.get(f"{house.address}/openapi.json").raise_for_status().json()["paths"]
    assert page.locator(".opblock").count() == sum(len(methods) for methods in described.values()) == 9
    operation.locator(".opblock-summary").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response")
    answer.wait_for()
    assert answer.locator(".response-col_status").inner_text().startswith("200")
    shown = answer.locator(".highlight-code").first.inner_text()
    (found,) = re.findall(r'"match_probability": ([\d.]+)', shown)
    same = house.post("/v1/match", examples.MATCH["one_pair"]["value"])["predictions"][0]
    assert float(found) == pytest.approx(same["match_probability"], abs=1e-6)
    operation.locator(".request-url").evaluate("element => element.scrollIntoView()")
    picture(page, "service")


def test_mlflow_shows_the_champion_and_its_run(page: Any, house: House, dashboards: str) -> None:
    address = f"http://127.0.0.1:{house.mlflow_port}"
    assert address in dashboards
    page.goto(f"{address}/#/models/{MODEL}")
    page.get_by_text("@ champion").wait_for()
    page.get_by_text("Version 1").click()
    page.get_by_text("tandem.manifest").first.wait_for()
    run = champion_run(address)
    page.goto(f"{address}/#/experiments/{run['experiment_id']}/runs/{run['run_id']}")
    page.get_by_text("Finished").first.wait_for()
    page.get_by_text("match.model.auc").first.wait_for()
    page.goto(f"{address}/#/experiments/{run['experiment_id']}/runs/{run['run_id']}/artifacts")
    page.get_by_text("card.md").click()
    page.get_by_role("heading", name=MODEL).first.wait_for()
    page.get_by_text("plots").click()
    page.get_by_text("calibration.png").click()
    plot = page.locator("img[src^='blob:']").first
    plot.wait_for()
    assert plot.evaluate("image => image.naturalWidth") > 500
    picture_of_run(page)


def test_an_experiment_opens_at_its_trainings_and_no_assistant_covers_them(
    page: Any, house: House, dashboards: str
) -> None:
    address = f"http://127.0.0.1:{house.mlflow_port}"
    assert address in dashboards
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/#/experiments/{champion_run(address)['experiment_id']}")
    page.get_by_role("heading", name="Runs").wait_for()
    page.get_by_text("matching run").wait_for()
    assert page.get_by_role("button", name="Close").count() == 0, "the panel of the assistant has one"


def champion_run(address: str) -> dict[str, str]:
    """Experiment and run of the champion, read through MLflow's own HTTP API."""
    api = f"{address}/api/2.0/mlflow"
    named = {"name": MODEL, "alias": "champion"}
    version = httpx.get(f"{api}/registered-models/alias", params=named).raise_for_status().json()["model_version"]
    run = httpx.get(f"{api}/runs/get", params={"run_id": version["run_id"]}).raise_for_status().json()["run"]
    return {"run_id": version["run_id"], "experiment_id": run["info"]["experiment_id"]}


def picture_of_run(page: Any) -> None:
    """Show the run without a path of this machine."""
    page.get_by_text("file:///").first.evaluate("element => { element.style.visibility = 'hidden' }")
    picture(page, "mlflow")


def test_evidently_shows_the_windows_and_the_report_of_each(page: Any, house: House, dashboards: str) -> None:
    address = f"http://127.0.0.1:{house.evidently_port}"
    assert address in dashboards
    page.goto(address)
    page.get_by_text(MODEL).first.click()
    for title in ("Share of columns that drifted", "Mean match probability", "Said yes: company", "AUC: candidate"):
        page.get_by_text(title, exact=True).wait_for()
    page.locator("svg").last.wait_for()
    page.get_by_text("Reports", exact=True).first.click()
    page.get_by_text("quiet", exact=True).first.wait_for()
    page.get_by_text("looks like another unit (per month)").first.wait_for()
    picture(page, "evidently")
    page.get_by_text("View", exact=True).first.click()
    page.get_by_text("Drift in column 'candidate_expected_salary_usd_per_year'").wait_for()
    page.get_by_text("Data drift detected.").first.wait_for()
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    picture(page, "evidently-report")
