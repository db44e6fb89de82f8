"""One Tandem home on this machine: its settings, locks, processes and disk.

Imports `matching.errors` and the name of the default text encoder.
"""
