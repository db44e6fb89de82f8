"""The database: stored profiles, prediction log and outcomes.

Imports `matching` and `home`; nothing in `matching` imports it.
"""
