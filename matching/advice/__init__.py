"""What would bring more matches: changes of a profile, their gains, and the salary percentile."""
