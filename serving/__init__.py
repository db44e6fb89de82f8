"""The BentoML service: what it answers, how it is called and how it is released."""
