"""MLflow's pages, opened in the view for trained models and without the panel of MLflow's assistant.

MLflow 3.17 reads both choices from the browser's storage: no tag of an experiment and no option of the server changes
them. So the start page stores them before MLflow's own script runs. `mlflow server --app-name tandem` finds this
application as a plugin, through the entry point `mlflow.app` in `pyproject.toml`.
"""

import json
from pathlib import Path
from typing import Any

APP_NAME = "tandem"
_CHOICES = {
    "mlflow.workflowType_v1": "machine_learning",
    # The panel opens by itself only on the first visit.
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,
}
# What a person has chosen in this browser stays.
_SCRIPT = (
    "<script>"
    f"for (const [key, choice] of Object.entries({json.dumps(_CHOICES)}))"
    " localStorage.getItem(key) ?? localStorage.setItem(key, JSON.stringify(choice))"
    "</script>"
)


def create_app() -> Any:
    """Return MLflow's own ASGI application, with that start page."""
    from mlflow.server import app as flask_app
    from mlflow.server.fastapi_app import app

    index = Path(str(flask_app.static_folder)) / "index.html"

    def serve() -> str:
        return index.read_text(encoding="utf-8").replace("<head>", f"<head>{_SCRIPT}", 1)

    flask_app.view_functions["serve"] = serve
    return app
