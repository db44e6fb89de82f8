"""What would bring more matches: changes of a profile, their effects, and the salary percentile."""
