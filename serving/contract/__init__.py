"""What callers may rely on: bodies of requests and responses, refusals with their statuses, examples."""
