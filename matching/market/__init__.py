"""What happens when many jobs rank the same candidates: policies and congestion."""
