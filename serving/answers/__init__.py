"""What is answered: match, rank, plan, explain, advise, feedback. Knows no HTTP framework."""
