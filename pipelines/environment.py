"""Variables that MLflow and Prefect read when they are imported: no telemetry, quiet, state under the home."""

import os
from collections.abc import Mapping

from home.settings import Settings


def mlflow_variables() -> dict[str, str]:
    """Return the variables for MLflow, in this process and in its server."""
    return {
        "DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
        # Otherwise MLflow copies the lock file of the project beside every model.
        "MLFLOW_UV_AUTO_DETECT": "false",
        # The server takes 14 s and 430 MB to start instead of 40 s and 2.5 GB.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "GIT_PYTHON_REFRESH": "quiet",
    }


def prefect_variables(settings: Settings) -> dict[str, str]:
    """Return the variables for Prefect; runs go to `PREFECT_API_URL` if it is set, otherwise to a temporary server."""
    variables = {
        "DO_NOT_TRACK": "true",
        "PREFECT_HOME": str(settings.root / "prefect"),
        # With analytics on, 10 of 12 runs printed a "database is locked" traceback.
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        # The default of 20 s is too short on a busy machine.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    }
    if "PREFECT_API_URL" not in os.environ:
        variables["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
    return variables


def provide(variables: Mapping[str, str]) -> None:
    """Set variables of this process, except those that the user has set."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)
