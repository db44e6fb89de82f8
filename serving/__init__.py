"""The BentoML service: what callers may rely on, what it answers, how it is called and how it is released."""
