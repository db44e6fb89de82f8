"""Every error Tandem raises on purpose, under one root.

    TandemError
    ├── InputError            what the user gave is wrong
    │   ├── MissingInput      a file, folder or column is not there
    │   ├── InvalidTable      rows break the rules of `matching.data.tables`
    │   └── UnusableData      well formed, but nothing can be learned from it
    ├── BusyError             a port or a lock is held by someone else
    ├── StorageError          the disk is full or the database cannot be reached
    ├── ModelError            a registered model is missing or not what it was
    │   ├── NoChampion        nothing has been promoted yet
    │   ├── TamperedModel     files differ from their recorded digests
    │   └── GoldenMismatch    a deployed model answers other scores than at training
    ├── GateRefused           the trained model is not good enough to register
    └── EngineError           the container engine or service process failed

A message says what is wrong, where, and what to do next, in one line: the command line prints it and exits
with `exit_code`; nothing else of the failure is shown unless `TANDEM_DEBUG=1`.
"""


class TandemError(Exception):
    """Root of every error raised on purpose."""

    exit_code = 1


class InputError(TandemError):
    """What the user gave is wrong."""

    exit_code = 2


class MissingInput(InputError):
    """A file, folder or column is not there."""


class InvalidTable(InputError):
    """Rows break the rules of the tables."""


class UnusableData(InputError):
    """The data is well formed, but nothing can be learned from it."""


class BusyError(TandemError):
    """A port or a lock is held by someone else."""


class StorageError(TandemError):
    """The disk is full or the database cannot be reached."""


class ModelError(TandemError):
    """A registered model is missing or is not what it was."""


class NoChampion(ModelError):
    """Nothing has been promoted yet."""


class TamperedModel(ModelError):
    """Files differ from the digests recorded when they were made."""


class GoldenMismatch(ModelError):
    """A deployed model answers other scores than were recorded at training."""


class GateRefused(TandemError):
    """The trained model is not good enough to register."""

    exit_code = 3


class EngineError(TandemError):
    """The container engine or the service process failed."""
