"""Reading text: words, skills, places, pay, seniority. Imports no other package of `matching`."""
