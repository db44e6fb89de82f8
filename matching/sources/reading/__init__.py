"""Reads one file as one table: format, encoding, delimiter, header and values; every row keeps its line in the file.

A value with exactly one meaning is read. Anything else is a fault that says what was found and what to do.
Imports only `matching.data` and `matching.errors`.
"""
