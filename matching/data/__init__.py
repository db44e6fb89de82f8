"""The three tables, the dataset they form, and what is derived from them: labels, splits.

Imports only `matching.text`.
"""
