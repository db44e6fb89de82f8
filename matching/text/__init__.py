"""Reading text: words, skills, places, pay, posts, seniority. Imports no other package of `matching`."""
