"""What a ranking is worth to a business: take rates, costs, and the report."""
