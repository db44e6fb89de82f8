"""Every error that Tandem raises on purpose, under one root.

    TandemError
    ├── InputError                the user's input is wrong
    │   ├── MissingInput          a file, folder or column is missing
    │   ├── InvalidTable          rows break the rules of `matching.data.tables`
    │   ├── UnusableData          well formed, but nothing can be learned from it
    │   ├── UnreadableFile        a file cannot be read as a document
    │   │   └── FileRefused       the same, before the file's name is part of the sentence
    │   ├── UnknownPrediction     the log holds no such prediction
    │   ├── EarlyOutcome          an outcome is dated before its prediction
    │   └── ContradictingOutcome  an outcome contradicts one that is recorded
    ├── BusyError                 another process holds a port or a lock
    ├── StorageError              the disk is full or the database cannot be reached
    ├── ModelError                a registered model is missing or has changed
    │   ├── NoChampion            no model has been promoted yet
    │   ├── TamperedModel         files differ from their recorded digests
    │   └── GoldenMismatch        a deployed model answers its golden requests differently
    ├── GateRefused               the trained model is not good enough to register
    │   └── TrainingRefused       the same, with the figures that were measured
    ├── EngineError               the container engine or the service process failed
    └── ApiError                  the service refuses a request, with a status and a body

Errors of a single room are defined in that room. A message says what is wrong, where, and what to do next, in one
line: the command line prints it and exits with `exit_code`, without a stack trace unless `TANDEM_DEBUG=1`.
"""


class TandemError(Exception):
    """Root of every error raised on purpose.

    >>> issubclass(UnusableData, InputError), UnusableData.exit_code
    (True, 2)
    """

    exit_code = 1


class InputError(TandemError):
    """The user's input is wrong."""

    exit_code = 2


class MissingInput(InputError):
    """A file, folder or column is missing."""


class InvalidTable(InputError):
    """Rows break the rules of the tables."""


class UnusableData(InputError):
    """The data is well formed, but nothing can be learned from it."""


class UnreadableFile(InputError):
    """A file cannot be read as a document."""


class BusyError(TandemError):
    """Another process holds a port or a lock."""


class StorageError(TandemError):
    """The disk is full or the database cannot be reached."""


class ModelError(TandemError):
    """A registered model is missing or has changed."""


class NoChampion(ModelError):
    """No model has been promoted yet."""


class TamperedModel(ModelError):
    """Files differ from their recorded digests."""


class GoldenMismatch(ModelError):
    """A deployed model answers its golden requests differently than in training."""


class GateRefused(TandemError):
    """The trained model is not good enough to register."""

    exit_code = 3


class EngineError(TandemError):
    """The container engine or the service process failed."""
