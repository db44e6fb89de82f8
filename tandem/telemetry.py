"""No library reports on our users: set before anything heavy is imported, and inherited by every child process."""

import os

SWITCHES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "BENTOML_DO_NOT_TRACK": "true",
    "NML_DISABLE_USAGE_LOGGING": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "true",  # MLflow ignores DO_NOT_TRACK=1
}


# Waiting threads that spin starve each other on a busy machine: a fit took 24 s instead of 2.6 s beside other work.
PATIENCE = {"OMP_WAIT_POLICY": "PASSIVE"}


def switch_off() -> None:
    """Set every switch that the user has not set on their own."""
    for name, value in (SWITCHES | PATIENCE).items():
        os.environ.setdefault(name, value)
