"""The HTTP endpoint: routes, request models, refusals and the OpenAPI page."""
