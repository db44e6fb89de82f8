"""What a ranking brings to a business: costs, take rates, estimation and the report."""
