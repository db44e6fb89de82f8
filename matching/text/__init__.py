"""Reading text: words, skills, places, seniority. Imports no other package of `matching`."""
