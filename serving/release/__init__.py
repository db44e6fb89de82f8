"""From a registered model to a service that answers: build, engines, deployment."""
