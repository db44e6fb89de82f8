"""What the service answers: match, rank, plan, explain, advise, feedback, describe. Knows no web framework."""
