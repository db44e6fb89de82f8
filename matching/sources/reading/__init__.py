"""Reads one file as one table: format, encoding, delimiter, header, values; every row keeps the line it came from.

What has exactly one meaning is read; anything else is a fault that says what was found and what to do.
Imports `matching.data` and `matching.errors` alone.
"""
