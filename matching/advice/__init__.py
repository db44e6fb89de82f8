"""What would bring more matches: changes, their effects, and where an expected salary stands."""
