"""Describe: the model that the service runs."""

from datetime import timedelta

from serving.answers.served_model import Call, ServedModel
from serving.contract.responses import ModelAnswer


def describe(served: ServedModel, _request: None, call: Call) -> ModelAnswer:
    """Describe the current model."""
    model, deployed = served.model, served.deployed
    trained_at = deployed.trained_at
    return ModelAnswer(
        model_name=deployed.model_name,
        model_version=deployed.model_version,
        digest=model.digest,
        source=model.source,
        directions=[str(direction) for direction in model.directions],
        trained_at=trained_at,
        promoted_at=deployed.promoted_at,
        age_days=round((call.now - trained_at) / timedelta(days=1), 3) if trained_at else None,
        metrics=served.metrics,
        card=served.card,
    )
