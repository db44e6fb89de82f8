"""What text says: words, skills, places, seniority. Imports nothing else of `matching`."""
