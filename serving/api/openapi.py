"""The OpenAPI document and the page that shows it."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema

from serving.api.bodies import MAX_BODY_BYTES
from serving.api.operations import OPERATIONS, REFS
from serving.contract.requests import MAX_PAIRS

TITLE = "Tandem match"
DESCRIPTION = f"""
Scores and ranks candidates and jobs for each other. Every example on this page runs as shown.

- Every prediction is logged. Report its outcome to `/v1/feedback` with its `prediction_id`. Advice is not logged.
- The feedback examples use the id `example`: a prediction of the example pair that the service logs when it
  starts. Reports never count it.
- A request holds up to {MAX_PAIRS:,} pairs and {MAX_BODY_BYTES // 2**20} MiB. Fields that are unknown, missing, of
  the wrong type or out of range are refused with 422; the response names the field and the limit.
- Operations: [/livez](livez), [/readyz](readyz), [/metrics](metrics) (Prometheus).
"""


def add_page(app: FastAPI, page_files: Path) -> None:
    """Serve Swagger UI from its own files. The page must not contact any other host."""

    async def page() -> Response:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=TITLE,
            swagger_js_url="docs/static/swagger-ui-bundle.js",
            swagger_css_url="docs/static/swagger-ui.css",
            swagger_favicon_url="docs/static/favicon-light-32x32.png",
            swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True, "defaultModelsExpandDepth": 0},
        )

    for path in ("/", "/docs"):
        app.add_api_route(path, page, methods=["GET"], include_in_schema=False)
    app.mount("/docs/static", StaticFiles(directory=page_files), name="page_files")


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document with the schemas of the request bodies, which FastAPI does not read itself."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        bodies = [operation.body for operation in OPERATIONS if operation.body is not None]
        _, found = models_json_schema([(body, "validation") for body in bodies], ref_template=REFS)
        schema["components"]["schemas"] |= found["$defs"]
        app.openapi_schema = schema
    return app.openapi_schema
