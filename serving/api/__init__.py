"""The HTTP endpoint: operations, routes, limits on their cost and the OpenAPI page. Calls `answers`."""
