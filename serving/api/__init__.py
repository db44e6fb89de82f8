"""The HTTP endpoint: operations, request and response models, refusals and the OpenAPI page."""
