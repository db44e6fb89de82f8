"""MLflow's start page stores the two choices before MLflow's own script runs, and nothing else differs."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from pipelines.registry import pages

# MLflow's server is built on a part of Starlette that Starlette will drop.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:starlette.middleware.wsgi")]


def test_the_plugin_is_found_and_its_start_page_chooses_first() -> None:
    (plugin,) = entry_points(group="mlflow.app", name=pages.APP_NAME)
    plugin.load()()
    from mlflow.server import app

    with app.test_client() as client:
        page = client.get("/").get_data(as_text=True)
    theirs = (Path(str(app.static_folder)) / "index.html").read_text(encoding="utf-8")
    script, end = page.index("<script>"), page.index("</script>") + len("</script>")
    assert page[:script] + page[end:] == theirs
    assert script < page.index("main.")
    assert '"mlflow.workflowType_v1": "machine_learning"' in page[script:end]
