"""One Tandem home on this machine: its settings, locks, processes and disk. Imports `matching.errors` alone."""
